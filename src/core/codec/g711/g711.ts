// G.711: the logarithmic 8-bit samples of telephony, A-law (pcma) and µ-law (pcmu), to and from 16-bit samples.

/** Rate and channels that RTP's static payload types have (RFC 3551 §6); other rates are possible elsewhere. */
export const g711SampleRate = 8000;
/** Mono, as the static payload types are. */
export const g711Channels = 1;

/** 16-bit samples of A-law bytes. */
export const decodeAlaw = (bytes: Uint8Array): Int16Array => decode(bytes, alawToLinear);

/** 16-bit samples of µ-law bytes. */
export const decodeUlaw = (bytes: Uint8Array): Int16Array => decode(bytes, ulawToLinear);

/** A-law bytes of 16-bit samples: 13 bits of them count (G.711 table 1). */
export function encodeAlaw(samples: Int16Array): Uint8Array {
  return Uint8Array.from(samples, (sample) => {
    const negative = sample < 0;
    // ~ makes -1 the mirror of 0, so that the bottom step has no hole.
    const magnitude = (negative ? ~sample : sample) >> 3;
    const segment = Math.max(0, 27 - Math.clz32(magnitude | 0x10));
    const code = (segment << 4) | ((magnitude >> Math.max(1, segment)) & 15);
    return code ^ (negative ? 0x55 : 0xd5);
  });
}

/** µ-law bytes of 16-bit samples: 14 bits of them count (G.711 table 2). */
export function encodeUlaw(samples: Int16Array): Uint8Array {
  return Uint8Array.from(samples, (sample) => {
    const negative = sample < 0;
    const magnitude = Math.min(negative ? -sample : sample, 32_635) + 132;
    const segment = 24 - Math.clz32(magnitude);
    const code = (segment << 4) | ((magnitude >> (segment + 3)) & 15);
    return ~(code | (negative ? 0x80 : 0)) & 0xff;
  });
}

function decode(bytes: Uint8Array, table: Int16Array): Int16Array {
  const samples = new Int16Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) samples[i] = table[bytes[i] as number] as number;
  return samples;
}

/** Every other bit of an A-law byte is inverted on the wire (0x55). */
const alawToLinear = Int16Array.from({ length: 256 }, (_, wire) => {
  const code = wire ^ 0x55;
  const segment = (code >> 4) & 7;
  const step = ((code & 15) << 4) + 8;
  const magnitude = segment === 0 ? step : (step + 256) << (segment - 1);
  return (code & 0x80) === 0 ? -magnitude : magnitude;
});

/** All bits of a µ-law byte are inverted on the wire. */
const ulawToLinear = Int16Array.from({ length: 256 }, (_, wire) => {
  const code = ~wire & 0xff;
  const magnitude = ((((code & 15) << 3) + 132) << ((code >> 4) & 7)) - 132;
  return (code & 0x80) === 0 ? magnitude : -magnitude;
});

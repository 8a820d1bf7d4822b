// What leaves for one player: memory of its packets, and what it asks for again.
import { expect, it } from 'vitest';
import { fromMs } from '../../../../src/core/base/time.ts';
import { noRelief } from '../../../../src/core/control/circuit-breaker.ts';
import type { CodecChoice } from '../../../../src/core/protocols/webrtc/codecs.ts';
import { negotiate } from '../../../../src/core/protocols/webrtc/negotiate.ts';
import { everyCodec, writeOffer } from '../../../../src/core/protocols/webrtc/offer.ts';
import { Outlet } from '../../../../src/core/protocols/webrtc/outlet.ts';
import type { MediaTransport } from '../../../../src/core/protocols/webrtc/secure.ts';
import { parsePacket } from '../../../../src/core/wire/rtp/index.ts';
import { parseSdp } from '../../../../src/core/wire/sdp/index.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import { identityForTests } from './identity.ts';

/** An outlet for a player of sound without RTX, and the datagrams that left. */
function soundOutlet(copiesSent = false) {
  const offer = writeOffer({
    ...{ ice: { ufrag: 'peer', pwd: '0123456789012345678901' }, direction: 'recvonly', sessionId: 1 },
    ...{ fingerprint: identityForTests.fingerprint, ...everyCodec },
  });
  const wishes = { action: 'play', video: undefined, audio: undefined, nack: true, twcc: true } as const;
  const media = negotiate(parseSdp(offer), wishes).media.filter(({ kind }) => kind === 'audio');
  const sent: Uint8Array[] = [];
  const transport: MediaTransport = {
    srtp: undefined,
    sendBatch: (memory, spans, count) => {
      sent.push(...spans.slice(0, count).map(({ begin, end }) => memory.slice(begin, end)));
      return true;
    },
    sendRtcp: () => undefined,
    soon: () => undefined,
  };
  const outlet = new Outlet({ transport, media, cname: 'c', copiesSent, rng: new SeedRng(1), relief: () => noRelief });
  const sender = outlet.senders[0] as (typeof outlet.senders)[0];
  sender.use(media[0]?.codecs[0] as CodecChoice);
  return { outlet, sender, sent };
}

it('sound in frames that are longer than a payload of a picture is sent again as it was', () => {
  const { outlet, sender, sent } = soundOutlet();
  // 120 ms of Opus at 128 kbit/s.
  const size = 1920;
  for (let number = 0; number < 8; number++) {
    const memory = new Uint8Array(size).fill(number);
    outlet.push({ sender, memory, at: 0, size, marker: false, timestamp: number * 5760 }, number * fromMs(120));
    outlet.flush(number * fromMs(120));
  }
  const first = sent.splice(0);
  const sequences = first.map((packet) => parsePacket(packet).sequence);

  // Ten times eight are more than two pieces of memory.
  for (let time = 0; time < 10; time++) {
    outlet.receive([{ type: 'nack', sender: 1, ssrc: sender.ssrc, sequences }], fromMs(1000 + time * 60), 0);
  }

  expect(outlet.counts.repeated).toBe(80);
  expect(sent).toHaveLength(80);
  for (const [index, packet] of sent.entries()) expect(packet).toEqual(first[index % 8]);
});

it.each([
  ['of the memory that players share', false, 9],
  ['of a copy of its own', true, 5],
])('what was lost is sent again out %s (nack_no_copy)', (_, copiesSent, byte) => {
  const { outlet, sender, sent } = soundOutlet(copiesSent);
  const memory = new Uint8Array(40).fill(5);
  outlet.push({ sender, memory, at: 8, size: 20, marker: false, timestamp: 0 }, 0);
  outlet.flush(0);
  const { sequence } = parsePacket(sent.pop() as Uint8Array);

  memory.fill(9);
  outlet.receive([{ type: 'nack', sender: 1, ssrc: sender.ssrc, sequences: [sequence] }], fromMs(100), 0);

  expect([...parsePacket(sent.pop() as Uint8Array).payload]).toEqual(Array(20).fill(byte));
});

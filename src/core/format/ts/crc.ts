// CRC-32 of program specific information (ISO 13818-1 annex A): polynomial 0x04C11DB7, no reflection, no final XOR.

const table = new Int32Array(256);
for (let i = 0; i < 256; i++) {
  let crc = i << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  table[i] = crc;
}

/** The CRC of `bytes` from `from` to `to`; 0 over a section that includes its own CRC. */
export function crc32(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let crc = -1;
  for (let i = from; i < to; i++) crc = (crc << 8) ^ (table[((crc >>> 24) ^ (bytes[i] as number)) & 0xff] as number);
  return crc >>> 0;
}

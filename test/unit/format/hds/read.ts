// Reads a bootstrap field by field as annex C of the specification lists them, which is not how ours reads it.

/** What a bootstrap says; runs are number, start and length in milliseconds. */
export function readBootstrap(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const u8 = (): number => view.getUint8(at++);
  const u32 = (): number => {
    at += 4;
    return view.getUint32(at - 4);
  };
  const u64 = (): number => u32() * 2 ** 32 + u32();
  const text = (): string => {
    let out = '';
    for (let letter = u8(); letter !== 0; letter = u8()) out += String.fromCharCode(letter);
    return out;
  };
  const boxOf = (type: string): number => {
    const begin = at;
    const size = u32();
    const name = String.fromCharCode(u8(), u8(), u8(), u8());
    if (name !== type) throw new Error(`${name} where ${type} must be`);
    u32();
    return begin + size;
  };
  const whole = boxOf('abst');
  const version = u32();
  const flags = u8();
  const timeScale = u32();
  const now = u64();
  u64();
  text();
  for (let servers = u8(); servers > 0; servers--) text();
  for (let qualities = u8(); qualities > 0; qualities--) text();
  text();
  text();
  if (u8() !== 1) throw new Error('one table of segments');
  const segmentsEnd = boxOf('asrt');
  for (let qualities = u8(); qualities > 0; qualities--) text();
  if (u32() !== 1) throw new Error('one run of segments');
  const segment = [u32(), u32()];
  if (at !== segmentsEnd || u8() !== 1) throw new Error('one table of fragments');
  const fragmentsEnd = boxOf('afrt');
  u32();
  for (let qualities = u8(); qualities > 0; qualities--) text();
  const runs: number[][] = [];
  let ended = false;
  for (let left = u32(); left > 0; left--) {
    const run = [u32(), u64(), u32()];
    if (run[2] === 0) ended = u8() === 0;
    else runs.push(run);
  }
  if (at !== fragmentsEnd || at !== whole || at !== bytes.length) throw new Error('something is behind the end');
  return { version, live: (flags & 0x20) !== 0, timeScale, now, segment, runs, ended };
}

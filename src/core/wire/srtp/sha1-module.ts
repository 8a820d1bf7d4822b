// SHA-1 (FIPS 180-4 §6.1) of four messages at once, one in each lane of a vector, as a module of WebAssembly that is made here.
import { assemble, type Code, i32, local, repeat, v128, type WasmFunction, when } from './wasm.ts';

/** Places in the memory of the module. */
export const place = {
  /** Five vectors: word by word the states of the four lanes. */
  states: 0,
  /** Where the next block of each lane is. */
  pointers: 80,
} as const;

const ZERO = i32.constant(0);
const BLOCK_BYTES = 64;
const ROUNDS = 80;
const CONSTANTS = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6];

/** Big-endian words. */
const SWAP = v128.constant([3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12]);
const bytesOf = (words: readonly number[]): number[] => words.flatMap((word) => [0, 1, 2, 3].map((i) => word * 4 + i));
const lowWords = bytesOf([0, 4, 1, 5]);
const highWords = bytesOf([2, 6, 3, 7]);
const lowPairs = bytesOf([0, 1, 4, 5]);
const highPairs = bytesOf([2, 3, 6, 7]);

const rotated = (value: number, bits: number): Code => {
  const [left, right] = [i32.constant(bits), i32.constant(32 - bits)];
  return v128.or(v128.left(local.get(value), left), v128.right(local.get(value), right));
};

/** §4.1.1. */
function mixed(round: number, b: Code, c: Code, d: Code): Code {
  if (round < 20) return v128.select(c, d, b);
  if (round >= 40 && round < 60) return v128.select(d, b, v128.xor(b, c));
  return v128.xor(v128.xor(b, c), d);
}

/** Goes on with the states of all lanes by as many blocks of each. */
function compress(): WasmFunction {
  const blocks = 0;
  const pointers = [1, 2, 3, 4];
  const vectors = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);
  const state = vectors(5, 5);
  const words = vectors(10, 16);
  const constants = vectors(26, 4);
  const rows = vectors(30, 4);
  const sum = 34;
  const block: Code[] = [];
  for (let first = 0; first < 16; first += 4)
    block.push(transposed(pointers, words.slice(first, first + 4), rows, first));
  for (let round = 0; round < ROUNDS; round++) {
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = vectors(0, 5).map((i) => state[(i + 5 * ROUNDS - round) % 5]);
    const word = words[round % 16] as number;
    if (round >= 16) {
      const [w3, w8, w14] = [13, 8, 2].map((i) => local.get(words[(round + i) % 16] as number));
      block.push(local.set(sum, v128.xor(v128.xor(w3 ?? [], w8 ?? []), v128.xor(w14 ?? [], local.get(word)))));
      block.push(local.set(word, rotated(sum, 1)));
    }
    const constant = local.get(constants[Math.floor(round / 20)] as number);
    const others = v128.add(v128.add(local.get(e), constant), local.get(word));
    const f = mixed(round, local.get(b), local.get(c), local.get(d));
    block.push(local.set(e, v128.add(v128.add(others, f), rotated(a, 5))));
    block.push(local.set(b, rotated(b, 30)));
  }
  for (const [i, word] of state.entries()) {
    block.push(local.set(word, v128.add(local.get(word), v128.load(ZERO, place.states + 16 * i))));
    block.push(v128.store(ZERO, local.get(word), place.states + 16 * i));
  }
  for (const pointer of pointers)
    block.push(local.set(pointer, i32.add(local.get(pointer), i32.constant(BLOCK_BYTES))));
  block.push(local.set(blocks, i32.subtract(local.get(blocks), i32.constant(1))));
  const body = [
    ...pointers.map((pointer, lane) => local.set(pointer, i32.load(ZERO, place.pointers + 4 * lane))),
    ...constants.map((constant, i) => local.set(constant, v128.splat(i32.constant(CONSTANTS[i] ?? 0)))),
    ...state.map((word, i) => local.set(word, v128.load(ZERO, place.states + 16 * i))),
    repeat(block.flat(), local.get(blocks)),
    ...pointers.map((pointer, lane) => i32.store(ZERO, local.get(pointer), place.pointers + 4 * lane)),
  ];
  return { name: 'compress', parameters: 1, numbers: 4, vectors: 30, body: body.flat() };
}

/** Four words of each of the four messages: one vector for each word instead of one for each message. */
function transposed(
  pointers: readonly number[],
  words: readonly number[],
  rows: readonly number[],
  first: number,
): Code {
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words;
  const [r0 = 0, r1 = 0, r2 = 0, r3 = 0] = rows;
  const join = (a: number, b: number, bytes: Code): Code => v128.shuffle(local.get(a), local.get(b), bytes);
  return [
    ...words.map((word, lane) => {
      const bytes = v128.load(local.get(pointers[lane] as number), first * 4);
      return local.set(word, v128.swizzle(bytes, SWAP));
    }),
    local.set(r0, join(w0, w1, lowWords)),
    local.set(r1, join(w2, w3, lowWords)),
    local.set(r2, join(w0, w1, highWords)),
    local.set(r3, join(w2, w3, highWords)),
    local.set(w0, join(r0, r1, lowPairs)),
    local.set(w1, join(r0, r1, highPairs)),
    local.set(w2, join(r2, r3, lowPairs)),
    local.set(w3, join(r2, r3, highPairs)),
  ].flat();
}

/** Five vectors of zeros reach behind the padding of any message, wherever it ends. */
export const PADDING_BYTES = 80;

/**
 * Makes a packet a message: its payload is encrypted by the key stream, and what is hashed behind it is written there, which is
 * the roll-over counter, a one, zeros, and the size in bits (§5.1.1). Numbers come as they are in memory, big-endian.
 */
function lay(): WasmFunction {
  const [payload, stream, end, rollOver, sizeAt, bits] = [0, 1, 2, 3, 4, 5];
  const more = i32.below(local.get(payload), local.get(end));
  const ciphered = v128.xor(v128.load(local.get(payload)), v128.load(local.get(stream)));
  const next = (index: number): Code => local.set(index, i32.add(local.get(index), i32.constant(16)));
  const zeros = v128.constant(new Array<number>(16).fill(0));
  const body = [
    when(more, repeat([...v128.store(local.get(payload), ciphered), ...next(payload), ...next(stream)], more)),
    ...[0, 16, 32, 48, 64].map((offset) => v128.store(local.get(end), zeros, offset)),
    i32.store(local.get(end), local.get(rollOver)),
    i32.store8(local.get(end), i32.constant(0x80), 4),
    i32.store(local.get(sizeAt), local.get(bits)),
  ];
  return { name: 'lay', parameters: 6, numbers: 0, vectors: 0, body: body.flat() };
}

/** The module, with so many pages of 64 KiB of memory. */
export const sha1Module = (pages: number): Uint8Array<ArrayBuffer> => assemble([compress(), lay()], pages);

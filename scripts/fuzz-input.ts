// Inputs for the fuzzer: noise, and good inputs that were damaged in the ways that networks and attackers do.
import { concat } from '../src/core/base/bytes.ts';
import type { Rng } from '../src/core/base/rng.ts';
import { SeedRng } from '../test/tools/fakes.ts';

const NOISE_BYTES = 512;
const MOST_BYTES = 64 * 1024;
/** Lengths and counts that parsers get wrong. */
const edges: readonly (readonly number[])[] = [
  [0],
  [1],
  [0x7f],
  [0x80],
  [0xff],
  [0xff, 0xff],
  [0x7f, 0xff, 0xff, 0xff],
  [0x80, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff],
  [0, 0, 0, 0, 0, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
];

/** The input of a seed: the same for the same seeds, on every machine. */
export function makeInput(seed: number, examples: readonly Uint8Array[]): Uint8Array {
  const rng = new SeedRng(seed);
  // A small seed differs little from its neighbour in the first value.
  rng.below(256);
  const example = pick(rng, examples);
  if (example === undefined || rng.below(8) === 0) return rng.bytes(rng.below(NOISE_BYTES));
  let bytes = example;
  for (let i = rng.below(6); i >= 0; i--) bytes = mutate(bytes, rng, examples);
  return bytes.length > MOST_BYTES ? bytes.slice(0, MOST_BYTES) : bytes;
}

type Mutation = (bytes: Uint8Array, rng: Rng, examples: readonly Uint8Array[]) => Uint8Array;

const mutations: readonly Mutation[] = [
  // One bit.
  (bytes, rng) => {
    const out = bytes.slice();
    const at = rng.below(Math.max(1, out.length));
    if (out.length > 0) out[at] = (out[at] ?? 0) ^ (1 << rng.below(8));
    return out;
  },
  // One byte.
  (bytes, rng) => replaced(bytes, rng, rng.bytes(1)),
  // An edge value over what is there.
  (bytes, rng) => replaced(bytes, rng, Uint8Array.from(pick(rng, edges) ?? [])),
  // The end is missing.
  (bytes, rng) => bytes.slice(0, rng.below(bytes.length + 1)),
  // A piece is missing.
  (bytes, rng) => {
    const at = rng.below(bytes.length + 1);
    return concat([bytes.slice(0, at), bytes.slice(at + rng.below(16))]);
  },
  // Something is put in.
  (bytes, rng) => {
    const at = rng.below(bytes.length + 1);
    return concat([bytes.slice(0, at), rng.bytes(rng.below(16)), bytes.slice(at)]);
  },
  // A piece comes twice.
  (bytes, rng) => {
    const at = rng.below(bytes.length + 1);
    const end = at + rng.below(64);
    return concat([bytes.slice(0, end), bytes.slice(at)]);
  },
  // The end of another example.
  (bytes, rng, examples) => {
    const other = pick(rng, examples) ?? bytes;
    return concat([bytes.slice(0, rng.below(bytes.length + 1)), other.slice(rng.below(other.length + 1))]);
  },
];

const mutate: Mutation = (bytes, rng, examples) => pick(rng, mutations)?.(bytes, rng, examples) ?? bytes;

function replaced(bytes: Uint8Array, rng: Rng, by: Uint8Array): Uint8Array {
  const out = bytes.slice();
  const at = rng.below(out.length + 1);
  out.set(by.subarray(0, out.length - at), at);
  return out;
}

const pick = <Item>(rng: Rng, items: readonly Item[]): Item | undefined => items[rng.below(Math.max(1, items.length))];

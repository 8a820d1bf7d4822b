// A small assembler of WebAssembly (Core Specification 2.0): functions of 32-bit numbers over one memory, as expressions that
// are bytes already. Only what this folder needs.

/** Instructions; an expression leaves one value, a statement none. */
export type Code = readonly number[];

/** §5.2.2: seven bits in each byte, the lowest first. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; ) {
    const byte = rest & 0x7f;
    rest = Math.floor(rest / 0x80);
    if (rest === 0) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}

/** The same with a sign, of 32 bits. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value | 0; ; rest >>= 7) {
    const byte = rest & 0x7f;
    if (rest >> 6 === 0 || rest >> 6 === -1) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}

/** An instruction behind its operands. */
const plain =
  (...opcode: number[]) =>
  (...operands: Code[]): Code => [...operands.flat(), ...opcode];

/** One of the vector instructions (§5.4.9). */
const vector = (opcode: number) => plain(0xfd, ...unsigned(opcode));

export const i32 = {
  constant: (value: number): Code => [0x41, ...signed(value)],
  add: plain(0x6a),
  subtract: plain(0x6b),
  below: plain(0x49),
  load: (address: Code, offset = 0): Code => [...address, 0x28, 0, ...unsigned(offset)],
  store: (address: Code, value: Code, offset = 0): Code => [...address, ...value, 0x36, 0, ...unsigned(offset)],
  store8: (address: Code, value: Code, offset = 0): Code => [...address, ...value, 0x3a, 0, ...unsigned(offset)],
};

/** Four numbers of 32 bits. */
export const v128 = {
  constant: (bytes: Code): Code => [0xfd, ...unsigned(12), ...bytes],
  load: (address: Code, offset = 0): Code => [...address, 0xfd, ...unsigned(0), 0, ...unsigned(offset)],
  store: (address: Code, value: Code, offset = 0): Code => [
    ...address,
    ...value,
    0xfd,
    ...unsigned(11),
    0,
    ...unsigned(offset),
  ],
  /** Bytes of both, counted through. */
  shuffle: (a: Code, b: Code, bytes: Code): Code => [...a, ...b, 0xfd, ...unsigned(13), ...bytes],
  swizzle: vector(14),
  splat: vector(17),
  and: vector(78),
  or: vector(80),
  xor: vector(81),
  /** Bits of the first where the third has ones, of the second elsewhere. */
  select: vector(82),
  left: vector(171),
  right: vector(173),
  add: vector(174),
};

export const local = {
  get: (index: number): Code => [0x20, ...unsigned(index)],
  set: (index: number, value: Code): Code => [...value, 0x21, ...unsigned(index)],
};

/** Statements, and then again while the condition holds. */
export const repeat = (body: Code, condition: Code): Code => [0x03, 0x40, ...body, ...condition, 0x0d, 0, 0x0b];

/** Statements, if the condition holds. */
export const when = (condition: Code, body: Code): Code => [...condition, 0x04, 0x40, ...body, 0x0b];

/** A function that is exported; it takes numbers and gives nothing. */
export interface WasmFunction {
  readonly name: string;
  readonly parameters: number;
  /** Behind the parameters: first the numbers, then the vectors. */
  readonly numbers: number;
  readonly vectors: number;
  readonly body: Code;
}

const I32 = 0x7f;
const V128 = 0x7b;

/** The bytes of a module with a memory of so many pages of 64 KiB, which is exported as `memory` (§5.5). */
export function assemble(functions: readonly WasmFunction[], pages: number): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters }) => [0x60, ...row(new Array<Code>(parameters).fill([I32])), 0]);
  const exports = functions.map(({ name }, index) => [...text(name), 0, ...unsigned(index)]);
  const bodies = functions.map(({ numbers, vectors, body }) =>
    sized([
      ...row([
        [...unsigned(numbers), I32],
        [...unsigned(vectors), V128],
      ]),
      ...body,
      0x0b,
    ]),
  );
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, row(types)),
    ...section(3, row(functions.map((_, index) => unsigned(index)))),
    ...section(5, row([[0, ...unsigned(pages)]])),
    ...section(7, row([...exports, [...text('memory'), 2, 0]])),
    ...section(10, row(bodies)),
  ]);
}

/** §5.1.3. */
const row = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()];
const sized = (bytes: Code): Code => [...unsigned(bytes.length), ...bytes];
const section = (id: number, content: Code): Code => [id, ...sized(content)];
const text = (name: string): Code => sized([...name].map((letter) => letter.charCodeAt(0)));

// What of an answer goes to the kernel at once, and what is left to the socket of node: nothing twice, nothing out of order,
// nothing to a descriptor that may be somebody else's.
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import type { Native } from '../../../src/core/net/native.ts';
import { writerFor } from '../../../src/core/net/native-writer.ts';

/** Bytes as the kernel took them, or as node's socket was asked to write them. */
type Written = readonly [by: 'kernel' | 'node', text: string];

const DESCRIPTOR = 7;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const bytes = (some: string): Uint8Array => Buffer.from(some, 'latin1');

/** A kernel that takes `room` bytes of each call, and a socket. */
function open(room: number, state: object = {}) {
  const written: Written[] = [];
  const memories = new Map<number, Uint8Array>();
  const take = (descriptor: unknown, whole: Uint8Array): number => {
    expect(descriptor).toBe(DESCRIPTOR);
    if (room < 0) return -1;
    const taken = whole.subarray(0, room);
    if (taken.length > 0) written.push(['kernel', text(taken)]);
    return taken.length;
  };
  const send = (descriptor: number, memory: Uint8Array, size: number): number =>
    take(descriptor, memory.subarray(0, size));
  const sendmsg = (descriptor: number, address: number): number => {
    const header = wordsAt(address);
    const vector = wordsAt(pointer(header, 4));
    const parts = Array.from({ length: header[6] as number }, (_, i) => {
      const chunk = memoryAt(pointer(vector, i * 4));
      expect(vector[i * 4 + 2]).toBe(chunk.length);
      return chunk;
    });
    return take(descriptor, Buffer.concat(parts));
  };
  const memoryAt = (address: number): Uint8Array => {
    for (const [base, memory] of memories) {
      if (address >= base && address <= base + memory.length) return memory.subarray(address - base);
    }
    throw new Error(`nobody has ${address}`);
  };
  const wordsAt = (address: number): Uint32Array => {
    const memory = memoryAt(address);
    return new Uint32Array(memory.buffer, memory.byteOffset);
  };
  const pointer = (words: Uint32Array, at: number): number =>
    (words[at + 1] as number) * 2 ** 32 + (words[at] as number);
  const native: Native = {
    bind: (signature) => (signature.includes('sendmsg') ? sendmsg : send) as ReturnType<Native['bind']>,
    address: (memory) => {
      const address = 2 ** 40 + memories.size * 2 ** 24;
      memories.set(address, memory);
      return address;
    },
    errno: () => 11,
  };
  const socket = {
    ...{ writable: true, writableLength: 0, connecting: false, _handle: { fd: DESCRIPTOR } },
    write: (some: Uint8Array | string) => written.push(['node', typeof some === 'string' ? some : text(some)]),
    cork: () => undefined,
    uncork: () => undefined,
    ...state,
  } as unknown as Socket;
  return { writer: writerFor(native), socket, written };
}

it('what the kernel takes whole is not seen by node', () => {
  const { writer, socket, written } = open(100);

  writer.write(socket, [bytes('one')]);
  writer.write(socket, [bytes('two'), bytes('-'), bytes('three')]);
  writer.write(socket, [bytes('head '), bytes('bod\xff')]);
  writer.write(socket, [bytes('head')]);

  expect(written).toEqual([
    ['kernel', 'one'],
    ['kernel', 'two-three'],
    ['kernel', 'head bod\xff'],
    ['kernel', 'head'],
  ]);
});

it.each([
  [
    1,
    [
      ['kernel', 'a'],
      ['node', 'b'],
      ['node', 'cd'],
      ['node', 'e'],
    ],
  ],
  [
    2,
    [
      ['kernel', 'ab'],
      ['node', 'cd'],
      ['node', 'e'],
    ],
  ],
  [
    3,
    [
      ['kernel', 'abc'],
      ['node', 'd'],
      ['node', 'e'],
    ],
  ],
  [
    4,
    [
      ['kernel', 'abcd'],
      ['node', 'e'],
    ],
  ],
])('node waits with what is behind %i bytes', (room, expected) => {
  const { writer, socket, written } = open(room);

  writer.write(socket, [bytes('ab'), bytes('cd'), bytes('e')]);

  expect(written).toEqual(expected);
});

it('the rest of one chunk and of several are node’s, and are not overwritten by the next ones', () => {
  const rest: Uint8Array[] = [];
  const { writer, socket } = open(2, { write: (some: Uint8Array) => rest.push(some) });

  writer.write(socket, [bytes('abc')]);
  writer.write(socket, [bytes('he'), bytes('ad')]);
  writer.write(socket, [bytes('xx'), bytes('yy')]);

  expect(rest.map(text)).toEqual(['c', 'ad', 'yy']);
});

it.each([
  ['the kernel is full, or the peer has gone', -1, {}],
  ['the kernel takes nothing', 0, {}],
  ['something waits in the socket', 100, { writableLength: 1 }],
  ['the socket connects', 100, { connecting: true }],
  ['the socket has closed', 100, { _handle: null }],
  ['the socket may not be written', 100, { writable: false }],
  ['the handle has no descriptor', 100, { _handle: {} }],
])('node gets all when %s', (_, room, state) => {
  const { writer, socket, written } = open(room, state);

  writer.write(socket, [bytes('a'), bytes('b')]);
  writer.write(socket, [bytes('c'), bytes('d')]);

  expect(written).toEqual([
    ['node', 'a'],
    ['node', 'b'],
    ['node', 'c'],
    ['node', 'd'],
  ]);
});

it('more chunks than a call takes are node’s', () => {
  const { writer, socket, written } = open(1_000_000);

  writer.write(
    socket,
    Array.from({ length: 17 }, () => bytes('x')),
  );

  expect(written).toHaveLength(17);
  expect(written.every(([by]) => by === 'node')).toBe(true);
});

it('without accelerators all is node’s', () => {
  const { socket, written } = open(100);

  writerFor(undefined).write(socket, [bytes('a'), bytes('b')]);

  expect(written).toEqual([
    ['node', 'a'],
    ['node', 'b'],
  ]);
});

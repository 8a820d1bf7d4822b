// What sendmsg(2), sendmmsg(2) and recvmmsg(2) are given, on Linux with 64 bits and little-endian, in words of 32 bits.

/** Of a `msghdr`. */
export const HEADER_WORDS = 14;
/** Of a `mmsghdr`, which is a `msghdr` with the size of what was moved behind it. */
export const MESSAGE_WORDS = 16;
/** Places in them. */
export const field = {
  name: 0,
  nameSize: 2,
  vector: 4,
  vectorSize: 6,
  control: 8,
  controlSize: 10,
  moved: 14,
} as const;

/** Of an `iovec`: a pointer, and behind it a size. */
export const IOVEC_WORDS = 4;
/** Where its size is. */
export const IOVEC_SIZE = 2;

/** Of user space: below 2^53. */
export function putPointer(words: Uint32Array, at: number, address: number): void {
  words[at] = address % 2 ** 32;
  words[at + 1] = Math.floor(address / 2 ** 32);
}

/** Where bytes are, and how many. */
export function putIovec(words: Uint32Array, at: number, address: number, size: number): void {
  putPointer(words, at, address);
  words[at + IOVEC_SIZE] = size;
}

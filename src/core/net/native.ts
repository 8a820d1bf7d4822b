// Functions of the C library and of node's own OpenSSL, called through koffi where it is installed. Nothing depends on it:
// who asks gets undefined and does the same by node's modules (docs/adr/0005).
import { createRequire } from 'node:module';
import type { Log } from '../base/log.ts';

/** A C function. Pointers are numbers, addresses of user space are below 2^53 on both machines; or the bytes themselves. */
export type NativeFunction = (...args: readonly (number | Uint8Array)[]) => number;

/** What the C library is called through. */
export interface Native {
  /**
   * @param signature in C: numbers, `uintptr_t` for a pointer that is a number, `const uint8_t*` for bytes. Throws when
   * nobody has that function.
   */
  bind(signature: string): NativeFunction;
  /** Where the bytes of an array are; it stays true for as long as somebody keeps the array. */
  address(bytes: Uint8Array): number;
  /** `errno` of the last call. */
  errno(): number;
}

/** Of the directive `accelerators`, heard here for the commands that have no configuration. */
const VARIABLE = 'SRS_ACCELERATORS';

/** What is used of koffi. */
interface Koffi {
  load(path: null): { func(signature: string): (...args: readonly (number | Uint8Array)[]) => unknown };
  address(bytes: Uint8Array): bigint;
  errno(): number;
}

/** Loads koffi at the first call, and says once in the log why it is not used. */
export function loadNative(log: Log): Native | undefined {
  if (known === undefined) {
    known = tryNative();
    const why = typeof known === 'string' ? `off: ${known}` : 'on';
    log.debug('net', () => `accelerators ${why}`);
  }
  return typeof known === 'string' ? undefined : known;
}

/** Of the process, since a library is loaded once; a text says why there is none. */
let known: Native | string | undefined;

function tryNative(): Native | string {
  if (process.env[VARIABLE] === 'off') return `${VARIABLE} is off`;
  // The layouts of `msghdr` and its friends that are written here are those of 64 bits and little-endian.
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    return `not for ${process.platform} on ${process.arch}`;
  }
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    // The program itself: another libcrypto beside node's ends in a crash.
    const library = koffi.load(null);
    return {
      bind: (signature) => library.func(signature) as NativeFunction,
      address: (bytes) => Number(koffi.address(bytes)),
      errno: () => koffi.errno(),
    };
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  }
}

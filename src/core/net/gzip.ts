// Compression of answers, on the threads that Node has for it.
import { promisify } from 'node:util';
import { gzip as deflate } from 'node:zlib';
import { netError } from './errors.ts';

const compress = promisify(deflate);

/** RFC 1952. Rejects with SystemError. */
export async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  try {
    return new Uint8Array(await compress(bytes));
  } catch (error) {
    throw netError(error, 'gzip');
  }
}

// Whole bodies of requests and answers, for what is short: JSON, SDP.
import { concat } from '../../base/bytes.ts';
import type { Clock } from '../../base/clock.ts';
import type { SrsxError } from '../../base/errors.ts';
import type { Link } from '../../base/link.ts';
import { toSrsxError } from '../../base/session.ts';
import type { Micros } from '../../base/time.ts';

export interface BodyOptions {
  /** In bytes. */
  readonly limit: number;
  /** The error for a longer one; without it, what is longer is left out. */
  readonly tooLong?: (() => SrsxError) | undefined;
  /** Without it the body is bounded by who gave it, as by the signal of a request. */
  readonly late?: { readonly clock: Clock; readonly time: Micros; readonly error: () => SrsxError } | undefined;
}

/** Reads a body to its end. Rejects with `tooLong`, `late` or the reason of the link, which the caller closes. */
export function readBody(body: Link, { limit, tooLong, late }: BodyOptions): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const chunks: Uint8Array[] = [];
  let size = 0;
  const cancel = late?.clock.after(late.time, () => reject(late.error()));
  body.onData = (bytes) => {
    size += bytes.length;
    if (size <= limit) chunks.push(bytes.slice());
    else if (tooLong === undefined) resolve(concat(chunks));
    else reject(tooLong());
  };
  body.onClose = (reason) => {
    if (reason === undefined) resolve(concat(chunks));
    else reject(toSrsxError(reason));
  };
  return promise.finally(() => {
    cancel?.();
    body.onData = () => undefined;
    body.onClose = () => undefined;
  });
}

/** The same as text (UTF-8). */
export async function readText(body: Link, options: BodyOptions): Promise<string> {
  return new TextDecoder().decode(await readBody(body, options));
}

/** For `upload`: sends these bytes and nothing more. */
export const uploadOf =
  (bytes: Uint8Array) =>
  (body: Link): void => {
    if (bytes.length > 0) body.send([bytes]);
    body.close();
  };

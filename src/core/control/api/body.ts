// The JSON that a request carries, bounded in size and time.
import { concat } from '../../base/bytes.ts';
import type { Clock } from '../../base/clock.ts';
import type { Limits } from '../../base/limits.ts';
import { toSeconds } from '../../base/time.ts';
import type { HttpExchange } from '../../wire/http/exchange.ts';
import { apiErrors } from './errors.ts';

/** Chosen: the longest setting has 32 words of 2048 characters. */
const LIMIT_BYTES = 256 * 1024;

/** Rejects with API_JSON, API_BODY_SIZE, API_BODY_TIME. */
export async function readJson(exchange: HttpExchange, clock: Clock, limits: Limits): Promise<unknown> {
  const text = new TextDecoder().decode(await readBytes(exchange, clock, limits));
  try {
    return JSON.parse(text);
  } catch (error) {
    throw apiErrors.protocol('JSON', { why: error instanceof Error ? error.message : String(error) }, error);
  }
}

function readBytes(exchange: HttpExchange, clock: Clock, { handshakeTime }: Limits): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const chunks: Uint8Array[] = [];
  let size = 0;
  const link = exchange.body();
  const cancel = clock.after(handshakeTime, () =>
    reject(apiErrors.protocol('BODY_TIME', { seconds: toSeconds(handshakeTime) })),
  );
  link.onData = (bytes) => {
    size += bytes.length;
    if (size > LIMIT_BYTES) return reject(apiErrors.protocol('BODY_SIZE', { limit: LIMIT_BYTES }));
    chunks.push(bytes.slice());
  };
  link.onClose = () => resolve(concat(chunks));
  return promise.finally(() => {
    cancel();
    link.onData = () => undefined;
    link.onClose = () => undefined;
  });
}

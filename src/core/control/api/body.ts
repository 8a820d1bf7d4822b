// The JSON that a request carries, bounded in size and time.
import type { Clock } from '../../base/clock.ts';
import type { Limits } from '../../base/limits.ts';
import { toSeconds } from '../../base/time.ts';
import { readText } from '../../wire/http/body.ts';
import type { HttpExchange } from '../../wire/http/exchange.ts';
import { apiErrors } from './errors.ts';

/** Chosen: the longest setting has 32 words of 2048 characters. */
const LIMIT_BYTES = 256 * 1024;

/** Rejects with API_JSON, API_BODY_SIZE, API_BODY_TIME. */
export async function readJson(
  exchange: HttpExchange,
  clock: Clock,
  { handshakeTime: time }: Limits,
): Promise<unknown> {
  const text = await readText(exchange.body(), {
    limit: LIMIT_BYTES,
    tooLong: () => apiErrors.protocol('BODY_SIZE', { limit: LIMIT_BYTES }),
    late: { clock, time, error: () => apiErrors.protocol('BODY_TIME', { seconds: toSeconds(time) }) },
  });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw apiErrors.protocol('JSON', { why: error instanceof Error ? error.message : String(error) }, error);
  }
}

// What the server runs and pushes: FFmpeg children with the end of their standard error, forwards, and
// what it exchanges with servers of its cluster.
import type { Body } from './answer.ts';
import type { ApiContext } from './context.ts';

/** Programs and forwards. */
export function programHandlers({ programs }: ApiContext) {
  return { programs: (): Body => ({ programs: [], forwards: [], cluster: [], ...programs?.() }) };
}

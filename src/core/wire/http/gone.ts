// Whether the client of a request has left while something was waited for.
import type { HttpExchange } from './exchange.ts';

/** To be asked after each wait, until somebody else wants to know it: `onGone` has one listener. */
export function watchGone(exchange: HttpExchange): () => boolean {
  let gone = false;
  exchange.onGone = () => {
    gone = true;
  };
  return () => gone;
}

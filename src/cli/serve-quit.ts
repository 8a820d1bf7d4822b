// SRS's graceful quit: load balancers see the end coming, and who plays or publishes may finish.
import { fromMs } from '../core/base/time.ts';
import type { Config, Log, Server } from '../core/index.ts';
import { sleep } from '../core/toolkit/wait.ts';

/** Longer than any viewer keeps on through a deployment; SRS has no limit. */
const LONGEST_MS = 3_600_000;
const ASK_MS = 250;
/** How often the log says who is still there. */
const TELL_MS = 10_000;

/**
 * Waits `grace_start_wait`, takes no more connections, waits until nobody publishes or plays, at most an hour, and then
 * `grace_final_wait`. An abort ends every wait.
 */
export async function quitGracefully(server: Server, { root }: Config, log: Log, signal: AbortSignal): Promise<void> {
  log.info('serve', 'quits when everybody has left; a second signal quits at once');
  const { clock, sessions } = server.host;
  const wait = (ms: number): Promise<void> => sleep(clock, fromMs(ms), signal);
  await wait(root.get('grace_start_wait'));
  server.closeListeners();
  let told = TELL_MS;
  for (let waited = 0; sessions.size > 0 && waited < LONGEST_MS && !signal.aborted; waited += ASK_MS) {
    if (told >= TELL_MS) log.info('serve', `waits for ${sessions.size} sessions to end`);
    told = told >= TELL_MS ? 0 : told + ASK_MS;
    await wait(ASK_MS);
  }
  await wait(root.get('grace_final_wait'));
}

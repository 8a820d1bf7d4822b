// The watchdog, a process of its own: when the server is gone, however it went, its children are ended.
//
// Process group ids are our arguments; later the server writes `+GROUP` and `-GROUP` lines into our standard input. A pipe whose writer has
// died reads as ended, also after SIGKILL, which no handler in the server could catch. One watchdog serves all children.
import { createInterface } from 'node:readline';

/** Between asking and killing. Chosen: an encoder finishes its file in this time, and an operator does not wait long. */
const GRACE_MS = 1000;

const groups = new Set<number>(process.argv.slice(2).map(Number));

// ctrl-C in a terminal and service managers reach every process: the server decides, and its end is ours.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const group = Number(line.slice(1));
    // Group 0 and 1 would be ours and everybody's.
    if (!Number.isInteger(group) || group <= 1) return;
    if (line.startsWith('+')) groups.add(group);
    else groups.delete(group);
  })
  .on('close', () => {
    const left = [...groups].filter((group) => signalGroup(group, 'SIGTERM'));
    if (left.length === 0) process.exit();
    setTimeout(() => {
      for (const group of left) signalGroup(group, 'SIGKILL');
      process.exit();
    }, GRACE_MS);
  });

/** False when the group is gone. */
function signalGroup(group: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false;
  }
}

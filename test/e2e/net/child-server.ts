// A process with children, for the test that kills it: prints the pids of the children that it started.
import { createChildren, RealClock } from '../../../src/core/net/index.ts';

const children = createChildren(new RealClock());
const quiet = { line: () => undefined, ended: () => undefined };
const [program = 'sleep', ...args] = process.argv.slice(2);
const first = children.start({ program, args }, quiet);
// A shell with a child of its own, which ignores being asked.
const second = children.start({ program: 'sh', args: ['-c', 'trap "" TERM; sleep 600 & wait'] }, quiet);
process.stdout.write(`${JSON.stringify({ pids: [first.pid, second.pid], guard: children.watchdog.pid })}\n`);
setInterval(() => undefined, 60_000);

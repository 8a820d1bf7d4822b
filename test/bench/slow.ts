// Ten players that read nothing for a minute beside a hundred good ones: what the good ones get, and what memory does.
// Usage: node test/bench/slow.ts [--seconds 60]; needs ffmpeg.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { freePort } from '../tools/ports.ts';

const { values: flags } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
const root = join(import.meta.dirname, '../..');
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const children: ChildProcess[] = [];

function run(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, [...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

const [rtmp, http, api] = [await freePort(), await freePort(), await freePort()];
const at = (port: number): string => `127.0.0.1:${port}`;
const server = run(process.execPath, [
  ...[join(root, 'bin/run.js'), 'serve', '--log', 'warn', '--rtmp-listen', at(rtmp), '--http-listen', at(http)],
  ...['--api-listen', at(api)],
]);
server.stdout?.resume();
await sleep(2000);
// 8 Mbit/s, so that a minute is far more than sockets of the kernel can hide.
const source =
  '-re -f lavfi -i testsrc2=size=640x360:rate=25 -c:v libx264 -preset ultrafast -g 50 -b:v 8M -minrate 8M -maxrate 8M';
const publish = `${source} -bufsize 4M -x264-params nal-hrd=cbr -f flv rtmp://${at(rtmp)}/live/slow`;
run('ffmpeg', ['-loglevel', 'error', ...publish.split(' ')]);
await sleep(3000);
const rss = (): string =>
  `${(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1024).toFixed(0)} MiB`;

console.log(`server with a publisher: ${rss()}`);
const good = run(process.execPath, [join(root, 'test/bench/players.ts'), 'http', String(http), '100', 'live', 'slow']);
const answers = createInterface({ input: good.stdout as NonNullable<typeof good.stdout> });
const report = (): Promise<{ bytes: number; playing: number; closed: number }> =>
  new Promise((done) => {
    answers.once('line', (line) => done(JSON.parse(line)));
    good.stdin?.write('report\n');
  });
await sleep(4000);
const alone = { ...(await report()), at: performance.now() };
await sleep(10_000);
const before = { ...(await report()), at: performance.now() };
const rate = (from: typeof before, to: typeof before): string =>
  `${(((to.bytes - from.bytes) * 8) / 100 / 1000 / (to.at - from.at)).toFixed(2)} Mbit/s each`;
console.log(`100 good players alone: ${rate(alone, before)}, ${rss()}`);
const slow = Array.from({ length: 10 }, () => {
  const socket = connect(http, '127.0.0.1', () => socket.write('GET /live/slow.flv HTTP/1.1\r\nHost: x\r\n\r\n'));
  socket.pause();
  socket.on('error', () => undefined);
  return socket;
});
for (let waited = 0; waited < Number(flags.seconds); waited += 10) {
  const from = { ...(await report()), at: performance.now() };
  await sleep(10_000);
  const to = { ...(await report()), at: performance.now() };
  console.log(`beside 10 that read nothing, ${waited + 10} s: ${rate(from, to)}, ${to.closed} closed, ${rss()}`);
}
for (const socket of slow) socket.destroy();
for (const waited of [5, 30, 60]) {
  await sleep(waited === 5 ? 5000 : waited === 30 ? 25_000 : 30_000);
  console.log(`${waited} s after they left: ${rss()}`);
}
for (const child of children) child.kill('SIGKILL');

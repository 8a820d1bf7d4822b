// What HLS players cost srsx, from memory, beside nginx with the same files from a disk, in one run.
// Usage: node test/bench/hls.ts [--short] [--classic 2000] [--low 500] [--seconds 20] [--rounds 3] [--only NAME]
//   [--node '--cpu-prof --cpu-prof-dir=FOLDER'] [--root CHECKOUT] [--against CHECKOUT]
// `--against` measures another checkout in the same rounds. Both have to be built.
// Needs ffmpeg, curl and nginx. The server is on core 0, the publisher and the players on core 1.
import { type ChildProcess, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../tools/ports.ts';
import { cpuSeconds, endChildren, line, makeSample, median, rssKib, run, sleep, waitForPort } from './processes.ts';

const { values: flags } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    classic: { type: 'string', default: '2000' },
    low: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '20' },
    warm: { type: 'string', default: '15' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    node: { type: 'string', default: '' },
    root: { type: 'string', default: join(import.meta.dirname, '../..') },
    against: { type: 'string', default: '' },
  },
});
const seconds = flags.short ? 3 : Number(flags.seconds);
const warmSeconds = flags.short ? 3 : Number(flags.warm);
const rounds = flags.short ? 1 : Number(flags.rounds);
/** Of the sample's key frames and of a part. */
const SEGMENT_MS = 2000;
const PART_MS = 200;

const scratch = mkdtempSync(join(tmpdir(), 'srsx-bench-'));

interface Row {
  requests: number;
  mbps: number;
  cpu: number;
  rssMib: number;
}

interface Server {
  child: ChildProcess;
  port: number;
}

async function startSrsx(sample: string, core: number, disk?: string, root = flags.root): Promise<Server> {
  const [rtmp, http] = [await freePort(), await freePort()];
  const config = join(scratch, `srsx-${rtmp}.conf`);
  writeFileSync(
    config,
    `listen 127.0.0.1:${rtmp}; max_connections 10000; http_server { enabled on; listen 127.0.0.1:${http}; dir ${scratch}/none; }
vhost __defaultVhost__ { hls { enabled on; hls_ll on; hls_fragment ${SEGMENT_MS / 1000}; hls_window 20;
  ${disk === undefined ? 'hls_disk off;' : `hls_path ${disk};`} } }`,
  );
  const node = flags.node === '' || disk !== undefined ? [] : flags.node.split(' ');
  const child = run(process.execPath, [...node, join(root, 'bin/run.js'), 'serve', '-c', config], core);
  child.stdout?.resume();
  await waitForPort(rtmp);
  const url = `rtmp://127.0.0.1:${rtmp}/live/bench`;
  const copy = ['-loglevel', 'error', '-re', '-stream_loop', '-1', '-i', sample, '-c', 'copy', '-f', 'flv', url];
  run('ffmpeg', copy, 1).stdout?.resume();
  return { child, port: http };
}

async function startNginx(folder: string): Promise<Server> {
  const port = await freePort();
  const config = join(scratch, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off; master_process off; worker_processes 1; user root; pid ${scratch}/nginx.pid; error_log ${scratch}/error.log;
events { worker_connections 8192; }
http { sendfile on; tcp_nopush on; access_log off; keepalive_requests 1000000; keepalive_timeout 75s;
  types { application/vnd.apple.mpegurl m3u8; video/mp2t ts; video/mp4 m4s; }
  server { listen 127.0.0.1:${port} backlog=4096; root ${folder}; add_header Cache-Control no-cache; } }`,
  );
  const child = run('nginx', ['-c', config, '-p', scratch], 0);
  child.stdout?.resume();
  await waitForPort(port);
  return { child, port };
}

const get = (url: string): Buffer => execFileSync('curl', ['-sS', '--fail', '--max-time', '40', url]);

/** The low-latency playlist of a session and one of its parts as files, since nginx cannot make them. */
function saveLow(port: number, folder: string): void {
  const at = `http://127.0.0.1:${port}/live/`;
  get(`${at}bench.ll.m3u8?hls_ctx=bench`);
  const playlist = get(`${at}bench.ll.m3u8?hls_ctx=bench`);
  const part = playlist
    .toString()
    .match(/#EXT-X-PART:[^\n]*URI="([^"]+)"/g)
    ?.at(-1)
    ?.match(/URI="([^"]+)"/)?.[1];
  if (part === undefined) throw new Error('the playlist has no part');
  mkdirSync(join(folder, 'low'), { recursive: true });
  writeFileSync(join(folder, 'low/bench.m3u8'), playlist);
  writeFileSync(join(folder, 'low/part.m4s'), get(at + part));
}

async function measure({ child, port }: Server, players: number, args: readonly (string | number)[]): Promise<Row> {
  const pid = child.pid ?? 0;
  const [kind, ...rest] = args;
  const load = run(
    process.execPath,
    [join(import.meta.dirname, 'hls-players.ts'), String(kind), String(port), String(players), ...rest.map(String)],
    1,
  );
  const report = async (): Promise<Record<'playing' | 'requests' | 'bytes' | 'bad' | 'closed' | 'late', number>> => {
    const answer = line(load);
    load.stdin?.write('report\n');
    return JSON.parse(await answer);
  };
  for (let i = 0; i < 100 && (await report()).playing < players; i++) await sleep(200);
  await sleep(warmSeconds * 1000);
  const before = { cpu: cpuSeconds(pid), at: performance.now(), ...(await report()) };
  await sleep(seconds * 1000);
  const after = { cpu: cpuSeconds(pid), at: performance.now(), ...(await report()) };
  const span = (after.at - before.at) / 1000;
  const [bad, late] = [after.bad - before.bad, after.late - before.late];
  if (after.playing < players || after.closed + bad + late > 0) {
    console.error(`${kind}: ${after.playing} of ${players} play, ${after.closed} closed, ${bad} bad, ${late} late`);
  }
  const row = {
    requests: (after.requests - before.requests) / span,
    mbps: ((after.bytes - before.bytes) * 8) / 1e6 / span,
    cpu: ((after.cpu - before.cpu) / span) * 100,
    rssMib: rssKib(pid) / 1024,
  };
  await endChildren([load]);
  return row;
}

/** What a server with its publisher takes when nobody plays. */
async function idle({ child }: Server): Promise<Row> {
  const pid = child.pid ?? 0;
  const [cpu, at] = [cpuSeconds(pid), performance.now()];
  await sleep(seconds * 1000);
  const span = (performance.now() - at) / 1000;
  return { requests: 0, mbps: 0, cpu: ((cpuSeconds(pid) - cpu) / span) * 100, rssMib: rssKib(pid) / 1024 };
}

function middle(rows: readonly Row[]): Row {
  const of = (name: keyof Row): number => median(rows.map((row) => row[name]));
  return { requests: of('requests'), mbps: of('mbps'), cpu: of('cpu'), rssMib: of('rssMib') };
}

function print(name: string, players: number, { requests, mbps, cpu, rssMib }: Row, base?: Row): void {
  const ratio = base === undefined ? '' : (cpu / base.cpu).toFixed(2);
  const each = requests === 0 ? '' : ((cpu * 1e4) / requests).toFixed(0);
  const cells = [name, players, requests.toFixed(0), mbps.toFixed(0), cpu.toFixed(1), each, ratio, rssMib.toFixed(0)];
  console.log(`| ${cells.join(' | ')} |`);
}

async function compare(sample: string, folder: string): Promise<void> {
  const classic = Number(flags.short ? 50 : flags.classic);
  const low = Number(flags.short ? 20 : flags.low);
  const plans = [
    {
      name: 'classic',
      players: classic,
      ours: ['classic', SEGMENT_MS, '/live/bench.m3u8'],
      theirs: ['classic', SEGMENT_MS, '/live/bench.m3u8'],
    },
    {
      name: 'low latency',
      players: low,
      ours: ['low', PART_MS, '/live/bench.ll.m3u8'],
      theirs: ['timed', PART_MS, '/low/bench.m3u8', '/low/part.m4s'],
    },
  ].filter(({ name }) => name.includes(flags.only));
  const srsx = await startSrsx(sample, 0);
  const other = flags.against === '' ? undefined : await startSrsx(sample, 0, undefined, flags.against);
  // It fills the folder that nginx serves, beside the players.
  await startSrsx(sample, 1, folder);
  const nginx = await startNginx(folder);
  while (!existsSync(join(folder, 'live/bench.m3u8'))) await sleep(200);
  await sleep(6000);
  saveLow(srsx.port, folder);
  console.log('| server | players | requests/s | Mbit/s | CPU % of a core | us/request | x nginx | RSS MiB |');
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  print('srsx, a publisher alone', 0, await idle(srsx));
  if (other !== undefined) print('the other, a publisher alone', 0, await idle(other));
  for (const { name, players, ours, theirs } of plans) {
    const rows: Record<'srsx' | 'nginx' | 'other', Row[]> = { srsx: [], nginx: [], other: [] };
    for (let round = 0; round < rounds; round++) {
      rows.nginx.push(await measure(nginx, players, theirs));
      rows.srsx.push(await measure(srsx, players, ours));
      if (other !== undefined) rows.other.push(await measure(other, players, ours));
    }
    print(`nginx, ${name}`, players, middle(rows.nginx));
    print(`srsx, ${name}`, players, middle(rows.srsx), middle(rows.nginx));
    if (other !== undefined) print(`the other, ${name}`, players, middle(rows.other), middle(rows.nginx));
  }
  // A profile is written at an orderly end.
  if (flags.node !== '') {
    srsx.child.kill('SIGINT');
    await sleep(3000);
  }
}

try {
  await compare(makeSample(scratch), join(scratch, 'www'));
} finally {
  await endChildren();
  rmSync(scratch, { recursive: true, force: true });
}

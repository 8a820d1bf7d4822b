// What a server costs for each player: srsx by RTMP and HTTP-FLV, the floor, and peers, in one run.
// Usage: node test/bench/fanout.ts [--short] [--peers] [--players 500,1000] [--windows 350,100] [--warm 60]
//   [--seconds 20] [--only NAME] [--json]
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../tools/ports.ts';
import { cpuSeconds, endChildren, line, makeSample, rssKib, run, sleep, waitForPort } from './processes.ts';

const { values: flags } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: false },
    players: { type: 'string', default: '500,1000' },
    windows: { type: 'string', default: '350,100' },
    seconds: { type: 'string', default: '20' },
    warm: { type: 'string', default: '60' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});
const playerCounts = flags.short ? [50] : flags.players.split(',').map(Number);
const windows = flags.short ? [350] : flags.windows.split(',').map(Number);
const seconds = flags.short ? 3 : Number(flags.seconds);
/** A live server runs for days: what is compared is its steady state, not the first minute of the compiler. */
const warmSeconds = flags.short ? 1 : Number(flags.warm);
const SAMPLE_SECONDS = 20;

const here = import.meta.dirname;
const root = join(here, '../..');
const scratch = mkdtempSync(join(tmpdir(), 'srsx-bench-'));
const sample = makeSample(scratch);

interface Row {
  server: string;
  players: number;
  windowMs: number;
  /** CPU of the server process in percent of one core. */
  cpuPercent: number;
  /** Against the floor of the same players and window. */
  ratio: number | undefined;
  /** Resident memory for each player over the server with a publisher and none. */
  kibPerPlayer: number;
  /** What each player got, in kbit/s: a server that sends less is not faster. */
  kbpsPerPlayer: number;
}

interface Target {
  name: string;
  kind: 'raw' | 'http' | 'rtmp';
  /** Starts the server; gives its process and where players and the publisher go. */
  start: (windowMs: number) => Promise<{ pid: number; playPort: number; rtmpPort: number | undefined }>;
}

const srsx = (name: string, kind: 'http' | 'rtmp'): Target => ({
  name,
  kind,
  start: async (windowMs) => {
    const [rtmp, http, api] = [await freePort(), await freePort(), await freePort()];
    const at = (port: number): string => `127.0.0.1:${port}`;
    const child = run(
      process.execPath,
      [
        ...[join(root, 'bin/run.js'), 'serve', '--rtmp-listen', at(rtmp), '--http-listen', at(http)],
        ...['--api-listen', at(api), '--merge-window', `${windowMs}ms`],
      ],
      0,
    );
    child.stdout?.resume();
    await waitForPort(rtmp);
    return { pid: child.pid ?? 0, playPort: kind === 'http' ? http : rtmp, rtmpPort: rtmp };
  },
});

/** Writes as many bytes as the file of the sample has. */
const floor: Target = {
  name: 'floor',
  kind: 'raw',
  start: async (windowMs) => {
    const bitrate = Math.round((statSync(sample).size * 8) / SAMPLE_SECONDS);
    const child = run(process.execPath, [join(here, 'floor.ts'), String(windowMs), String(bitrate)], 0);
    return { pid: child.pid ?? 0, playPort: Number(await line(child)), rtmpPort: undefined };
  },
};

function nodeMediaServer(kind: 'http' | 'rtmp'): Target {
  const folder = join(scratch, 'nms');
  return {
    name: `node-media-server ${kind}`,
    kind,
    start: async () => {
      if (!existsSync(folder)) {
        execFileSync('npm', ['install', '--prefix', folder, '--no-save', 'node-media-server@4.4.3'], {
          stdio: 'ignore',
        });
      }
      const [rtmp, http] = [await freePort(), await freePort()];
      const script = join(folder, 'serve.mjs');
      writeFileSync(
        script,
        `import Server from 'node-media-server';
new Server({ bind: '127.0.0.1', notify: {}, auth: { play: false, publish: false, secret: 'x' },
  rtmp: { port: Number(process.argv[2]) }, http: { port: Number(process.argv[3]) } }).run();`,
      );
      const child = run(process.execPath, [script, String(rtmp), String(http)], 0);
      child.stdout?.resume();
      await waitForPort(rtmp);
      return { pid: child.pid ?? 0, playPort: kind === 'http' ? http : rtmp, rtmpPort: rtmp };
    },
  };
}

const nginxRtmp: Target = {
  name: 'nginx-rtmp rtmp',
  kind: 'rtmp',
  start: async () => {
    const rtmp = await freePort();
    const folder = mkdtempSync(join(scratch, 'nginx-'));
    const config = join(folder, 'nginx.conf');
    writeFileSync(
      config,
      `load_module /usr/lib/nginx/modules/ngx_rtmp_module.so; daemon off; master_process off; worker_processes 1;
user root; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 8192; }
rtmp { server { listen 127.0.0.1:${rtmp}; chunk_size 60000; application live { live on; wait_key on; } } }`,
    );
    const child = run('nginx', ['-c', config, '-p', folder], 0);
    child.stdout?.resume();
    await waitForPort(rtmp);
    return { pid: child.pid ?? 0, playPort: rtmp, rtmpPort: rtmp };
  },
};

async function measure(target: Target, players: number, windowMs: number): Promise<Row> {
  const server = await target.start(windowMs);
  if (server.rtmpPort !== undefined) {
    const url = `rtmp://127.0.0.1:${server.rtmpPort}/live/bench`;
    run(
      'ffmpeg',
      ['-loglevel', 'error', '-re', '-stream_loop', '-1', '-i', sample, '-c', 'copy', '-f', 'flv', url],
      1,
    ).stdout?.resume();
  }
  await sleep(3000);
  const idleKib = rssKib(server.pid);
  const load = run(
    process.execPath,
    [join(here, 'players.ts'), target.kind, String(server.playPort), String(players)],
    1,
  );
  const report = async (): Promise<{ playing: number; bytes: number; closed: number }> => {
    const answer = line(load);
    load.stdin?.write('report\n');
    return JSON.parse(await answer);
  };
  for (let i = 0; i < 100 && (await report()).playing < players; i++) await sleep(200);
  await sleep(warmSeconds * 1000);
  const before = { cpu: cpuSeconds(server.pid), at: performance.now(), ...(await report()) };
  await sleep(seconds * 1000);
  const after = { cpu: cpuSeconds(server.pid), at: performance.now(), ...(await report()) };
  const span = (after.at - before.at) / 1000;
  if (after.playing < players || after.closed > 0) {
    console.error(`${target.name}: only ${after.playing} of ${players} played, ${after.closed} were closed`);
  }
  const row: Row = {
    server: target.name,
    players,
    windowMs,
    cpuPercent: ((after.cpu - before.cpu) / span) * 100,
    ratio: undefined,
    kibPerPlayer: (rssKib(server.pid) - idleKib) / players,
    kbpsPerPlayer: ((after.bytes - before.bytes) * 8) / 1000 / span / players,
  };
  await endChildren();
  return row;
}

function print(row: Row): void {
  const { server, players, windowMs, cpuPercent, ratio, kibPerPlayer, kbpsPerPlayer } = row;
  console.log(
    `| ${server} | ${players} | ${windowMs} | ${cpuPercent.toFixed(1)} | ${ratio?.toFixed(2) ?? ''} | ` +
      `${kibPerPlayer.toFixed(1)} | ${kbpsPerPlayer.toFixed(0)} |`,
  );
}

const targets = [floor, srsx('srsx rtmp', 'rtmp'), srsx('srsx http-flv', 'http')];
if (flags.peers) {
  targets.push(nodeMediaServer('rtmp'), nodeMediaServer('http'));
  if (existsSync('/usr/lib/nginx/modules/ngx_rtmp_module.so')) targets.push(nginxRtmp);
  else console.error('nginx-rtmp left out: install the packages nginx and libnginx-mod-rtmp');
}
try {
  const rows: Row[] = [];
  if (!flags.json) {
    console.log('| server | players | window ms | CPU % of a core | x floor | KiB/player | kbit/s each |');
    console.log('| --- | --- | --- | --- | --- | --- | --- |');
  }
  for (const players of playerCounts) {
    for (const windowMs of windows) {
      let base: number | undefined;
      for (const target of targets) {
        if (target !== floor && !target.name.includes(flags.only)) continue;
        // A peer has no such setting: it is measured once.
        if (windowMs !== windows[0] && !/^(floor|srsx)/.test(target.name)) continue;
        const row = await measure(target, players, windowMs);
        base ??= row.cpuPercent;
        row.ratio = row.cpuPercent / base;
        rows.push(row);
        if (!flags.json) print(row);
      }
    }
  }
  if (flags.json) console.log(JSON.stringify(rows));
} finally {
  await endChildren();
  rmSync(scratch, { recursive: true, force: true });
}

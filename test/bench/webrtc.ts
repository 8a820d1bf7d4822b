// What a WebRTC player costs the server for each packet, with and without accelerators, beside bare `dgram.send` of the same
// sizes; each round has all of them.
// Usage: node test/bench/webrtc.ts [--short] [--players 300] [--warm 8] [--seconds 8] [--rounds 3] [--only on|off]
//   [--profile FOLDER]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../tools/ports.ts';
import { cpuSeconds, endChildren, line, makeSample, median, run, sleep, waitForPort } from './processes.ts';

const { values: flags } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    players: { type: 'string', default: '300' },
    warm: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    profile: { type: 'string', default: '' },
  },
});
const players = flags.short ? 10 : Number(flags.players);
const seconds = flags.short ? 2 : Number(flags.seconds);
const warmSeconds = flags.short ? 1 : Number(flags.warm);
const rounds = flags.short ? 1 : Number(flags.rounds);
const here = import.meta.dirname;
const root = join(here, '../..');
const scratch = mkdtempSync(join(tmpdir(), 'srsx-bench-'));
/** The server and the bare sender have one core, everybody else the other. */
const [OWN_CORE, OTHER_CORE] = [0, 1];

interface Report {
  readonly packets: number;
  readonly bytes: number;
  readonly playing: number;
  readonly lost: number;
  readonly sizes: readonly number[];
}

type Child = ReturnType<typeof run>;

async function report(child: Child): Promise<Report> {
  const answer = line(child);
  child.stdin?.write('report\n');
  return JSON.parse(await answer) as Report;
}

/** Microseconds of a process for each packet that `counter` counts meanwhile. */
async function cost(pid: number, counter: Child): Promise<{ micros: number; perSecond: number }> {
  const before = { cpu: cpuSeconds(pid), at: performance.now(), ...(await report(counter)) };
  await sleep(seconds * 1000);
  const after = { cpu: cpuSeconds(pid), at: performance.now(), ...(await report(counter)) };
  const packets = after.packets - before.packets;
  return {
    micros: ((after.cpu - before.cpu) * 1e6) / packets,
    perSecond: packets / ((after.at - before.at) / 1000),
  };
}

/** Whether accelerators are used. */
type Mode = 'on' | 'off';

async function startServer(mode: Mode): Promise<{ pid: number; http: number; rtmp: number }> {
  const [rtmp, http, api, rtc] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const at = (port: number): string => `127.0.0.1:${port}`;
  const profile = flags.profile === '' ? [] : ['--cpu-prof', `--cpu-prof-dir=${flags.profile}`];
  const child = run(
    'env',
    [
      ...[`SRS_ACCELERATORS=${mode}`, process.execPath, ...profile, join(root, 'bin/run.js'), 'serve'],
      ...['--rtmp-listen', at(rtmp), '--http-listen', at(http), '--api-listen', at(api), '--rtc-listen', at(rtc)],
    ],
    OWN_CORE,
  );
  child.stdout?.resume();
  await waitForPort(http);
  return { pid: child.pid ?? 0, http, rtmp };
}

async function bare(sizes: readonly number[], perSecond: number): Promise<{ micros: number; perSecond: number }> {
  const script = join(here, 'webrtc-floor.ts');
  const sink = run(process.execPath, [script, '--sink', String(players)], OTHER_CORE);
  const ports = await line(sink);
  const sender = run(process.execPath, [script, ports, String(Math.round(perSecond)), sizes.join()], OWN_CORE);
  await sleep(Math.min(warmSeconds, 3) * 1000);
  const found = await cost(sender.pid ?? 0, sender);
  await endChildren([sender, sink]);
  return found;
}

/** A server with its publisher and its players, from the start to the end. */
async function serverRound(
  sample: string,
  mode: Mode,
): Promise<{ micros: number; perSecond: number; sizes: readonly number[] }> {
  const server = await startServer(mode);
  const url = `rtmp://127.0.0.1:${server.rtmp}/live/bench`;
  const input = ['-loglevel', 'error', '-re', '-stream_loop', '-1', '-i', sample, '-c', 'copy', '-f', 'flv', url];
  run('ffmpeg', input, OTHER_CORE).stdout?.resume();
  await sleep(2000);
  const script = join(here, 'webrtc-players.ts');
  const load = run(process.execPath, [script, String(server.http), String(players)], OTHER_CORE);
  load.stderr?.pipe(process.stderr);
  for (let i = 0; i < 600 && (await report(load)).playing < players; i++) await sleep(200);
  await sleep(warmSeconds * 1000);
  const before = await report(load);
  const own = await cost(server.pid, load);
  const now = await report(load);
  const average = now.sizes.reduce((sum, size) => sum + size, 0) / now.sizes.length;
  console.error(
    `accelerators ${mode}: ${now.playing} players, ${Math.round(own.perSecond)} packets/s of ${Math.round(average)} bytes, ` +
      `${now.lost - before.lost} lost; ${own.micros.toFixed(2)} us, ${((own.micros * own.perSecond) / 1e4).toFixed(0)} % of a core`,
  );
  if (flags.profile !== '') {
    process.kill(server.pid, 'SIGINT');
    await sleep(5000);
  }
  await endChildren();
  return { ...own, sizes: now.sizes };
}

try {
  const sample = makeSample(scratch);
  const modes = (['on', 'off'] as const).filter((mode) => flags.only === '' || flags.only === mode);
  const rows = { on: [] as number[], off: [] as number[], paced: [] as number[], flood: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    let sizes: readonly number[] = [];
    let perSecond = 0;
    for (const mode of modes) {
      const own = await serverRound(sample, mode);
      ({ sizes, perSecond } = own);
      rows[mode].push(own.micros);
    }
    const paced = await bare(sizes, perSecond);
    const flood = await bare(sizes, 0);
    rows.paced.push(paced.micros);
    rows.flood.push(flood.micros);
    console.error(`bare at that rate ${paced.micros.toFixed(2)} us, bare loop ${flood.micros.toFixed(2)} us`);
  }
  const [paced, flood] = [median(rows.paced), median(rows.flood)];
  console.log('| what | us per packet | x bare at the same rate | x bare loop |');
  console.log('| --- | --- | --- | --- |');
  for (const mode of modes) {
    const own = median(rows[mode]);
    const ratios = `${(own / paced).toFixed(2)} | ${(own / flood).toFixed(2)}`;
    console.log(`| server, ${players} players, accelerators ${mode} | ${own.toFixed(2)} | ${ratios} |`);
  }
  console.log(`| \`dgram.send\`, the same rate | ${paced.toFixed(2)} | 1.00 | |`);
  console.log(`| \`dgram.send\`, as fast as it goes | ${flood.toFixed(2)} | | 1.00 |`);
} finally {
  await endChildren();
  rmSync(scratch, { recursive: true, force: true });
}

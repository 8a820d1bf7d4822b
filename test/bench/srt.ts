// What SRT costs: one connection of 20 Mbit/s beside srt-live-transmit (C), and 300 players of 1 Mbit/s, with and without
// accelerators, beside a bare loop of `dgram.send` of the same datagrams in the same round.
// Usage: node test/bench/srt.ts [--short] [--players 300] [--mbps 20] [--seconds 15] [--rounds 3] [--only NAME] [--accelerators on,off]
//   [--node='--cpu-prof --cpu-prof-dir=FOLDER'] [--root CHECKOUT]
// Needs ffmpeg with libsrt and srt-live-transmit. What is measured is on core 0, all else on core 1.
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../tools/ports.ts';
import { cpuSeconds, endChildren, line, makeSample, median, run, sleep, waitForPort } from './processes.ts';

const { values: flags } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    players: { type: 'string', default: '300' },
    mbps: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '15' },
    warm: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    accelerators: { type: 'string', default: 'on,off' },
    node: { type: 'string', default: '' },
    root: { type: 'string', default: join(import.meta.dirname, '../..') },
  },
});
const seconds = flags.short ? 2 : Number(flags.seconds);
const warmSeconds = flags.short ? 2 : Number(flags.warm);
const rounds = flags.short ? 1 : Number(flags.rounds);
const modes = (['on', 'off'] as const).filter((mode) => flags.accelerators.split(',').includes(mode));
const players = flags.short ? 10 : Number(flags.players);
const MESSAGE_BYTES = 1316;
const FEED_MS = 10;
/** Bursts of the floor: the merge window of srsx's SRT players. */
const BURST_MS = 20;
const bench = join(flags.root, 'test/bench');
const scratch = mkdtempSync(join(tmpdir(), 'srsx-bench-'));
const node = flags.node === '' ? [] : flags.node.split(' ');

/** CPU of a process over the span, in percent of one core. */
async function cpuOf(pid: number, during?: () => Promise<number>): Promise<{ cpu: number; perSecond: number }> {
  await sleep(warmSeconds * 1000);
  const first = (await during?.()) ?? 0;
  const [cpu, at] = [cpuSeconds(pid), performance.now()];
  await sleep(seconds * 1000);
  const span = (performance.now() - at) / 1000;
  const used = cpuSeconds(pid) - cpu;
  return { cpu: (used / span) * 100, perSecond: (((await during?.()) ?? 0) - first) / span };
}

/** Writes the wanted rate to the standard input of a sender; the returned function says how many messages it was. */
function feed(sender: ChildProcess): { messages: () => number; stop: () => void } {
  const message = Buffer.alloc(MESSAGE_BYTES, 0x47);
  const rate = (Number(flags.mbps) * 1e6) / 8 / MESSAGE_BYTES;
  const began = performance.now();
  let sent = 0;
  sender.stdin?.on('error', () => undefined);
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - began) / 1000) * rate);
    if (due > sent) sender.stdin?.write(Buffer.alloc((due - sent) * MESSAGE_BYTES, message));
    sent = due;
  }, FEED_MS);
  return { messages: () => sent, stop: () => clearInterval(timer) };
}

interface Single {
  cpu: number;
  microsPerPacket: number;
}

/** A sender and a receiver, each srsx's or libsrt's; the one named `measured` is on core 0. */
async function single(sends: 'srsx' | 'c', receives: 'srsx' | 'c', measured: 'send' | 'receive'): Promise<Single> {
  const core = (role: 'send' | 'receive'): number => (role === measured ? 0 : 1);
  const own = (role: 'send' | 'receive'): string[] => [
    ...(role === measured ? node : []),
    ...[join(bench, 'srt-end.ts'), role],
  ];
  let port: number;
  let receiver: ChildProcess;
  if (receives === 'srsx') {
    receiver = run(process.execPath, own('receive'), core('receive'));
    port = Number(await line(receiver));
  } else {
    port = await freePort();
    const from = `srt://127.0.0.1:${port}?mode=listener`;
    receiver = run('srt-live-transmit', ['-q', from, 'file://con'], core('receive'));
    receiver.stdout?.resume();
    await sleep(500);
  }
  const sender =
    sends === 'srsx'
      ? run(process.execPath, [...own('send'), String(port)], core('send'))
      : run('srt-live-transmit', ['-q', '-chunk', '1316', 'file://con', `srt://127.0.0.1:${port}`], core('send'));
  await sleep(1500);
  const source = feed(sender);
  const pid = (measured === 'send' ? sender : receiver).pid ?? 0;
  const { cpu, perSecond } = await cpuOf(pid, async () => source.messages());
  source.stop();
  // A profile is written at an orderly end.
  (measured === 'send' ? sender : receiver).stdin?.end();
  if (flags.node !== '') await sleep(2000);
  await endChildren();
  return { cpu, microsPerPacket: (cpu * 1e4) / perSecond };
}

async function floor(rate: number): Promise<number> {
  const sink = run(process.execPath, [join(bench, 'srt-players.ts'), 'sink', '30'], 1);
  const port = await line(sink);
  const args = [port, String(players), String(rate), String(BURST_MS)];
  const child = run(process.execPath, [join(bench, 'srt-floor.ts'), ...args], 0);
  const { cpu } = await cpuOf(child.pid ?? 0);
  await endChildren();
  return cpu;
}

type Report = Record<'playing' | 'packets' | 'came' | 'closed' | 'acks', number> & {
  /** How many were closed, by the code. */
  readonly why: Record<string, number>;
};

async function fanOut(sample: string, mode: 'on' | 'off'): Promise<{ cpu: number; rate: number; acks: number }> {
  const [rtmp, srt] = [await freePort(), await freePort()];
  const config = join(scratch, 'srsx.conf');
  writeFileSync(
    config,
    `listen 127.0.0.1:${rtmp}; accelerators ${mode}; srt_server { enabled on; listen 127.0.0.1:${srt}; }
vhost __defaultVhost__ { srt { enabled on; } }`,
  );
  const serve = [...node, join(flags.root, 'bin/run.js'), 'serve', '-c', config];
  const child = run(process.execPath, serve, 0);
  child.stdout?.resume();
  await waitForPort(rtmp);
  const url = `srt://127.0.0.1:${srt}?streamid=#!::r=live/bench,m=publish&pkt_size=1316`;
  const copy = ['-loglevel', 'error', '-re', '-stream_loop', '-1', '-i', sample, '-c', 'copy', '-f', 'mpegts', url];
  run('ffmpeg', copy, 1).stdout?.resume();
  await sleep(2000);
  const args = [join(bench, 'srt-players.ts'), String(srt), String(players), '#!::r=live/bench,m=request'];
  const load = run(process.execPath, args, 1);
  const report = async (): Promise<Report> => {
    const answer = line(load);
    load.stdin?.write('report\n');
    return JSON.parse(await answer);
  };
  for (let i = 0; i < 100 && (await report()).playing < players; i++) await sleep(200);
  const began = await report();
  const { cpu, perSecond } = await cpuOf(child.pid ?? 0, async () => (await report()).packets);
  const end = await report();
  const lost = 1 - (end.came - began.came) / (end.packets - began.packets);
  if (end.playing < players || end.closed > 0 || lost > 0.01) {
    const why = JSON.stringify(end.why);
    console.error(`${end.playing} of ${players} play, ${end.closed} closed ${why}, ${(lost * 100).toFixed(1)} % lost`);
  }
  if (flags.node !== '') {
    child.kill('SIGINT');
    await sleep(3000);
  }
  await endChildren();
  return { cpu, rate: perSecond / players, acks: (end.acks - began.acks) / Math.max(1, end.packets - began.packets) };
}

async function repeated<T extends object>(once: () => Promise<T>): Promise<T> {
  const rows: T[] = [];
  for (let i = 0; i < rounds; i++) rows.push(await once());
  const keys = Object.keys(rows[0] ?? {}) as (keyof T)[];
  return Object.fromEntries(keys.map((key) => [key, median(rows.map((row) => Number(row[key])))])) as T;
}

async function compareSingle(): Promise<void> {
  for (const measured of ['receive', 'send'] as const) {
    const once = (end: 'srsx' | 'c'): Promise<Single> =>
      measured === 'receive' ? single('c', end, measured) : single(end, 'c', measured);
    const c = await repeated(() => once('c'));
    const ours = await repeated(() => once('srsx'));
    const row = (name: string, { cpu, microsPerPacket }: Single, ratio: string): void =>
      console.log(`| ${measured}, ${name} | ${cpu.toFixed(1)} | ${microsPerPacket.toFixed(1)} | ${ratio} |`);
    row('srt-live-transmit', c, '1.00');
    row('srsx', ours, (ours.cpu / c.cpu).toFixed(2));
  }
}

async function compareFanOut(): Promise<void> {
  const sample = makeSample(scratch);
  const rows = { on: [] as number[], off: [] as number[], bare: [] as number[], acks: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    let rate = 0;
    for (const mode of modes) {
      const own = await fanOut(sample, mode);
      ({ rate } = own);
      rows[mode].push((own.cpu * 1e4) / (own.rate * players));
      rows.acks.push(own.acks);
    }
    rows.bare.push(((await floor(rate)) * 1e4) / (rate * players));
    const micros = [...modes, 'bare' as const].map((name) => `${name} ${rows[name].at(-1)?.toFixed(2)} us`);
    console.error(`${rate.toFixed(0)} packets/s for each player: ${micros.join(', ')}`);
  }
  const bare = median(rows.bare);
  console.log('| what | us/packet | x bare |');
  console.log('| --- | --- | --- |');
  console.log(`| ${players} players, bare \`dgram.send\` | ${bare.toFixed(2)} | 1.00 |`);
  for (const mode of modes) {
    const own = median(rows[mode]);
    const name = `srsx, accelerators ${mode}, ${median(rows.acks).toFixed(2)} ACKs for a packet`;
    console.log(`| ${name} | ${own.toFixed(2)} | ${(own / bare).toFixed(2)} |`);
  }
}

try {
  if ('single'.includes(flags.only)) {
    console.log('| what | CPU % of a core | us/packet | ratio |');
    console.log('| --- | --- | --- | --- |');
    await compareSingle();
  }
  if ('fan-out'.includes(flags.only)) await compareFanOut();
} finally {
  await endChildren();
  rmSync(scratch, { recursive: true, force: true });
}

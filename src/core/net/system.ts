// Reads what the API says of the machine from /proc and node:os; zeros where a system has no such file.
import { readFileSync } from 'node:fs';
import { cpus, freemem, loadavg, totalmem, uptime } from 'node:os';
import type { SystemReader, SystemReading } from '../control/system.ts';

/** Readings younger than this are given again: dashboards ask often, and /proc is not free. */
const FRESH_MS = 1000;

export function createSystemReader(): SystemReader {
  let last: { reading: SystemReading; at: number } | undefined;
  let cpu = sampleCpu();
  return {
    read() {
      const at = performance.now();
      if (last !== undefined && at - last.at < FRESH_MS) return last.reading;
      const next = sampleCpu();
      last = { reading: take(cpu, next), at };
      cpu = next;
      return last.reading;
    },
  };
}

interface CpuSample {
  readonly at: number;
  readonly processMs: number;
  readonly busyMs: number;
  readonly totalMs: number;
}

function sampleCpu(): CpuSample {
  const { user, system } = process.cpuUsage();
  let busyMs = 0;
  let totalMs = 0;
  for (const { times } of cpus()) {
    const busy = times.user + times.nice + times.sys + times.irq;
    busyMs += busy;
    totalMs += busy + times.idle;
  }
  return { at: performance.now(), processMs: (user + system) / 1000, busyMs, totalMs };
}

const ratio = (part: number, whole: number): number => (whole > 0 ? Math.max(0, part / whole) : 0);

function take(before: CpuSample, after: CpuSample): SystemReading {
  const rss = process.memoryUsage.rss();
  const [load1 = 0, load5 = 0, load15 = 0] = loadavg();
  return {
    pid: process.pid,
    ppid: process.ppid,
    argv: process.argv.slice(1).join(' '),
    cwd: process.cwd(),
    memKbyte: Math.round(rss / 1024),
    memRatio: ratio(rss, totalmem()),
    cpuRatio: ratio(after.processMs - before.processMs, after.at - before.at),
    uptimeSeconds: process.uptime(),
    system: {
      cpuRatio: ratio(after.busyMs - before.busyMs, after.totalMs - before.totalMs),
      diskReadKbps: 0,
      diskWriteKbps: 0,
      diskBusyRatio: 0,
      ramKbyte: Math.round(totalmem() / 1024),
      ramRatio: ratio(totalmem() - freemem(), totalmem()),
      ...readSwap(),
      cpus: cpus().length,
      uptimeSeconds: uptime(),
      idleSeconds: numbers(readText('/proc/uptime'))[1] ?? 0,
      load: [load1, load5, load15],
      netSampleMs: Date.now(),
      ...readNetwork(),
      ...readSockets(),
    },
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not Linux, or a container that hides it: the API shows zero.
    return '';
  }
}

const numbers = (text: string): number[] => (text.match(/\d+(\.\d+)?/g) ?? []).map(Number);

function readSwap(): { swapKbyte: number; swapRatio: number } {
  const text = readText('/proc/meminfo');
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  const total = field('SwapTotal');
  return { swapKbyte: total, swapRatio: ratio(total - field('SwapFree'), total) };
}

/** Bytes over the loopback device are told apart, as SRS does. */
function readNetwork(): { netReceived: number; netSent: number; loopReceived: number; loopSent: number } {
  const sum = { netReceived: 0, netSent: 0, loopReceived: 0, loopSent: 0 };
  for (const line of readText('/proc/net/dev').split('\n')) {
    const [, device, rest = ''] = /^\s*([^:\s]+):(.*)$/.exec(line) ?? [];
    if (device === undefined) continue;
    const values = numbers(rest);
    if (device === 'lo') {
      sum.loopReceived += values[0] ?? 0;
      sum.loopSent += values[8] ?? 0;
    } else {
      sum.netReceived += values[0] ?? 0;
      sum.netSent += values[8] ?? 0;
    }
  }
  return sum;
}

function readSockets(): { tcpConnections: number; tcpEstablished: number; tcpTimeWait: number; udpSockets: number } {
  const text = readText('/proc/net/sockstat');
  const established = numbers(/^Tcp: \d.*$/m.exec(readText('/proc/net/snmp'))?.[0] ?? '')[8] ?? 0;
  return {
    tcpConnections: Number(/TCP: inuse (\d+)/.exec(text)?.[1] ?? 0),
    tcpEstablished: established,
    tcpTimeWait: Number(/tw (\d+)/.exec(text)?.[1] ?? 0),
    udpSockets: Number(/UDP: inuse (\d+)/.exec(text)?.[1] ?? 0),
  };
}

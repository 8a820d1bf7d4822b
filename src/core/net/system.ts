// Reads what the API says of the machine from /proc and node:os; zeros where a system has no such file.
import { readFileSync } from 'node:fs';
import {
  arch,
  cpus,
  freemem,
  hostname,
  loadavg,
  networkInterfaces,
  release,
  totalmem,
  type,
  uptime,
  version,
} from 'node:os';
import type { KernelValues, SystemChoice, SystemReader, SystemReading } from '../control/system.ts';

/** Readings younger than this are given again: dashboards ask often, and /proc is not free. */
const FRESH_MS = 1000;

const everything: SystemChoice = { enabled: true, disks: [] };

/** @param choice is asked for each reading, so that a reload counts. */
export function createSystemReader(choice: () => SystemChoice = () => everything): SystemReader {
  let last: { reading: SystemReading; at: number } | undefined;
  let sample = takeSample(choice());
  return {
    read() {
      const at = performance.now();
      if (last !== undefined && at - last.at < FRESH_MS) return last.reading;
      const chosen = choice();
      const next = takeSample(chosen);
      last = { reading: compare(sample, next, chosen), at };
      sample = next;
      return last.reading;
    },
    usage: readUsage,
    process: () => parseProcess(readText('/proc/self/stat')),
    cpu: () => parseCpu(readText('/proc/stat')),
    memory: () => parseMemory(readText('/proc/meminfo')),
    name: () => ({
      sysname: type(),
      nodename: hostname(),
      release: release(),
      version: version(),
      machine: arch() === 'x64' ? 'x86_64' : arch(),
    }),
    deviceIp: (index) => process.env['SRS_DEVICE_IP'] || (localAddresses()[index] ?? ''),
  };
}

/**
 * Of the thread that serves everything, as a share of one core since the last call: what helpers of the engine do beside it
 * holds up no stream. Node before 23.9 knows the process only.
 */
export function createCpuMeter(): () => number {
  const usage = process.threadCpuUsage ?? process.cpuUsage;
  const read = (): { at: number; busyMs: number } => {
    const { user, system } = usage.call(process);
    return { at: performance.now(), busyMs: (user + system) / 1000 };
  };
  let last = read();
  return () => {
    const now = read();
    const share = ratio(now.busyMs - last.busyMs, now.at - last.at);
    last = now;
    return share;
  };
}

interface Sample {
  readonly at: number;
  readonly processMs: number;
  readonly busyMs: number;
  readonly totalMs: number;
  readonly disks: DiskSample;
}

/** Sums over the chosen disks since the machine's start. */
interface DiskSample {
  readonly readSectors: number;
  readonly writtenSectors: number;
  readonly busyMs: number;
}

function takeSample({ enabled, disks }: SystemChoice): Sample {
  const { user, system } = process.cpuUsage();
  let busyMs = 0;
  let totalMs = 0;
  for (const { times } of cpus()) {
    const busy = times.user + times.nice + times.sys + times.irq;
    busyMs += busy;
    totalMs += busy + times.idle;
  }
  const processMs = (user + system) / 1000;
  const chosen = enabled && disks.length > 0 ? disks : [];
  return { at: performance.now(), processMs, busyMs, totalMs, disks: readDisks(chosen) };
}

const ratio = (part: number, whole: number): number => (whole > 0 ? Math.max(0, part / whole) : 0);

/** A sector of /proc/diskstats has 512 bytes, whatever the device says. */
const SECTORS_PER_KB = 2;

function compare(before: Sample, after: Sample, { enabled }: SystemChoice): SystemReading {
  const rss = process.memoryUsage.rss();
  const spanMs = after.at - before.at;
  const own = {
    pid: process.pid,
    ppid: process.ppid,
    argv: process.argv.slice(1).join(' '),
    cwd: process.cwd(),
    memKbyte: Math.round(rss / 1024),
    memRatio: ratio(rss, totalmem()),
    cpuRatio: ratio(after.processMs - before.processMs, spanMs),
    uptimeSeconds: process.uptime(),
  };
  if (!enabled) return { ...own, system: nothing };
  const [load1 = 0, load5 = 0, load15 = 0] = loadavg();
  const rate = (sectors: number): number => Math.round(ratio(sectors / SECTORS_PER_KB, spanMs / 1000));
  return {
    ...own,
    system: {
      cpuRatio: ratio(after.busyMs - before.busyMs, after.totalMs - before.totalMs),
      diskReadKbps: rate(after.disks.readSectors - before.disks.readSectors),
      diskWriteKbps: rate(after.disks.writtenSectors - before.disks.writtenSectors),
      diskBusyRatio: ratio(after.disks.busyMs - before.disks.busyMs, spanMs),
      ramKbyte: Math.round(totalmem() / 1024),
      ramRatio: ratio(totalmem() - freemem(), totalmem()),
      ...readSwap(),
      cpus: cpus().length,
      uptimeSeconds: uptime(),
      idleSeconds: numbers(readText('/proc/uptime'))[1] ?? 0,
      load: [load1, load5, load15],
      netSampleMs: Date.now(),
      ...parseNetwork(readText('/proc/net/dev')),
      ...readSockets(),
    },
  };
}

const nothing: SystemReading['system'] = {
  cpuRatio: 0,
  diskReadKbps: 0,
  diskWriteKbps: 0,
  diskBusyRatio: 0,
  ramKbyte: 0,
  ramRatio: 0,
  swapKbyte: 0,
  swapRatio: 0,
  cpus: 0,
  uptimeSeconds: 0,
  idleSeconds: 0,
  load: [0, 0, 0],
  netSampleMs: 0,
  netReceived: 0,
  netSent: 0,
  loopReceived: 0,
  loopSent: 0,
  tcpConnections: 0,
  tcpEstablished: 0,
  tcpTimeWait: 0,
  udpSockets: 0,
};

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not Linux, or a container that hides it: the API shows zero.
    return '';
  }
}

const numbers = (text: string): number[] => (text.match(/\d+(\.\d+)?/g) ?? []).map(Number);

function readUsage(): KernelValues {
  const usage = process.resourceUsage();
  const seconds = (micros: number): number => Math.floor(micros / 1_000_000);
  return {
    ru_utime: seconds(usage.userCPUTime),
    ru_stime: seconds(usage.systemCPUTime),
    ru_maxrss: usage.maxRSS,
    ru_ixrss: usage.sharedMemorySize,
    ru_idrss: usage.unsharedDataSize,
    ru_isrss: usage.unsharedStackSize,
    ru_minflt: usage.minorPageFault,
    ru_majflt: usage.majorPageFault,
    ru_nswap: usage.swappedOut,
    ru_inblock: usage.fsRead,
    ru_oublock: usage.fsWrite,
    ru_msgsnd: usage.ipcSent,
    ru_msgrcv: usage.ipcReceived,
    ru_nsignals: usage.signalsCount,
    ru_nvcsw: usage.voluntaryContextSwitches,
    ru_nivcsw: usage.involuntaryContextSwitches,
  };
}

/** Fields of `/proc/self/stat` behind the name of the program, in the order of proc(5). */
const processFields = (
  'ppid pgrp session tty_nr tpgid flags minflt cminflt majflt cmajflt utime stime cutime cstime priority nice ' +
  'num_threads itrealvalue starttime vsize rss rsslim startcode endcode startstack kstkesp kstkeip signal blocked ' +
  'sigignore sigcatch wchan nswap cnswap exit_signal processor rt_priority policy delayacct_blkio_ticks guest_time ' +
  'cguest_time'
).split(' ');

/** `/proc/self/stat`; the program's name may hold blanks and brackets, so it ends at the last one. */
export function parseProcess(text: string): KernelValues {
  const [, pid = '0', comm = '', state = '', rest = ''] = /^(\d+) (\(.*\)) (\S) (.*)$/s.exec(text) ?? [];
  const words = rest.trim().split(' ');
  const fields = processFields.map((name, index): [string, number] => [name, Number(words[index] ?? 0) || 0]);
  return { pid: Number(pid), comm, state, ...Object.fromEntries(fields) };
}

const cpuFields = 'user nice sys idle iowait irq softirq steal guest'.split(' ');

/** The sum of all processors, in clock ticks since the machine's start. */
export function parseCpu(text: string): KernelValues {
  const values = numbers(/^cpu\s.*$/m.exec(text)?.[0] ?? '');
  return Object.fromEntries(cpuFields.map((name, index) => [name, values[index] ?? 0]));
}

/** `/proc/meminfo` in KiB. */
export function parseMemory(text: string): KernelValues {
  return Object.fromEntries(
    [...text.matchAll(/^(\w+):\s+(\d+)/gm)].map(([, name = '', value]) => [name, Number(value)]),
  );
}

function readSwap(): { swapKbyte: number; swapRatio: number } {
  const memory = parseMemory(readText('/proc/meminfo'));
  const total = Number(memory['SwapTotal'] ?? 0);
  return { swapKbyte: total, swapRatio: ratio(total - Number(memory['SwapFree'] ?? 0), total) };
}

/** `/proc/diskstats` of the named devices, or partitions. */
function readDisks(names: readonly string[]): DiskSample {
  return names.length === 0 ? noDisk : parseDisks(readText('/proc/diskstats'), names);
}

const noDisk: DiskSample = { readSectors: 0, writtenSectors: 0, busyMs: 0 };

/** Sums of the named devices of `/proc/diskstats`. */
export function parseDisks(text: string, names: readonly string[]): DiskSample {
  const sum = { ...noDisk };
  for (const line of text.split('\n')) {
    const [, , name = '', , , read, , , , written, , , busy] = line.trim().split(/\s+/);
    if (!names.includes(name)) continue;
    sum.readSectors += Number(read ?? 0);
    sum.writtenSectors += Number(written ?? 0);
    sum.busyMs += Number(busy ?? 0);
  }
  return sum;
}

/** `/proc/net/dev`. Bytes over the loopback device are told apart, as SRS does. */
export function parseNetwork(text: string) {
  const sum = { netReceived: 0, netSent: 0, loopReceived: 0, loopSent: 0 };
  for (const line of text.split('\n')) {
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

function localAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const outside = all.filter(({ internal }) => !internal);
  // SRS counts IPv4 addresses first.
  return [
    ...outside.filter(({ family }) => family === 'IPv4'),
    ...outside.filter(({ family }) => family !== 'IPv4'),
  ].map(({ address }) => address);
}

// What the API says of the program and the machine: version, numbers, build.
import { toMs } from '../../base/time.ts';
import type { KernelValues } from '../system.ts';
import type { Body, Call } from './answer.ts';
import type { ApiContext } from './context.ts';
import { Float, type Json } from './json.ts';
import type { Members, Shape } from './shape.ts';
import * as shapes from './shapes.ts';
import { SRS_VERSION, SRS_VERSION_TEXT } from './version.ts';

/** `data` of versions. */
export const versionData = ({ version }: Pick<ApiContext, 'version'>): Body => ({
  ...SRS_VERSION,
  version: SRS_VERSION_TEXT,
  srsx: version,
});

/** `data` of summaries; the heartbeat sends it too. */
export function summaryData({ clock, sessions, stats, system, settings }: ApiContext): Body {
  const reading = system.read();
  const machine = reading.system;
  stats.tick();
  const now = toMs(clock.wall());
  return {
    ok: settings.root.get('stats.enabled'),
    now_ms: now,
    self: {
      version: SRS_VERSION_TEXT,
      pid: reading.pid,
      ppid: reading.ppid,
      argv: reading.argv,
      cwd: reading.cwd,
      mem_kbyte: reading.memKbyte,
      mem_percent: new Float(reading.memRatio),
      cpu_percent: new Float(reading.cpuRatio),
      srs_uptime: Math.floor(reading.uptimeSeconds),
    },
    system: {
      cpu_percent: new Float(machine.cpuRatio),
      disk_read_KBps: machine.diskReadKbps,
      disk_write_KBps: machine.diskWriteKbps,
      disk_busy_percent: new Float(machine.diskBusyRatio),
      mem_ram_kbyte: machine.ramKbyte,
      mem_ram_percent: new Float(machine.ramRatio),
      mem_swap_kbyte: machine.swapKbyte,
      mem_swap_percent: new Float(machine.swapRatio),
      cpus: machine.cpus,
      cpus_online: machine.cpus,
      uptime: new Float(machine.uptimeSeconds),
      // The name is SRS's; dashboards read it.
      ilde_time: new Float(machine.idleSeconds),
      load_1m: new Float(machine.load[0]),
      load_5m: new Float(machine.load[1]),
      load_15m: new Float(machine.load[2]),
      net_sample_time: machine.netSampleMs,
      net_recv_bytes: machine.netReceived,
      net_send_bytes: machine.netSent,
      net_recvi_bytes: machine.loopReceived,
      net_sendi_bytes: machine.loopSent,
      srs_sample_time: now,
      srs_recv_bytes: stats.received.total,
      srs_send_bytes: stats.sent.total,
      conn_sys: machine.tcpConnections,
      conn_sys_et: machine.tcpEstablished,
      conn_sys_tw: machine.tcpTimeWait,
      conn_sys_udp: machine.udpSockets,
      conn_srs: sessions.size,
    },
  };
}

/** Versions, summaries and the other numbers of the process. */
export function processHandlers(context: ApiContext) {
  const { clock, system } = context;
  const now = (): number => toMs(clock.wall());
  return {
    versions: () => ({ data: versionData(context) }),
    summaries: () => ({ data: summaryData(context) }),
    rusages: () => ({ data: filled(shapes.usageShape, { sample_time: now() }, system.usage()) }),
    selfProcStats: () => {
      const percent = new Float(system.read().cpuRatio);
      return { data: filled(shapes.processShape, { sample_time: now(), percent }, system.process()) };
    },
    systemProcStats: () => {
      const percent = new Float(system.read().system.cpuRatio);
      return { data: filled(shapes.cpuShape, { sample_time: now(), percent }, system.cpu()) };
    },
    meminfos: () => ({ data: memoryData(context, now()) }),
    authors: () => ({ data: { license: 'MIT', contributors: 'the authors of srsx' } }),
    features: () => ({ data: featuresData(context) }),
    load: () => {
      const { level = 'normal', cpuRatio = 0 } = context.load?.() ?? {};
      return { load: { cpu_percent: new Float(cpuRatio * 100), level } };
    },
    requests: (call: Call) => ({ data: requestData(call, now()) }),
    testRequests: (call: Call) => ({ data: requestData(call, now()) }),
  };
}

/** Memory that is in use is what is neither free nor a cache. */
function memoryData({ system }: ApiContext, now: number): Body {
  const memory = system.memory();
  const value = (name: string): number => Number(memory[name] ?? 0);
  const active = value('MemTotal') - value('MemFree');
  const used = active - value('Buffers') - value('Cached');
  const swapped = value('SwapTotal') - value('SwapFree');
  const share = (part: number, whole: number): Float => new Float(whole > 0 ? part / whole : 0);
  const derived = { MemActive: active, RealInUse: used, NotInUse: value('MemTotal') - used };
  const shares = { percent_ram: share(used, value('MemTotal')), percent_swap: share(swapped, value('SwapTotal')) };
  return filled(shapes.memoryShape, { sample_time: now, ...shares }, { ...memory, ...derived });
}

/** The members of a form, out of what is known; the kernel need not tell all of them. */
function filled(shape: Shape, known: Readonly<Record<string, Json>>, values: KernelValues): Body {
  const members: Members = shape.kind === 'object' ? shape.members : {};
  return Object.fromEntries(
    Object.entries(members).map(([name, { kind }]): [string, Json] => {
      const value = known[name] ?? values[name];
      return [name, value ?? (kind === 'text' ? '' : kind === 'flag' ? true : 0)];
    }),
  );
}

/** What SRS builds with or without; these parts are always in srsx, or never. */
const absent = new Set(['complex_send', 'so_sendbuf']);

function featuresData({ version }: ApiContext): Body {
  const features = Object.fromEntries(shapes.featureNames.map((name) => [name, !absent.has(name)]));
  return { options: '', options2: '', build: version, build2: `srsx ${version}`, features };
}

function requestData({ request: { path, search, header, secure }, method }: Call, time: number): Body {
  const host = (header('host') ?? '').replace(/:\d+$/, '');
  return {
    uri: `${secure ? 'https' : 'http'}://${host}${path}${search}`,
    path,
    METHOD: method,
    // The misspelt name is SRS's.
    headers: { sigature: 'SRS', version: SRS_VERSION_TEXT, link: 'https://github.com/ossrs/srs', time },
  };
}

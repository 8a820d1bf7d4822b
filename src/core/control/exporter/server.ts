// SRS's own metrics: its names, labels and units.
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Hub } from '../../media/hub.ts';
import { SRS_VERSION, SRS_VERSION_TEXT } from '../api/version.ts';
import type { Settings } from '../config/settings.ts';
import type { Sessions } from '../sessions.ts';
import type { Stats } from '../stats.ts';
import type { SystemReader } from '../system.ts';

/** Where the numbers are kept. */
export interface ServerNumbers {
  readonly hub: Hub;
  readonly sessions: Sessions;
  readonly stats: Stats;
  readonly system: SystemReader;
  readonly settings: Settings;
}

/** Declares the metrics; the result brings them up to date. */
export function serverMetrics(registry: Registry, numbers: ServerNumbers): () => void {
  const registers = [registry];
  const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, registers });
  const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });
  const machine = new Gauge({
    name: 'srs_node_uname_info',
    help: 'The machine: uname(2).',
    labelNames: ['sysname', 'nodename', 'release', 'version', 'machine'],
    registers,
  });
  const build = new Gauge({
    name: 'srs_build_info',
    help: 'The server and the release of SRS that it speaks.',
    labelNames: ['server', 'service', 'pid', 'build_date', 'major', 'version', 'code', 'label', 'tag'],
    registers,
  });
  const cpu = gauge('srs_cpu_percent', 'CPU of this process, in percent of one core.');
  const memory = gauge('srs_memory', 'Resident memory of this process, in KiB.');
  const streams = gauge('srs_streams', 'Streams that somebody publishes or plays.');
  const clients = gauge('srs_clients', 'Publishers and players.');
  const sent = counter('srs_send_bytes_total', 'Bytes sent to players.');
  const received = counter('srs_receive_bytes_total', 'Bytes received from publishers.');
  const opened = counter('srs_clients_total', 'Publishers and players that ever were.');
  const failed = counter('srs_clients_errs_total', 'Publishers and players that were refused or ended with an error.');
  return () => {
    const { hub, sessions, stats, system } = numbers;
    const { pid, cpuRatio, memKbyte } = system.read();
    stats.tick();
    machine.reset();
    machine.set({ ...system.name() }, 1);
    build.reset();
    build.set(buildLabels(numbers, pid), 1);
    cpu.set(cpuRatio * 100);
    memory.set(memKbyte);
    streams.set(hub.size);
    clients.set(sessions.size);
    setTotal(sent, stats.sent.total);
    setTotal(received, stats.received.total);
    setTotal(opened, sessions.opened);
    setTotal(failed, sessions.failed);
  };
}

/** A counter that is kept elsewhere. */
export function setTotal(counter: Counter, total: number): void {
  counter.reset();
  counter.inc(total);
}

/** SRS leaves label and tag out when they are empty. */
function buildLabels({ stats, settings: { root } }: ServerNumbers, pid: number): Record<string, string> {
  const label = root.get('exporter.label');
  const tag = root.get('exporter.tag');
  return {
    server: stats.serverId,
    service: stats.serviceId,
    pid: String(pid),
    build_date: '',
    major: String(SRS_VERSION.major),
    version: SRS_VERSION_TEXT,
    code: 'srsx',
    ...(label !== '' && { label }),
    ...(tag !== '' && { tag }),
  };
}

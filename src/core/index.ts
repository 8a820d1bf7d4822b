// The only door to the core, for the commands and for users of the library.
export {
  assert,
  BugError,
  ConfigError,
  LimitError,
  ProtocolError,
  RefusedError,
  SrsxError,
  SystemError,
} from './base/errors.ts';
export { defaultLimits, type Limits } from './base/limits.ts';
export { type Address, formatAddress } from './base/link.ts';
export { type Level, Log, type LogLine, type LogSink, levels, silentLog } from './base/log.ts';
export { toSrsxError } from './base/session.ts';
export { SRS_VERSION_TEXT } from './control/api/api.ts';
export type { Change } from './control/config/changes.ts';
export type { Config } from './control/config/config.ts';
export type { Notice as ConfigNotice } from './control/config/directive.ts';
export { type ExplainedValue, explainValue, listValues, type ShownValue } from './control/config/explain.ts';
export { type ConfigSource, loadConfig } from './control/config/load.ts';
export { planServe, type ServePlan } from './control/config/serve-settings.ts';
export type { ListenSettings } from './control/host.ts';
export {
  createEngine,
  defaultServeSettings,
  type Engine,
  makeServerId,
  parseAddress,
  type Server,
  type ServeSettings,
} from './engine.ts';
export { protocols } from './protocols.ts';
export { type BenchOptions, bench } from './toolkit/bench.ts';
export type { BenchClients, BenchInterval, BenchReason, BenchReport } from './toolkit/bench-report.ts';
export {
  type ConformanceCheck,
  type ConformanceOptions,
  type ConformanceReport,
  checkConformance,
} from './toolkit/conformance.ts';
export { type IngestOptions, type IngestProgress, type IngestResult, ingest } from './toolkit/ingest.ts';
export { type ProbeOptions, probe } from './toolkit/probe.ts';
export type { Finding as ProbeFinding, ProbeReport, ProbeTrack } from './toolkit/probe-report.ts';
export {
  type RecordingResult,
  type RecordOptions,
  type RecordProgress,
  type RecordResult,
  record,
} from './toolkit/record.ts';
export { type RelayOptions, type RelayProgress, type RelayResult, relay } from './toolkit/relay.ts';
export { type SnapshotOptions, type SnapshotResult, snapshot } from './toolkit/snapshot.ts';

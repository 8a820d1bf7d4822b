// The only door to the core, for the commands and for users of the library.
export { assert, ConfigError, LimitError, ProtocolError, RefusedError, SrsxError, SystemError, BugError } from './base/errors.ts';
export { defaultLimits, type Limits } from './base/limits.ts';
export { type Address, formatAddress } from './base/link.ts';
export { Log, type Level, levels, type LogLine, type LogSink, silentLog } from './base/log.ts';
export { toSrsxError } from './base/session.ts';
export {
  createEngine,
  defaultServeSettings,
  type Engine,
  type ListenSettings,
  parseAddress,
  type ServeSettings,
  type Server,
} from './engine.ts';
export { protocols } from './protocols.ts';

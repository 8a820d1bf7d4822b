// Where log lines go: readable lines or JSON lines on stderr, so that stdout stays clean for data.
import { chalkStderr as chalk } from 'chalk';
import { type Level, Log, type LogLine, type LogSink, levels } from '../core/base/log.ts';
import { usage } from './units.ts';

/** For people, for programs, or as SRS writes it. */
export const logFormats = ['text', 'json', 'srs'] as const;
/** One of `logFormats`. */
export type LogFormat = (typeof logFormats)[number];

/** What `--log` says: a level, and topics whose debug lines are wanted: `warn`, `debug`, `debug,rtmp:chunk`. */
export function parseLogSpec(spec: string): { level: Level; topics: readonly string[] } {
  const [first, ...topics] = spec.split(',').map((part) => part.trim());
  const level = levels.find((known) => known === first);
  if (level === undefined) throw usage(`"${first}" is no log level: use one of ${levels.join(', ')}.`);
  return { level, topics: topics.filter((topic) => topic !== '') };
}

/** The logger of a command. */
export function makeLog(spec: string, format: LogFormat, write: (line: string) => void = toStderr): Log {
  const { level, topics } = parseLogSpec(spec);
  return new Log(sinkOf(format, write), level, topics);
}

/** Lines in that form, to where `write` puts them. */
export function sinkOf(format: LogFormat, write: (line: string) => void, { utc = false } = {}): LogSink {
  switch (format) {
    case 'text':
      return textSink(write);
    case 'json':
      return jsonSink(write);
    case 'srs':
      return srsSink(write, utc);
  }
}

const paint: Readonly<Record<Level, (text: string) => string>> = {
  error: (text) => chalk.red(text),
  warn: (text) => chalk.yellow(text),
  info: (text) => chalk.cyan(text),
  debug: (text) => chalk.gray(text),
};

/** `12:34:56.789 info  rtmp  text  key=value`. */
function textSink(write: (line: string) => void): LogSink {
  return ({ level, topic, text, fields }: LogLine) => {
    const time = new Date().toISOString().slice(11, 23);
    const rest = pairs(fields);
    const head = `${chalk.gray(time)} ${paint[level](level.padEnd(5))} ${chalk.bold(topic)}`;
    write(`${head} ${printable(text)}${rest.length > 0 ? chalk.gray(` ${rest.join(' ')}`) : ''}\n`);
  };
}

function jsonSink(write: (line: string) => void): LogSink {
  return ({ level, topic, text, fields }: LogLine) =>
    write(`${JSON.stringify({ ...fields, time: new Date().toISOString(), level, topic, text })}\n`);
}

/** SRS's level names (v2). */
const srsLevels: Readonly<Record<Level, string>> = { error: 'ERROR', warn: 'WARN', info: 'INFO', debug: 'DEBUG' };

/**
 * `[2026-11-23 20:05:40.544][INFO][17371][f9766209] topic: text key=value`: time, level, process, session; warnings and
 * errors have an errno too, which is 0 where the system had no part in it.
 */
function srsSink(write: (line: string) => void, utc: boolean): LogSink {
  return ({ level, topic, text, fields }: LogLine) => {
    const { session, ...others } = fields;
    const rest = pairs(others).map((pair) => ` ${pair}`);
    const errno = level === 'warn' || level === 'error' ? '[0]' : '';
    const head = `[${srsTime(new Date(), utc)}][${srsLevels[level]}][${process.pid}][${printable(String(session ?? '-'))}]`;
    write(`${head}${errno} ${topic}: ${printable(text)}${rest.join('')}\n`);
  };
}

/** `2026-11-23 20:05:40.544`, of this place or of Greenwich. */
function srsTime(time: Date, utc: boolean): string {
  const local = utc ? time : new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 23).replace('T', ' ');
}

/** `key=value` of what is known. */
const pairs = (fields: LogLine['fields']): string[] =>
  Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${plain(value)}`);

function plain(value: unknown): string {
  const text = typeof value === 'string' ? value : String(JSON.stringify(value));
  return /[\s"]/.test(text) ? JSON.stringify(text) : printable(text);
}

/** Names come from strangers: control characters would let them write on the operator's terminal. */
export const printable = (text: string): string =>
  text.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);

const toStderr = (line: string): void => void process.stderr.write(line);

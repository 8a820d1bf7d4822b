// Where log lines go: readable lines or JSON lines on stderr, so that stdout stays clean for data.
import { chalkStderr as chalk } from 'chalk';
import { type Level, Log, type LogLine, type LogSink, levels } from '../core/base/log.ts';
import { usage } from './units.ts';

/** For people, or for programs. */
export type LogFormat = 'text' | 'json';

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
  return new Log(format === 'json' ? jsonSink(write) : textSink(write), level, topics);
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
    const rest = Object.entries(fields).map(([key, value]) => `${key}=${plain(value)}`);
    const head = `${chalk.gray(time)} ${paint[level](level.padEnd(5))} ${chalk.bold(topic)}`;
    write(`${head} ${printable(text)}${rest.length > 0 ? chalk.gray(` ${rest.join(' ')}`) : ''}\n`);
  };
}

function jsonSink(write: (line: string) => void): LogSink {
  return ({ level, topic, text, fields }: LogLine) =>
    write(`${JSON.stringify({ ...fields, time: new Date().toISOString(), level, topic, text })}\n`);
}

function plain(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
  return /[\s"]/.test(text) ? JSON.stringify(text) : printable(text);
}

/** Names come from strangers: control characters would let them write on the operator's terminal. */
export const printable = (text: string): string =>
  text.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);

const toStderr = (line: string): void => void process.stderr.write(line);

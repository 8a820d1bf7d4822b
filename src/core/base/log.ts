// Logging by topic: a switched-off topic costs one lookup and never builds its text.

export const levels = ['error', 'warn', 'info', 'debug'] as const;
export type Level = (typeof levels)[number];

export interface LogLine {
  readonly level: Level;
  /** A path such as `rtmp:chunk`; a prefix of it switches all below on. */
  readonly topic: string;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export type LogSink = (line: LogLine) => void;

export class Log {
  readonly #sink: LogSink;
  readonly #rank: number;
  readonly #topics: readonly string[];
  readonly #fields: Readonly<Record<string, unknown>>;

  /**
   * @param topics prefixes of the topics whose debug lines are wanted; empty: all when the level is debug.
   * @param fields are added to every line of this logger.
   */
  constructor(
    sink: LogSink,
    level: Level = 'info',
    topics: readonly string[] = [],
    fields: Record<string, unknown> = {},
  ) {
    this.#sink = sink;
    this.#rank = levels.indexOf(level);
    this.#topics = topics;
    this.#fields = fields;
  }

  /** The same logger with more fields, such as the session id and peer. */
  with(fields: Record<string, unknown>): Log {
    return new Log(this.#sink, levels[this.#rank] ?? 'info', this.#topics, { ...this.#fields, ...fields });
  }

  /** The operator must act. */
  error(topic: string, text: string, fields: Record<string, unknown> = {}): void {
    this.#write('error', topic, text, fields);
  }

  /** A peer misbehaves, or something was lost. */
  warn(topic: string, text: string, fields: Record<string, unknown> = {}): void {
    this.#write('warn', topic, text, fields);
  }

  /** A session begins, is admitted, ends. */
  info(topic: string, text: string, fields: Record<string, unknown> = {}): void {
    this.#write('info', topic, text, fields);
  }

  /** For whoever looks closely; `text` is only called when somebody does. */
  debug(topic: string, text: () => string): void {
    if (this.#rank < 3) return;
    if (this.#topics.length > 0 && !this.#topics.some((prefix) => topic.startsWith(prefix))) return;
    this.#write('debug', topic, text(), {});
  }

  #write(level: Level, topic: string, text: string, fields: Record<string, unknown>): void {
    if (levels.indexOf(level) > this.#rank) return;
    this.#sink({ level, topic, text, fields: { ...this.#fields, ...fields } });
  }
}

const nowhere: LogSink = () => undefined;

/** A logger that says nothing. */
export const silentLog = new Log(nowhere, 'error');

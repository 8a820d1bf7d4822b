// What all commands share: global flags, the logger, ctrl-C as a signal, and errors as text and exit code.
import { Command, Flags, type Interfaces } from '@oclif/core';
import type { Log } from '../core/base/log.ts';
import { exitCodeOf, oclifExit } from './exit-code.ts';
import { type Interrupt, listenForInterrupt } from './interrupt.ts';
import { logFormats, makeLog } from './log-sink.ts';
import { note, print } from './output.ts';
import { reportError } from './report-error.ts';

/** Parsed flags of a command class, the global ones included. */
export type CommandFlags<T extends typeof Command> = Interfaces.InferredFlags<
  (typeof BaseCommand)['baseFlags'] & T['flags']
>;
/** Parsed arguments of a command class. */
export type CommandArgs<T extends typeof Command> = Interfaces.InferredArgs<T['args']>;

/** A command gives its class as `T` and finds its parsed flags and arguments as fields when `run` is called. */
export abstract class BaseCommand<T extends typeof Command> extends Command {
  static override enableJsonFlag = true;

  /** Level of the log when none is asked for: a server tells who comes and goes, a client only what went wrong. */
  static defaultLog = 'warn';

  static override baseFlags = {
    log: Flags.string({
      summary:
        'Level of the log on stderr: error, warn, info or debug; debug may name topics: debug,rtmp:chunk. Default: warn; info for serve.',
      helpGroup: 'GLOBAL',
      helpValue: 'LEVEL[,TOPIC...]',
      env: 'SRSX_LOG',
    }),
    'log-format': Flags.option({
      summary: 'Form of the log lines.',
      helpGroup: 'GLOBAL',
      env: 'SRSX_LOG_FORMAT',
      options: logFormats,
      default: 'text' as const,
    })(),
    debug: Flags.boolean({ summary: 'Show the stack of an error.', helpGroup: 'GLOBAL', env: 'SRSX_DEBUG' }),
  };

  protected flags!: CommandFlags<T>;
  protected args!: CommandArgs<T>;
  /** Set when standard output carries media, so that no text gets in between. */
  protected stdoutTaken = false;
  #interrupt: Interrupt | undefined;
  #log: Log | undefined;

  override async init(): Promise<void> {
    await super.init();
    const { args, flags } = await this.parse({
      flags: this.flagsToParse(),
      baseFlags: (super.ctor as typeof BaseCommand).baseFlags,
      args: this.ctor.args,
      strict: this.ctor.strict,
      enableJsonFlag: this.ctor.enableJsonFlag,
    });
    this.flags = flags as CommandFlags<T>;
    this.args = args as CommandArgs<T>;
    this.#log = makeLog(this.flags.log ?? (this.ctor as typeof BaseCommand).defaultLog, this.flags['log-format']);
    this.#interrupt = listenForInterrupt();
  }

  /** The flags as they are parsed this time. */
  protected flagsToParse(): Interfaces.FlagInput {
    return this.ctor.flags;
  }

  /** Aborted by ctrl-C and SIGTERM; a second one kills. */
  protected get signal(): AbortSignal {
    return this.#interrupt?.signal ?? AbortSignal.abort();
  }

  /** The next SIGTERM calls `first` and aborts nothing. */
  protected softTerm(first: () => void): void {
    this.#interrupt?.softTerm(first);
  }

  protected get logger(): Log {
    if (this.#log === undefined) throw new Error('the logger is there after init');
    return this.#log;
  }

  /** The exit code of ctrl-C or SIGTERM, when one came. */
  protected get interruptedBy(): number | undefined {
    return this.#interrupt?.code();
  }

  /** Resolves when ctrl-C or SIGTERM comes. */
  protected interrupted(): Promise<void> {
    const { signal } = this;
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** The exit code once everything is printed and closed. */
  protected endWith(code: number): void {
    process.exitCode = code;
  }

  /** The final document; on stderr when stdout carries media. */
  override logJson(json: unknown): void {
    (this.stdoutTaken ? note : print)(JSON.stringify(json, undefined, 2));
  }

  /** What to do about an error, where the command knows better than the error itself. */
  protected advice(_error: Error): string | undefined {
    return undefined;
  }

  override async catch(error: Error): Promise<void> {
    const isExit = 'code' in error && error.code === 'EEXIT';
    if (!isExit) {
      const advice = this.flags === undefined ? undefined : this.advice(error);
      reportError(error, { json: this.jsonEnabled(), stack: this.argv.includes('--debug'), advice });
    }
    this.exit(isExit ? (oclifExit(error) ?? 0) : exitCodeOf(error, this.interruptedBy));
  }

  override async finally(error: Error | undefined): Promise<void> {
    this.#interrupt?.release();
    await super.finally(error);
  }
}

// Other programs, each in its own process group, with the watchdog behind them.
import { accessSync, closeSync, constants, mkdirSync, openSync, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { execa } from 'execa';
import type { Clock } from '../base/clock.ts';
import { fromSeconds } from '../base/time.ts';
import type {
  Child,
  ChildCommand,
  ChildEnd,
  ChildEvents,
  Children,
  DialogueChild,
  PipedChild,
} from '../control/children/child.ts';
import { MAX_LINE } from '../control/children/child.ts';
import { netError, netErrors } from './errors.ts';
import { ReadableLink, WritableLink } from './stream-link.ts';
import { Watchdog } from './watchdog.ts';

/** Chosen: an encoder writes the end of its file in this time; SRS waits as long. */
const STOP_TIME = fromSeconds(2);

/** @param clock times the kill of what does not end when it is asked. */
export function createChildren(clock: Clock): Children & { readonly watchdog: Watchdog } {
  const watchdog = new Watchdog();
  return {
    watchdog,
    start: (command, events) => new RealChild(command, events, clock, watchdog, 'ignore'),
    pipe: (command, events) => new RealPipedChild(command, events, clock, watchdog),
    converse: (command, events) => new RealDialogueChild(command, events, clock, watchdog),
    find: findProgram,
  };
}

type Stdout = 'ignore' | 'pipe' | { readonly file: string; readonly append: true };

function run({ program, args, stderrFile }: ChildCommand, stdout: Stdout, stdin: 'ignore' | 'pipe') {
  return execa(program, args, {
    // A group of its own: a program with children of its own is ended whole, and ctrl-C in a terminal reaches only us.
    detached: true,
    reject: false,
    buffer: false,
    encoding: 'buffer',
    stripFinalNewline: false,
    stdin,
    stdout,
    stderr: stderrFile === undefined ? 'pipe' : ['pipe', { file: stderrFile, append: true }],
  });
}

/** The file when it can be written; a program without its log is worth more than none. */
function writable(file: string | undefined, events: ChildEvents): string | undefined {
  if (file === undefined) return undefined;
  makeFolder(file);
  try {
    closeSync(openSync(file, 'a'));
    return file;
  } catch (error) {
    events.line(netError(error, file, 'FILE_ACCESS').message);
    return undefined;
  }
}

function makeFolder(file: string): void {
  const levels = dirname(resolve(file)).split(sep);
  // Level by level: Node's recursive mkdir does not end where a file system refuses with ENOENT (/proc).
  for (let i = 2; i <= levels.length; i++) {
    try {
      mkdirSync(levels.slice(0, i).join(sep));
    } catch {
      // It is there, or the file cannot be opened either, which tells why.
    }
  }
}

class RealChild implements Child {
  readonly pid: number | undefined;
  protected readonly process: ReturnType<typeof run>;
  readonly #clock: Clock;
  #stopping = false;
  #over = false;
  #cancel: () => void = () => undefined;

  constructor(
    command: ChildCommand,
    events: ChildEvents,
    clock: Clock,
    watchdog: Watchdog,
    stdout: 'ignore' | 'pipe',
    stdin: 'ignore' | 'pipe' = 'ignore',
  ) {
    const stdoutFile = writable(command.stdoutFile, events);
    const stderrFile = writable(command.stderrFile, events);
    const subprocess = run(
      { ...command, stderrFile },
      stdoutFile === undefined ? stdout : { file: stdoutFile, append: true },
      stdin,
    );
    this.process = subprocess;
    this.pid = subprocess.pid;
    this.#clock = clock;
    if (this.pid !== undefined) watchdog.add(this.pid);
    const lines = new Lines(events.line);
    subprocess.stderr?.on('data', (bytes: Uint8Array) => lines.push(bytes));
    // What the program leaves behind may hold its pipes open: its own end counts, not theirs.
    subprocess.nodeChildProcess.once('exit', () => this.#kill('SIGKILL'));
    void subprocess.then((result) => {
      this.#over = true;
      this.#cancel();
      if (this.pid !== undefined) watchdog.remove(this.pid);
      lines.end();
      events.ended(toEnd(command, result));
    });
  }

  stop(): void {
    if (this.#stopping || this.#over) return;
    this.#stopping = true;
    this.#kill('SIGTERM');
    this.#cancel = this.#clock.after(STOP_TIME, () => this.#kill('SIGKILL'));
  }

  #kill(signal: NodeJS.Signals): void {
    if (this.pid === undefined || this.#over) return;
    try {
      process.kill(-this.pid, signal);
    } catch {
      // The group is gone.
    }
  }
}

class RealPipedChild extends RealChild implements PipedChild {
  readonly stdout: ReadableLink;

  constructor(
    command: ChildCommand,
    events: ChildEvents,
    clock: Clock,
    watchdog: Watchdog,
    stdin: 'ignore' | 'pipe' = 'ignore',
  ) {
    super(command, events, clock, watchdog, 'pipe', stdin);
    const { stdout } = this.process;
    const at = { host: command.program, port: 0 };
    if (stdout === null || stdout === undefined)
      throw netErrors.system('PROGRAM', { at: command.program, why: 'no pipe' });
    this.stdout = new ReadableLink(stdout, { at: command.program, peer: at, local: at, stop: () => this.stop() });
  }
}

/** Bytes that may wait for a program before its link counts as full. */
const STDIN_BYTES = 256 * 1024;

class RealDialogueChild extends RealPipedChild implements DialogueChild {
  readonly stdin: WritableLink;

  constructor(command: ChildCommand, events: ChildEvents, clock: Clock, watchdog: Watchdog) {
    super(command, events, clock, watchdog, 'pipe');
    const { stdin } = this.process;
    const at = { host: command.program, port: 0 };
    if (stdin === null || stdin === undefined)
      throw netErrors.system('PROGRAM', { at: command.program, why: 'no pipe' });
    const finish = (): void => void stdin.end();
    this.stdin = new WritableLink(stdin, {
      ...{ at: command.program, peer: at, local: at, linkBytes: STDIN_BYTES, finish },
    });
  }
}

interface Result {
  readonly exitCode?: number;
  readonly signal?: string;
  readonly cause?: unknown;
  readonly failed: boolean;
}

function toEnd({ program }: ChildCommand, { exitCode, signal, cause, failed }: Result): ChildEnd {
  const started = exitCode !== undefined || signal !== undefined;
  const error = !failed || started ? undefined : programError(cause, program);
  return { code: exitCode, signal, error };
}

function programError(cause: unknown, program: string) {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const why = cause instanceof Error ? cause.message : String(cause);
  if (code === 'ENOENT' || code === 'EACCES') return netErrors.system('PROGRAM', { at: program, why }, cause);
  return netError(cause, program);
}

/** Standard error in lines; FFmpeg ends those of its progress by a carriage return. */
class Lines {
  readonly #on: (line: string) => void;
  readonly #decoder = new TextDecoder();
  #rest = '';

  constructor(on: (line: string) => void) {
    this.#on = on;
  }

  push(bytes: Uint8Array): void {
    const parts = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split(/[\r\n]+/);
    this.#rest = (parts.pop() ?? '').slice(0, MAX_LINE);
    for (const part of parts) if (part !== '') this.#on(part.slice(0, MAX_LINE));
  }

  end(): void {
    if (this.#rest !== '') this.#on(this.#rest);
    this.#rest = '';
  }
}

function findProgram(program: string): string | undefined {
  if (program.includes('/') || isAbsolute(program)) return executable(program) ? program : undefined;
  if (program === '') return undefined;
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, program)).find(executable);
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

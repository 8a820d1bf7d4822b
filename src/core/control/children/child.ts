// The seam to other programs: what a child is to those who start one. core/net has the real one, tests have a fake.
import type { SrsxError } from '../../base/errors.ts';
import type { Link } from '../../base/link.ts';

/** A program with its arguments, which reach it as they are: there is no shell in between. */
export interface ChildCommand {
  /** A path, or a name that is looked for in PATH. */
  readonly program: string;
  readonly args: readonly string[];
  /** Files that its output is added to; one that cannot be written is a line, and left out. Without, it is dropped. */
  readonly stdoutFile?: string | undefined;
  readonly stderrFile?: string | undefined;
}

/** How a child ended. */
export interface ChildEnd {
  /** Undefined when it was killed or never ran. */
  readonly code: number | undefined;
  /** Such as SIGKILL. */
  readonly signal: string | undefined;
  /** It could not be started: NET_PROGRAM and others. */
  readonly error: SrsxError | undefined;
}

/** What becomes of a child. */
export interface ChildEvents {
  /** A line that it wrote to standard error, cut at `MAX_LINE`. */
  readonly line: (text: string) => void;
  /** Called once, after the last line, never during `start`. */
  readonly ended: (end: ChildEnd) => void;
}

/** A program that runs, in a process group of its own. */
export interface Child {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined;
  /** Asks the whole group to end (SIGTERM), and kills it when it does not in time. Idempotent. */
  stop(): void;
}

/** A child whose standard output is read. */
export interface PipedChild extends Child {
  readonly stdout: Link;
}

/** A child that is written to and read from. */
export interface DialogueChild extends PipedChild {
  /** Its standard input; closing it is the end of the input, after which most programs end by themselves. */
  readonly stdin: Link;
}

/**
 * Starts programs. None outlives this process, however it ends: a watchdog kills the groups of those that are left.
 */
export interface Children {
  start(command: ChildCommand, events: ChildEvents): Child;
  /** The same with its standard output as a link. */
  pipe(command: ChildCommand, events: ChildEvents): PipedChild;
  /** The same with its standard input as a link too. */
  converse(command: ChildCommand, events: ChildEvents): DialogueChild;
  /** The path of a program that may be started; undefined when there is none. */
  find(program: string): string | undefined;
}

/** Characters of a line of standard error that are kept. */
export const MAX_LINE = 500;

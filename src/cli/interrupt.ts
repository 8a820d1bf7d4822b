// ctrl-C and SIGTERM as an AbortSignal: the first asks to end in order, the second ends at once. A server may take the
// first SIGTERM for itself.
import { exitCode } from './exit-code.ts';

/** The operator wants an end. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** The exit code of what came; undefined: nothing came. */
  readonly code: () => number | undefined;
  /** The next SIGTERM only calls `first`; what comes after it counts as usual. */
  softTerm(first: () => void): void;
  /** Gives the signals back to Node. */
  release(): void;
}

/** Listens for SIGINT and SIGTERM until released. */
export function listenForInterrupt(): Interrupt {
  const controller = new AbortController();
  let code: number | undefined;
  let soft: (() => void) | undefined;
  const come = (name: NodeJS.Signals): void => {
    if (name === 'SIGTERM' && soft !== undefined && code === undefined) {
      const first = soft;
      soft = undefined;
      first();
      return;
    }
    const now = name === 'SIGINT' ? exitCode.interrupted : exitCode.terminated;
    if (code !== undefined) process.exit(now);
    code = now;
    controller.abort();
  };
  process.on('SIGINT', come);
  process.on('SIGTERM', come);
  const release = (): void => {
    process.off('SIGINT', come);
    process.off('SIGTERM', come);
  };
  const softTerm = (first: () => void): void => {
    soft = first;
  };
  return { signal: controller.signal, code: () => code, softTerm, release };
}

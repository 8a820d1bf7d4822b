// ctrl-C and SIGTERM as an AbortSignal: the first asks to end in order, the second ends at once.
import { exitCode } from './exit-code.ts';

/** The operator wants an end. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** The exit code of what came; undefined: nothing came. */
  readonly code: () => number | undefined;
  /** Gives the signals back to Node. */
  release(): void;
}

/** Listens for SIGINT and SIGTERM until released. */
export function listenForInterrupt(): Interrupt {
  const controller = new AbortController();
  let code: number | undefined;
  const come = (name: NodeJS.Signals): void => {
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
  return { signal: controller.signal, code: () => code, release };
}

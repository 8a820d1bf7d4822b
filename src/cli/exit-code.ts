// What the exit code of every command says; one table for the code, the help and the README.
import {
  BugError,
  ConfigError,
  LimitError,
  ProtocolError,
  RefusedError,
  SrsxError,
  SystemError,
} from '../core/base/errors.ts';

/** Each code by what it says. */
export const exitCode = {
  ok: 0,
  usage: 2,
  config: 3,
  refused: 4,
  network: 5,
  protocol: 6,
  limit: 7,
  findings: 8,
  bug: 70,
  threshold: 99,
  interrupted: 130,
  terminated: 143,
} as const;

/** One line for each code, in order. */
export const exitCodeTable: readonly (readonly [number, string])[] = [
  [exitCode.ok, 'it worked'],
  [exitCode.usage, 'the command line is wrong'],
  [exitCode.config, 'a setting or a certificate is wrong'],
  [exitCode.refused, 'the other side refused, or there is no such stream'],
  [exitCode.network, 'the network or a file: not reachable, port in use, timed out'],
  [exitCode.protocol, 'the other side or the file breaks its protocol'],
  [exitCode.limit, 'a limit of ours was reached'],
  [exitCode.findings, 'probe found something that must be fixed'],
  [exitCode.bug, 'a bug in srsx'],
  [exitCode.threshold, 'a --fail-if threshold was broken'],
  [exitCode.interrupted, 'ended by ctrl-C'],
  [exitCode.terminated, 'ended by SIGTERM'],
];

/** Errors that say no more than that the operator gave up: how he did is the exit code. */
const givenUp: readonly string[] = ['SNAPSHOT_GIVEN_UP'];

/**
 * The code for an error of any kind; what is not one of ours and not of the command line is a bug.
 *
 * @param interruptedBy the code of the signal that came before, if one did.
 */
export function exitCodeOf(error: unknown, interruptedBy?: number): number {
  if (interruptedBy !== undefined && error instanceof SrsxError && givenUp.includes(error.code)) return interruptedBy;
  if (error instanceof ConfigError) return exitCode.config;
  if (error instanceof RefusedError) return exitCode.refused;
  if (error instanceof SystemError) return exitCode.network;
  if (error instanceof ProtocolError) return exitCode.protocol;
  if (error instanceof LimitError) return exitCode.limit;
  if (error instanceof BugError || error instanceof SrsxError) return exitCode.bug;
  return oclifExit(error) ?? exitCode.bug;
}

/** The code that oclif gave to an error of its own: a wrong flag, a missing argument, an exit. */
export function oclifExit(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('oclif' in error)) return undefined;
  const { oclif } = error;
  if (typeof oclif !== 'object' || oclif === null || !('exit' in oclif)) return undefined;
  return typeof oclif.exit === 'number' ? oclif.exit : undefined;
}

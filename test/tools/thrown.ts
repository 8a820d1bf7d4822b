// What a call throws or rejects with, by its code.
import { SrsxError } from '../../src/core/base/errors.ts';

const codeOf = (error: unknown): string => (error instanceof SrsxError ? error.code : `not ours: ${String(error)}`);

/** The code of what `call` throws; undefined when it does not. */
export function thrown(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

/** The code of what a promise rejects with; undefined when it does not. */
export const rejected = (promise: Promise<unknown>): Promise<string | undefined> =>
  promise.then(() => undefined, codeOf);

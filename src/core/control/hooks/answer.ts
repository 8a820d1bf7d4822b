// What a callback server's answer means: 0 and {"code":0} are yes, everything else is no.
import type { RefusedError } from '../../base/errors.ts';
import { hookErrors } from './errors.ts';

/** Bytes of an answer that are read; beyond, it is no answer. */
export const ANSWER_BYTES = 64 * 1024;
/** Targets that a forward backend may name. */
const MAX_TARGETS = 64;

/** Statuses that SRS takes for an answer. */
export const isAnswer = (status: number): boolean => status === 200 || status === 201;

/**
 * Returns the answer when it says yes.
 *
 * Errors: HOOKS_REFUSED (another number), HOOKS_ANSWER (anything else).
 */
export function accepted(hook: string, text: string): unknown {
  const answer = parse(hook, text);
  const code = typeof answer === 'object' && answer !== null && 'code' in answer ? answer.code : answer;
  if (code === 0) return answer;
  if (typeof code === 'number' && Number.isInteger(code))
    throw hookErrors.refused('REFUSED', { hook, why: `code ${code}` });
  throw fault(hook, 'there is no code that is a whole number');
}

/**
 * The URLs in the answer of a forward backend, `{"code":0,"data":{"urls":["rtmp://..."]}}`; none when it names none.
 *
 * Errors: HOOKS_ANSWER.
 */
export function targetsIn(hook: string, answer: unknown): readonly string[] {
  const data = member(answer, 'data');
  const urls = member(data, 'urls');
  if (urls === undefined) return [];
  if (!Array.isArray(urls) || urls.length > MAX_TARGETS) throw fault(hook, `urls is no list of at most ${MAX_TARGETS}`);
  return urls.map((url: unknown) => {
    if (typeof url !== 'string') throw fault(hook, 'a target is not text');
    return url;
  });
}

function parse(hook: string, text: string): unknown {
  if (text.trim() === '') throw fault(hook, 'it is empty');
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw hookErrors.refused('ANSWER', { hook, why: 'it is no JSON' }, cause);
  }
}

const member = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;

const fault = (hook: string, why: string): RefusedError => hookErrors.refused('ANSWER', { hook, why });

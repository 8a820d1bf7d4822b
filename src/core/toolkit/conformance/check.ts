// One question to an endpoint, and the words of its outcome.
import type { Answer, EndpointClient } from './client.ts';

/** What came of a check. */
export interface Outcome {
  readonly verdict: 'pass' | 'fail' | 'skip';
  /** What came, in a few words. */
  readonly found: string;
}

/** One rule of the specification. */
export interface Check {
  readonly id: string;
  /** Of RFC 9725, WHEP's is derived unless both are given; or, with its §, of another document. */
  readonly section: string | Readonly<Record<'whip' | 'whep', string>>;
  readonly level: 'must' | 'should';
  readonly title: string;
  readonly advice: string;
  /** Undefined: of both protocols. */
  readonly only?: 'whip' | 'whep';
  /** What it throws is a failure too. */
  readonly run: (client: EndpointClient) => Promise<Outcome>;
}

/** Passes when it holds. */
export const verdict = (holds: boolean, found: string): Outcome => ({ verdict: holds ? 'pass' : 'fail', found });

/** The endpoint need not have it. */
export const skip = (found: string): Outcome => ({ verdict: 'skip', found });

/** The status, and what the body says of a refusal. */
export function shown({ status, text }: Answer): string {
  const [line = ''] = text.split('\n', 1);
  return status >= 400 && line !== '' ? `${status}: ${line.slice(0, MOST_SHOWN)}` : String(status);
}

const MOST_SHOWN = 120;

/** One of these statuses. */
export const isStatus = (answer: Answer, ...statuses: readonly number[]): Outcome =>
  verdict(statuses.includes(answer.status), shown(answer));

/** Any refusal that blames the client. */
export const isRefused = (answer: Answer): Outcome =>
  verdict(answer.status >= 400 && answer.status < 500, shown(answer));

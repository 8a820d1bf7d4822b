// Asks a WHIP or WHEP endpoint what its specification wants of it, section by section (RFC 9725, draft-ietf-wish-whep): only
// HTTP and offers that nobody means; no media flows.
import { toSrsxError } from '../base/session.ts';
import { fromSeconds, type Micros } from '../base/time.ts';
import { hideKeys } from '../control/hide-secrets.ts';
import type { ClientHost } from '../control/host.ts';
import { answerChecks } from './conformance/answer-checks.ts';
import type { Check, Outcome } from './conformance/check.ts';
import { EndpointClient } from './conformance/client.ts';
import { offerChecks } from './conformance/offer-checks.ts';
import { patchChecks } from './conformance/patch-checks.ts';
import { requestChecks } from './conformance/request-checks.ts';
import { conformanceErrors } from './errors.ts';

/** Which endpoint is asked, and how. */
export interface ConformanceOptions {
  /** `whip://host/path`, `whips://…` (https), `whep://…`, `wheps://…`. */
  readonly source: string;
  readonly signal: AbortSignal;
  /** Bearer token for all requests; without one the checks of RFC 9725 §4.7.1 are left out. */
  readonly token?: string | undefined;
  /** Of each request; default 10 s. */
  readonly timeout?: Micros | undefined;
  readonly insecure?: boolean | undefined;
}

/** What one check found. */
export interface ConformanceCheck {
  /** Stable, such as `delete-again`. */
  readonly id: string;
  /** `RFC 9725 §4.2`, the same of the draft of WHEP, or what both of them refer to. */
  readonly section: string;
  /** How much the specification wants it. */
  readonly level: 'must' | 'should';
  readonly title: string;
  /** Skip: the endpoint need not have it, and has not. */
  readonly verdict: 'pass' | 'fail' | 'skip';
  /** What came. */
  readonly found: string;
  readonly advice: string;
}

/** A plain object for JSON. */
export interface ConformanceReport {
  readonly source: string;
  readonly kind: 'whip' | 'whep';
  readonly checks: readonly ConformanceCheck[];
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** In the order of the specification. */
const all: readonly Check[] = [...requestChecks, ...answerChecks, ...patchChecks, ...offerChecks];

/**
 * Runs every check one after the other; each ends the sessions that it began. Throws CONFORMANCE_URL; rejects with NET_* when
 * the endpoint cannot be reached at all. Costs the endpoint a few requests for each check, and no media.
 */
export async function checkConformance(host: ClientHost, options: ConformanceOptions): Promise<ConformanceReport> {
  const { kind, url } = endpointOf(options.source);
  const { timeout = fromSeconds(10), signal, token, insecure = false } = options;
  const client = new EndpointClient({ host, url, kind, signal, token, timeout, insecure });
  await client.ask('OPTIONS', url).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  const checks: ConformanceCheck[] = [];
  for (const check of all) {
    if (signal.aborted) break;
    if (check.only === undefined || check.only === kind) checks.push(await runCheck(check, client));
  }
  const count = (verdict: ConformanceCheck['verdict']): number =>
    checks.filter((check) => check.verdict === verdict).length;
  return {
    source: hideKeys(options.source),
    kind,
    checks,
    passed: count('pass'),
    failed: count('fail'),
    skipped: count('skip'),
  };
}

async function runCheck(check: Check, client: EndpointClient): Promise<ConformanceCheck> {
  const { id, level, title, advice, section } = check;
  const outcome = await outcomeOf(check, client);
  return { id, section: sectionName(section, client.kind), level, title, ...outcome, advice };
}

async function outcomeOf(check: Check, client: EndpointClient): Promise<Outcome> {
  try {
    return await check.run(client);
  } catch (thrown) {
    const { code, message } = toSrsxError(thrown);
    return { verdict: 'fail', found: `${message} (${code})` };
  } finally {
    await client.endSessions();
  }
}

/** WHEP has a section about the end of a session, so that everything behind it has the next number (draft 03). */
function sectionName(section: Check['section'], kind: ConformanceReport['kind']): string {
  const own = typeof section === 'string' ? section : section[kind];
  if (own.includes('§')) return own;
  const named = typeof section === 'string' && kind === 'whep' ? shifted(section) : own;
  return `${kind === 'whip' ? 'RFC 9725' : 'draft-ietf-wish-whep'} §${named}`;
}

const shifted = (section: string): string =>
  section.replace(/^4\.([3-9])/, (_, second: string) => `4.${Number(second) + 1}`);

/** Throws CONFORMANCE_URL. */
function endpointOf(source: string): { kind: ConformanceReport['kind']; url: URL } {
  const [, kind, secure, rest] = /^(whip|whep)(s?):\/\/(.+)$/i.exec(source) ?? [];
  const url = rest === undefined ? null : URL.parse(`http${secure?.toLowerCase() ?? ''}://${rest}`);
  if (kind === undefined || url === null) throw conformanceErrors.config('URL', { source: hideKeys(source) });
  return { kind: kind.toLowerCase() === 'whip' ? 'whip' : 'whep', url };
}

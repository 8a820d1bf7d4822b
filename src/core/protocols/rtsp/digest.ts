// Answers to challenges of a server: Basic (RFC 7617) and Digest (RFC 7616, and RFC 2617 for those who say no qop).
import { createHash } from 'node:crypto';

/** One challenge of a WWW-Authenticate header. */
export interface Challenge {
  readonly scheme: 'basic' | 'digest';
  /** In lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Who asks for what. */
export interface Question {
  readonly method: string;
  /** As it stands in the request. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Of the client, new for each request. */
  readonly cnonce: string;
  /** How often the nonce was used, from 1. */
  readonly count: number;
}

/** Challenges of one header: some servers offer three. */
const MOST_CHALLENGES = 8;

/** `Digest realm="x", nonce="y", Basic realm="x"`; other schemes are left out. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let parameters: Map<string, string> | undefined;
  const words = /(?:^|[\s,]+)(?:(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([\w-]+)(?=\s|$))/g;
  for (const [, name, quoted, plain, scheme] of header.matchAll(words)) {
    if (scheme !== undefined) {
      const known = scheme.toLowerCase();
      parameters = new Map();
      if (challenges.length >= MOST_CHALLENGES) break;
      if (known === 'basic' || known === 'digest') challenges.push({ scheme: known, parameters });
    } else if (name !== undefined && (parameters?.size ?? 0) < 32) {
      parameters?.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '');
    }
  }
  return challenges;
}

const hashes: Readonly<Record<string, string>> = { md5: 'md5', 'sha-256': 'sha256', 'sha-512-256': 'sha512-256' };

const algorithmOf = ({ parameters }: Challenge): string => (parameters.get('algorithm') ?? 'MD5').toLowerCase();
const hashOf = (challenge: Challenge): string | undefined => hashes[algorithmOf(challenge).replace(/-sess$/, '')];

/** The strongest that is understood: SHA before MD5 before a password in the clear. */
export function bestChallenge(challenges: readonly Challenge[]): Challenge | undefined {
  const digests = challenges.filter((one) => one.scheme === 'digest' && hashOf(one) !== undefined && canQop(one));
  return (
    digests.find((one) => hashOf(one) !== 'md5') ?? digests[0] ?? challenges.find(({ scheme }) => scheme === 'basic')
  );
}

/** `auth-int` would need the body, which nobody asks for. */
const qops = ({ parameters }: Challenge): string[] | undefined =>
  parameters
    .get('qop')
    ?.split(',')
    .map((one) => one.trim().toLowerCase());
const canQop = (challenge: Challenge): boolean => qops(challenge)?.includes('auth') ?? true;

/** The value of Authorization. */
export function answerChallenge(challenge: Challenge, question: Question): string {
  const { user, password } = question;
  if (challenge.scheme === 'digest') return answerDigest(challenge, question);
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** RFC 7616 §3.4; without a qop RFC 2617 §3.2.2.1. */
function answerDigest(challenge: Challenge, { method, url, user, password, cnonce, count }: Question): string {
  const { parameters } = challenge;
  const [realm, nonce] = [parameters.get('realm') ?? '', parameters.get('nonce') ?? ''];
  const name = hashOf(challenge) ?? 'md5';
  const hash = (...parts: readonly string[]): string => createHash(name).update(parts.join(':')).digest('hex');
  const secret = hash(user, realm, password);
  const a1 = algorithmOf(challenge).endsWith('-sess') ? hash(secret, nonce, cnonce) : secret;
  const a2 = hash(method, url);
  const nc = count.toString(16).padStart(8, '0');
  const withQop = qops(challenge) !== undefined;
  const response = withQop ? hash(a1, nonce, nc, cnonce, 'auth', a2) : hash(a1, nonce, a2);
  const [algorithm, opaque] = [parameters.get('algorithm'), parameters.get('opaque')];
  return [
    `Digest username=${quote(user)}, realm=${quote(realm)}, nonce=${quote(nonce)}, uri=${quote(url)}`,
    `response="${response}"`,
    ...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
    ...(opaque === undefined ? [] : [`opaque=${quote(opaque)}`]),
    ...(withQop || algorithmOf(challenge).endsWith('-sess') ? [`cnonce=${quote(cnonce)}`] : []),
    ...(withQop ? ['qop=auth', `nc=${nc}`] : []),
  ].join(', ');
}

const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

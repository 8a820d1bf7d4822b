// Credentials in an Authorization header (RFC 9110 §11.6.2), and their comparison in constant time.
import { createHash, timingSafeEqual } from 'node:crypto';

/** What a request brings along. */
export type Credentials =
  | { readonly scheme: 'basic'; readonly user: string; readonly password: string }
  | { readonly scheme: 'bearer'; readonly token: string };

/** More is no credential of ours; so long headers cost nothing. */
const LIMIT = 4096;

/**
 * RFC 7617 (basic: the user has no colon, the password may) and RFC 6750 §2.1 (bearer). Undefined for everything else,
 * damaged base64 included.
 */
export function parseAuthorization(header: string | undefined): Credentials | undefined {
  if (header === undefined || header.length > LIMIT) return undefined;
  const [, scheme = '', rest = ''] = /^\s*(\S+)\s+(\S+)\s*$/.exec(header) ?? [];
  if (/^bearer$/i.test(scheme)) return { scheme: 'bearer', token: rest };
  if (!/^basic$/i.test(scheme) || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(rest)) return undefined;
  const text = Buffer.from(rest, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  return { scheme: 'basic', user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Whether two secrets are the same, in a time that says nothing about where they differ, nor about their lengths. */
export function sameSecret(mine: string, theirs: string): boolean {
  return timingSafeEqual(digest(mine), digest(theirs));
}

const digest = (text: string): Uint8Array => createHash('sha256').update(text).digest();

// Signatures of the handshake: that a peer has the key of its certificate (RFC 5246 §4.7, §7.4.3, §7.4.8).
import { constants, type KeyObject, sign, verify, X509Certificate } from 'node:crypto';
import { dtlsErrors } from './errors.ts';
import type { Identity } from './identity.ts';

const scheme = { ecdsa: 0x0403, rsa: 0x0401, rsaPss: 0x0804 } as const;
/** Longer keys cost more than any peer is worth; shorter ones prove nothing. */
const RSA_BITS = { least: 1024, most: 8192 } as const;
const SHA256_BYTES = 32;

/** Number of the algorithm, and the signature. */
export interface Signature {
  readonly scheme: number;
  readonly bytes: Uint8Array;
}

export function signWith({ key, kind }: Identity, content: Uint8Array): Signature {
  return { scheme: scheme[kind], bytes: sign('sha256', content, key) };
}

/** The public key of a certificate (DER). Throws DTLS_MESSAGE. */
export function publicKeyOf(certificate: Uint8Array): KeyObject {
  let key: KeyObject;
  try {
    key = new X509Certificate(certificate).publicKey;
  } catch (cause) {
    throw dtlsErrors.protocol('MESSAGE', { why: 'its certificate cannot be read' }, cause);
  }
  const { modulusLength = RSA_BITS.least } = key.asymmetricKeyDetails ?? {};
  const known = key.asymmetricKeyType === 'ec' || key.asymmetricKeyType === 'rsa';
  if (!known || modulusLength < RSA_BITS.least || modulusLength > RSA_BITS.most) {
    throw dtlsErrors.refused('NO_COMMON', { what: 'kind of key' });
  }
  return key;
}

/** Throws DTLS_PROOF. */
export function checkProof(key: KeyObject, signature: Signature, content: Uint8Array): void {
  if (!fits(key, signature, content)) throw dtlsErrors.protocol('PROOF');
}

function fits(key: KeyObject, { scheme: number, bytes }: Signature, content: Uint8Array): boolean {
  const kind = key.asymmetricKeyType;
  if (number === scheme.ecdsa) return kind === 'ec' && verify('sha256', content, key, bytes);
  if (kind !== 'rsa') return false;
  if (number === scheme.rsa) return verify('sha256', content, key, bytes);
  const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: SHA256_BYTES };
  return number === scheme.rsaPss && verify('sha256', content, pss, bytes);
}

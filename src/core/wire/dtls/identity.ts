// Certificates: ours, made once for a server, and the fingerprints by which peers are known (RFC 8122 §5).
import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';

/** Certificate and key of one end. */
export interface Identity {
  /** DER. */
  readonly certificate: Uint8Array;
  readonly key: KeyObject;
  readonly kind: 'ecdsa' | 'rsa';
  readonly fingerprint: Fingerprint;
}

/** Of a certificate, as SDP writes it (RFC 8122 §5). */
export interface Fingerprint {
  /** `sha-256`, in lower case. */
  readonly hash: string;
  /** `AB:CD:...`, in upper case. */
  readonly value: string;
}

/** Numbers of TLS that werift wants. */
const SHA256 = 4;
const RSA = 1;
const ECDSA = 3;
const P256 = 23;

/** A self-signed certificate of P-256, or of RSA with 2048 bits. The library is only loaded when it is needed. */
export async function createIdentity(kind: Identity['kind'] = 'ecdsa'): Promise<Identity> {
  const { CipherContext } = await import('werift');
  const { certPem, keyPem } = await CipherContext.createSelfSignedCertificateWithKey(
    { hash: SHA256, signature: kind === 'ecdsa' ? ECDSA : RSA },
    P256,
  );
  return identityOf(certPem, keyPem, kind);
}

/** @param certificate PEM. @param key PEM, PKCS #8. */
function identityOf(certificate: string, key: string, kind: Identity['kind']): Identity {
  const der = Buffer.from(certificate.replace(/-----[^-]+-----|\s+/g, ''), 'base64');
  return { certificate: der, key: createPrivateKey(key), kind, fingerprint: fingerprintOf(der, 'sha-256') };
}

/** Hashes that are taken (RFC 8122 §5 forbids the older ones). */
const hashes: Readonly<Record<string, string>> = { 'sha-256': 'sha256', 'sha-384': 'sha384', 'sha-512': 'sha512' };

/** Whether a fingerprint says something that can be checked. */
const isKnownHash = (algorithm: string): boolean => algorithm.toLowerCase() in hashes;

/** @param name of a hash, one of `isKnownHash`. */
function fingerprintOf(certificate: Uint8Array, name: string): Fingerprint {
  const digest = createHash(hashes[name.toLowerCase()] ?? 'sha256')
    .update(certificate)
    .digest('hex');
  return { hash: name, value: (digest.toUpperCase().match(/../g) ?? []).join(':') };
}

/** Whether a certificate is one of those that were signalled. */
export const isKnown = (certificate: Uint8Array, fingerprints: readonly Fingerprint[]): boolean =>
  fingerprints.some(
    ({ hash, value }) => isKnownHash(hash) && fingerprintOf(certificate, hash).value === value.toUpperCase(),
  );

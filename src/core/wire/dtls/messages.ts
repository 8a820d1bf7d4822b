// Bodies of the messages between the hellos and the end (RFC 5246 §7.4, RFC 8422 §5).
import { ByteReader, ByteWriter, concat } from '../../base/bytes.ts';
import { dtlsErrors } from './errors.ts';
import { P256, parsing, signatureSchemes } from './hello.ts';
import type { Signature } from './proof.ts';

const NAMED_CURVE = 3;
/** An uncompressed point of P-256. */
const POINT_BYTES = 65;
const UNCOMPRESSED = 4;
/** Types of certificates by their keys: ECDSA, RSA. */
const certificateTypes = [64, 1];

export function writeCertificate(certificate: Uint8Array): Uint8Array {
  const out = new ByteWriter(certificate.length + 6);
  return out
    .u24(certificate.length + 3)
    .u24(certificate.length)
    .put(certificate)
    .done();
}

/** The first certificate of the chain; undefined for an empty one. */
export function parseCertificate(body: Uint8Array): Uint8Array | undefined {
  return parsing('Certificate', () => {
    const reader = new ByteReader(body);
    const chain = new ByteReader(reader.take(reader.u24()));
    return chain.left === 0 ? undefined : chain.take(chain.u24()).slice();
  });
}

/** What the server signs of its key exchange: curve and point. */
export const keyParameters = (point: Uint8Array): Uint8Array =>
  concat([Uint8Array.of(NAMED_CURVE, 0, P256, point.length), point]);

export function writeServerKeyExchange(point: Uint8Array, signature: Signature): Uint8Array {
  return concat([keyParameters(point), writeSignature(signature)]);
}

export function parseServerKeyExchange(body: Uint8Array): {
  readonly point: Uint8Array;
  readonly signature: Signature;
} {
  return parsing('ServerKeyExchange', () => {
    const reader = new ByteReader(body);
    if (reader.u8() !== NAMED_CURVE || reader.u16() !== P256) throw dtlsErrors.refused('NO_COMMON', { what: 'curve' });
    return { point: readPoint(reader), signature: readSignature(reader) };
  });
}

export const writeClientKeyExchange = (point: Uint8Array): Uint8Array => concat([Uint8Array.of(point.length), point]);

export const parseClientKeyExchange = (body: Uint8Array): Uint8Array =>
  parsing('ClientKeyExchange', () => readPoint(new ByteReader(body)));

function readPoint(reader: ByteReader): Uint8Array {
  const point = reader.take(reader.u8()).slice();
  if (point.length !== POINT_BYTES || point[0] !== UNCOMPRESSED) {
    throw dtlsErrors.protocol('MESSAGE', { why: 'its point is not one of P-256' });
  }
  return point;
}

export function writeCertificateRequest(): Uint8Array {
  const out = new ByteWriter();
  out.u8(certificateTypes.length);
  for (const type of certificateTypes) out.u8(type);
  out.u16(signatureSchemes.length * 2);
  for (const scheme of signatureSchemes) out.u16(scheme);
  // Authorities: any.
  return out.u16(0).done();
}

export function writeSignature({ scheme, bytes }: Signature): Uint8Array {
  return new ByteWriter().u16(scheme).u16(bytes.length).put(bytes).done();
}

export const parseSignature = (body: Uint8Array): Signature =>
  parsing('CertificateVerify', () => readSignature(new ByteReader(body)));

function readSignature(reader: ByteReader): Signature {
  return { scheme: reader.u16(), bytes: reader.take(reader.u16()).slice() };
}

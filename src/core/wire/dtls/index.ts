// DTLS 1.2 as WebRTC uses it; see README.md.
export { DtlsEndpoint, type DtlsKeys, type DtlsOptions } from './endpoint.ts';
export { createIdentity, type Fingerprint, type Identity } from './identity.ts';
export { isDtls } from './record.ts';

// DTLS against an independent end: werift, in both roles.

import { expect, it } from 'vitest';
import { DtlsClient, DtlsServer, type Transport } from 'werift';
import { DtlsEndpoint, type DtlsKeys } from '../../../../src/core/wire/dtls/index.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import { identities } from './pair.ts';

const SHA256_ECDSA = { hash: 4, signature: 3 };

function together(role: 'client' | 'server') {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let keys: DtlsKeys | undefined;
  const transport = {
    type: 'udp',
    address: ['127.0.0.1', 1],
    closed: false,
    onData: (_: Buffer) => undefined,
    send: async (bytes: Buffer) => queueMicrotask(() => guarded(() => ours.receive(new Uint8Array(bytes), 0))),
    close: async () => undefined,
  };
  const options = {
    transport: transport as unknown as Transport,
    cert: pem('CERTIFICATE', identities.server.certificate),
    key: identities.server.key.export({ type: 'pkcs8', format: 'pem' }) as string,
    signatureHash: SHA256_ECDSA,
    srtpProfiles: [1],
    certificateRequest: true,
    extendedMasterSecret: true,
  };
  const theirs = role === 'client' ? new DtlsServer(options as never) : new DtlsClient(options as never);
  const ours = new DtlsEndpoint({
    role,
    identity: identities.client,
    fingerprints: [identities.server.fingerprint],
    profiles: [1],
    rng: new SeedRng(),
    send: (datagram) => queueMicrotask(() => transport.onData(Buffer.from(datagram))),
    onKeys: (made) => {
      keys = made;
    },
    onClosed: () => undefined,
  });
  const guarded = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      reject(error);
    }
  };
  theirs.onConnect.subscribe(resolve);
  theirs.onError.subscribe(reject);
  ours.start(0);
  if (theirs instanceof DtlsClient) void theirs.connect();
  return { theirs, connected: promise, keys: () => keys };
}

const pem = (kind: string, der: Uint8Array): string =>
  `-----BEGIN ${kind}-----\n${Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END ${kind}-----\n`;

it.each(['client', 'server'] as const)('as a %s it agrees with werift on the keys', async (role) => {
  const { theirs, connected, keys } = together(role);

  await connected;

  const { localKey, localSalt, remoteKey, remoteSalt } = theirs.extractSessionKeys(16, 14);
  expect(keys()?.remote).toEqual({ key: new Uint8Array(localKey), salt: new Uint8Array(localSalt) });
  expect(keys()?.local).toEqual({ key: new Uint8Array(remoteKey), salt: new Uint8Array(remoteSalt) });
});

// DTLS: datagrams of any kind at both ends of a handshake, at every point of it.

import { concat } from '../../src/core/base/bytes.ts';
import { SrsxError } from '../../src/core/base/errors.ts';
import { fromMs } from '../../src/core/base/time.ts';
import { DtlsPair } from '../unit/wire/dtls/pair.ts';

export const name = 'dtls';

const flights: Uint8Array[] = [];
new DtlsPair({
  fate: (_, __, bytes) => {
    flights.push(bytes);
    return [{ bytes, after: fromMs(5) }];
  },
}).run();

/** Each datagram has its length in front, so that one input is a conversation. */
const framed = (datagram: Uint8Array): Uint8Array =>
  concat([Uint8Array.of(datagram.length >> 8, datagram.length & 0xff), datagram]);

export const seeds = [...flights.map(framed), concat(flights.map(framed))];

export function run(bytes: Uint8Array): void {
  const datagrams: Uint8Array[] = [];
  for (let at = 0; at + 2 <= bytes.length && datagrams.length < 50; ) {
    const size = (((bytes[at] as number) << 8) | (bytes[at + 1] as number)) % 1600;
    datagrams.push(bytes.slice(at + 2, at + 2 + size));
    at += 2 + size;
  }
  const pair = new DtlsPair();
  for (const [index, datagram] of datagrams.entries()) {
    pair.run(fromMs(index % 7));
    for (const { endpoint } of [pair.client, pair.server]) {
      try {
        endpoint.receive(datagram, pair.now);
      } catch (error) {
        // It ends the session, and with a code of ours.
        if (!(error instanceof SrsxError)) throw error;
        endpoint.close();
      }
    }
  }
  pair.run(fromMs(100));
}

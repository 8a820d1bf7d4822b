// DTLS between two ends of ours: what a network and an enemy can do to the handshake.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError, SrsxError } from '../../../../src/core/base/errors.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { DtlsEndpoint, isDtls } from '../../../../src/core/wire/dtls/index.ts';
import { srtpProfile } from '../../../../src/core/wire/srtp/index.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import { DtlsPair, type Fate, identities } from './pair.ts';

const TRIP = fromMs(5);
const sides = ['client', 'server'] as const;
/** A handshake has at most this many datagrams in each direction. */
const datagrams = [0, 1, 2, 3];
const every = sides.flatMap((side) => datagrams.map((index) => ({ side, index })));

/** One datagram has another fate, all others pass. */
const one =
  (side: string, index: number, fate: (bytes: Uint8Array) => ReturnType<Fate>): Fate =>
  (from, count, bytes) =>
    from === side && count === index ? fate(bytes) : [{ bytes, after: TRIP }];

const code = (error: unknown): string | undefined => (error instanceof SrsxError ? error.code : undefined);

describe('an undisturbed handshake', () => {
  it('gives both ends the same keys, crossed', () => {
    const { client, server } = new DtlsPair().run();

    expect(client.keys?.profile).toBe(srtpProfile.aes128CmSha1_80);
    expect(client.keys?.local).toEqual(server.keys?.remote);
    expect(client.keys?.remote).toEqual(server.keys?.local);
    expect(client.keys?.local).not.toEqual(client.keys?.remote);
  });

  it('what the server sends with its keys comes behind its last flight', () => {
    const order: string[] = [];
    const fate: Fate = (from, _, bytes) => {
      if (from === 'server') order.push('flight');
      return [{ bytes, after: TRIP }];
    };
    new DtlsPair({ fate, server: { onKeys: () => void order.push('keys') } }).run();

    expect(order.at(-1)).toBe('keys');
  });

  it('takes two trips and waits for nothing', () => {
    const pair = new DtlsPair().run(TRIP * 4);

    expect(pair.bothOpen).toBe(true);
    expect([pair.client.endpoint.deadline, pair.server.endpoint.deadline]).toEqual([Infinity, Infinity]);
  });

  it.each(['client', 'server'] as const)('with RSA at the %s, whose certificate needs fragments', (side) => {
    const pair = new DtlsPair({ identity: { [side]: identities.rsa } }).run();

    expect(pair.bothOpen).toBe(true);
  });

  it('agrees on the profile that the server prefers', () => {
    const profiles = [srtpProfile.aeadAes128Gcm];
    const { client } = new DtlsPair({ server: { profiles } }).run();

    expect(client.keys?.profile).toBe(srtpProfile.aeadAes128Gcm);
    expect(client.keys?.local.salt).toHaveLength(12);
  });

  it('ends with a good-bye that only the peer can say', () => {
    const pair = new DtlsPair().run();

    pair.client.endpoint.close();
    pair.run();

    expect(pair.server.closed).toBe(true);
    expect(pair.server.error).toBeUndefined();
  });
});

describe('a bad network', () => {
  it.each(every)('datagram $index of the $side is lost', ({ side, index }) => {
    const pair = new DtlsPair({ fate: one(side, index, () => []) }).run(fromSeconds(2));

    expect(pair.bothOpen).toBe(true);
  });

  it.each(every)('datagram $index of the $side comes twice', ({ side, index }) => {
    const twice = (bytes: Uint8Array) => [
      { bytes, after: TRIP },
      { bytes, after: TRIP * 2 },
    ];
    const pair = new DtlsPair({ fate: one(side, index, twice) }).run(fromSeconds(2));

    expect(pair.bothOpen).toBe(true);
  });

  it.each(every)('datagram $index of the $side is overtaken', ({ side, index }) => {
    const late = (bytes: Uint8Array) => [{ bytes, after: TRIP * 10 }];
    const pair = new DtlsPair({ fate: one(side, index, late) }).run(fromSeconds(2));

    expect(pair.bothOpen).toBe(true);
  });

  it.each(every)(
    'datagram $index of the $side is damaged anywhere: open, or an error of ours at both ends',
    (which) => {
      fc.assert(
        fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (at, flip) => {
          const damaged = (bytes: Uint8Array) => {
            bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ flip;
            return [{ bytes, after: TRIP }];
          };
          const pair = new DtlsPair({ fate: one(which.side, which.index, damaged) }).run(fromSeconds(40));

          const ends = [pair.client, pair.server];
          if (ends.every(({ endpoint }) => endpoint.open)) {
            expect(pair.client.keys?.local).toEqual(pair.server.keys?.remote);
          } else {
            for (const { error } of ends) if (error !== undefined) expect(error).toBeInstanceOf(SrsxError);
            expect(ends.some(({ error }) => error !== undefined)).toBe(true);
          }
        }),
        { numRuns: 40 },
      );
    },
  );

  it('with a fifth of all datagrams lost it stands within five seconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
        const rng = new SeedRng(seed);
        const fate: Fate = (_, __, bytes) => (rng.below(5) === 0 ? [] : [{ bytes, after: TRIP * (1 + rng.below(10)) }]);
        const pair = new DtlsPair({ fate, seed }).run(fromSeconds(5));

        expect(pair.bothOpen).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('a peer that is gone ends in DTLS_TIMEOUT', () => {
    const pair = new DtlsPair({ fate: () => [] }).run(fromSeconds(60));

    expect(code(pair.client.error)).toBe('DTLS_TIMEOUT');
    expect(code(pair.server.error)).toBe('DTLS_TIMEOUT');
    // One each 400 ms.
    expect(pair.client.sent).toBeLessThan(45);
  });
});

describe('an enemy', () => {
  it.each(sides)('another certificate than the signalled one is refused by the %s', (side) => {
    const pair = new DtlsPair({ [side]: { fingerprints: [identities.rsa.fingerprint] } }).run();

    expect(code(pair[side].error)).toBe('DTLS_FINGERPRINT');
    expect(pair[side].keys).toBeUndefined();
  });

  it.each([
    ['client', 'server'],
    ['server', 'client'],
  ] as const)('a %s with a stolen certificate, without its key, is refused', (thief, victim) => {
    const stolen = { ...identities[thief], key: identities[victim].key };
    const pair = new DtlsPair({ [thief]: { identity: stolen } }).run();

    expect(code(pair[victim].error)).toBe('DTLS_PROOF');
    expect(pair[victim].keys).toBeUndefined();
  });

  it('no common profile, DTLS_NO_COMMON', () => {
    const pair = new DtlsPair({ client: { profiles: [] } }).run();

    expect(code(pair.server.error)).toBe('DTLS_NO_COMMON');
  });

  it('an end that is not protected is no end', () => {
    const finished = (sequence: number): Uint8Array =>
      Uint8Array.of(
        22,
        254,
        253,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        9,
        0,
        24,
        20,
        0,
        0,
        12,
        0,
        sequence,
        0,
        0,
        0,
        0,
        0,
        12,
        ...new Uint8Array(12),
      );
    // The last flight of the server, whose messages so far were numbered 0 to 4.
    const fate: Fate = (from, _, bytes) =>
      from === 'server' && bytes[0] === 20 ? [{ bytes: finished(5), after: TRIP }] : [{ bytes, after: TRIP }];
    const { client } = new DtlsPair({ fate }).run();

    expect(code(client.error)).toBe('DTLS_STATE');
    expect(client.keys).toBeUndefined();
  });

  it('an alert that anybody could send only explains the time-out', () => {
    const alert = Uint8Array.of(21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40);
    const fate: Fate = (from, index) => (from === 'server' && index === 0 ? [{ bytes: alert, after: TRIP }] : []);
    const pair = new DtlsPair({ fate: (from, index, bytes) => [...fate(from, index, bytes), { bytes, after: TRIP }] });

    expect(pair.run().bothOpen).toBe(true);
    const lonely = new DtlsPair({
      fate: (from, index, bytes) => (from === 'client' ? [{ bytes, after: TRIP }] : fate(from, index, bytes)),
    });
    expect((lonely.run(fromSeconds(60)).client.error as Error).message).toContain('the last alert was 40');
  });

  it('an answer to repetitions is never more often than the peer asks, and not for each datagram', () => {
    const pair = new DtlsPair().run();
    const hello = new DtlsPair({ seed: 1, fate: () => [] });
    const before = pair.server.sent;
    let captured: Uint8Array | undefined;
    new DtlsPair({
      fate: (from, index, bytes) => {
        if (from === 'client' && index === 0) captured = bytes;
        return [];
      },
    });

    for (let i = 0; i < 1000; i++) pair.server.endpoint.receive(captured as Uint8Array, pair.now);

    expect(hello.client.sent).toBe(1);
    expect(pair.server.sent - before).toBeLessThanOrEqual(1);
  });
});

describe('garbage', () => {
  it('any bytes in any state give errors of ours and nothing else', () => {
    const flights: Uint8Array[] = [];
    new DtlsPair({
      fate: (_, __, bytes) => {
        flights.push(bytes);
        return [{ bytes, after: TRIP }];
      },
    }).run();
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(fc.constantFrom(...flights), fc.nat(), fc.nat(255)).map(([flight, at, value]) => {
        const copy = flight.slice();
        copy[at % copy.length] = value;
        return copy;
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...sides), fc.array(bytes, { maxLength: 12 }), (role, list) => {
        const endpoint = new DtlsEndpoint({
          role,
          identity: identities[role],
          fingerprints: [identities.client.fingerprint, identities.server.fingerprint],
          profiles: [1],
          rng: new SeedRng(3),
          send: () => undefined,
          onKeys: () => undefined,
          onClosed: () => undefined,
        });
        endpoint.start(0);
        try {
          for (const datagram of list) endpoint.receive(datagram, 0);
        } catch (error) {
          if (!(error instanceof SrsxError)) throw error;
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('fragments that are empty, overlap or lie do not hang and do not grow', () => {
    const header = (body: readonly number[]) =>
      Uint8Array.of(22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 1, 0, body.length, ...body);
    const fragment = (length: number, at: number, size: number) =>
      header([1, 0, length >> 8, length & 255, 0, 0, 0, 0, at, 0, 0, size, ...new Array<number>(size).fill(7)]);
    const { server } = new DtlsPair({ fate: () => [] });

    for (let i = 0; i < 1000; i++) server.endpoint.receive(fragment(60, 0, 0), 0);
    server.endpoint.receive(fragment(60, 0, 40), 0);
    server.endpoint.receive(fragment(60, 10, 30), 0);

    expect(() => server.endpoint.receive(fragment(50, 0, 10), 0)).toThrow(ProtocolError);
    expect(() => server.endpoint.receive(fragment(60, 50, 20), 0)).toThrow(
      expect.objectContaining({ code: 'DTLS_MESSAGE' }),
    );
  });

  it('a message at the wrong time is DTLS_STATE', () => {
    const finished = Uint8Array.of(22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 1, 0, 12, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const { server } = new DtlsPair({ fate: () => [] });

    expect(() => server.endpoint.receive(finished, 0)).toThrow(expect.objectContaining({ code: 'DTLS_STATE' }));
  });

  it('is told from STUN and RTP by its first byte', () => {
    const datagram = (first: number) => Uint8Array.of(first, ...new Array<number>(20).fill(0));

    expect([19, 20, 63, 64].map((first) => isDtls(datagram(first)))).toEqual([false, true, true, false]);
  });
});

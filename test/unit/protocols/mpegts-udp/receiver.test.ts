import { describe, expect, it, vi } from 'vitest';
import { concat } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import type { Port } from '../../../../src/core/base/link.ts';
import { fromMs } from '../../../../src/core/base/time.ts';
import type { Admission } from '../../../../src/core/control/admission.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { TsDemuxer, TsMuxer } from '../../../../src/core/format/ts/index.ts';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';
import { serve } from '../../../../src/core/protocols/mpegts-udp/serve.ts';
import { aacTrack, h264Track, live } from '../../../tools/builders.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import { settled, setUp } from '../http-flv/fakes.ts';

const tracks = [h264Track, aacTrack];
const frames = live({ seconds: 2 });
const one = { host: '192.0.2.1', port: 5000 };
const two = { host: '192.0.2.2', port: 5000 };
const name = { vhost: '__defaultVhost__', app: 'live', stream: 'ts' };

/** A transport stream in datagrams of seven packets. */
function datagrams(): Uint8Array[] {
  const muxer = new TsMuxer();
  const packets = [...muxer.header(tracks), ...frames.flatMap((frame) => muxer.write(frame))];
  const bytes = concat(packets.flatMap(({ chunks }) => chunks));
  const size = 7 * 188;
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

const config = (body = 'output rtmp://127.0.0.1/live/ts; listen 8935;'): string =>
  `listen 1935; stream_caster { enabled on; caster mpegts_over_udp; ${body} } vhost __defaultVhost__ { }`;

async function world(text = config(), admission?: Admission) {
  const base = await setUp({ ...(admission && { admission }) });
  const ports: { port: Port; at: number; closed: boolean }[] = [];
  const host = {
    ...base.host,
    settings: settingsOf(text),
    net: {
      ...base.host.net,
      listenUdp: async ({ port: at }: { port: number }) => {
        const entry = { at, closed: false } as (typeof ports)[number];
        entry.port = {
          local: { host: '0.0.0.0', port: at },
          send: () => undefined,
          sendBatch: () => undefined,
          close: () => {
            entry.closed = true;
          },
          onDatagram: () => undefined,
        };
        ports.push(entry);
        return entry.port;
      },
    },
  };
  const server = await serve(host);
  const send = (datagram: Uint8Array, from = one): void => ports[0]?.port.onDatagram(datagram, from);
  const events: MediaEvent[] = [];
  base.hub.watch({ published: (stream) => void stream.tap((event) => events.push(event)) });
  const count = (): number => events.filter(({ type }) => type === 'frame').length;
  return { ...base, host, server, ports, send, count };
}

describe('a caster of transport streams over UDP', () => {
  it('publishes what one sender sends, without losing what came before the admission answered', async () => {
    const { send, count, hub, asked, advance, host } = await world();
    for (const datagram of datagrams()) send(datagram);
    await settled();

    expect(hub.find(name)?.published).toBe(true);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ type: 'flash-publish', peer: one, name });
    advance(6000);

    // The last frame of each track comes out when the sender is given up.
    const demuxer = new TsDemuxer(defaultLimits);
    const events = [...datagrams().flatMap((datagram) => demuxer.push(datagram)), ...demuxer.end()];
    expect(count()).toBe(events.filter(({ type }) => type === 'frame').length);
    expect(count()).toBeGreaterThan(frames.length - 5);
    expect([hub.find(name)?.published ?? false, host.sessions.size]).toEqual([false, 0]);
  });

  it('takes the sender again after a silence', async () => {
    const { send, hub, advance } = await world();
    send(datagrams()[0] as Uint8Array);
    await settled();
    advance(30_000);
    expect(hub.find(name)?.published ?? false).toBe(false);

    // The time-out of the first media pauses the port.
    advance(3000);
    send(datagrams()[0] as Uint8Array);
    await settled();

    expect(hub.find(name)?.published).toBe(true);
  });

  it('drops other senders, and lets one take over when the first is silent for 1 s', async () => {
    const { send, count, clock, asked, lines } = await world();
    const all = datagrams();
    for (const datagram of all) send(datagram);
    await settled();
    const before = count();
    for (const datagram of all) send(datagram, two);
    expect(count()).toBe(before);
    expect(lines.some(({ text }) => text.includes('another sender'))).toBe(true);

    clock.advance(fromMs(1000));
    for (const datagram of all) send(datagram, two);
    await settled();

    expect(asked.map(({ peer }) => peer)).toEqual([one, two]);
    expect(count()).toBeGreaterThan(before);
  });

  it('asks no admission for what is no transport stream', async () => {
    const { send, asked } = await world();
    const rng = new SeedRng(7);
    send(new Uint8Array(0));
    send(Uint8Array.of(0x47));
    send(new Uint8Array(1316));
    for (let i = 0; i < 1000; i++) {
      const datagram = rng.bytes(rng.below(2000));
      if (datagram[0] !== 0x47) send(datagram);
    }
    await settled();

    expect(asked).toHaveLength(0);
  });

  it('asks once in 3 s when the admission refuses', async () => {
    const refusing: Admission = { admit: () => Promise.reject(new Error('no')) };
    const { send, asked, advance, hub } = await world(config(), refusing);
    for (let i = 0; i < 100; i++) {
      send(datagrams()[0] as Uint8Array);
      await settled();
    }
    expect(asked).toHaveLength(1);

    advance(3000);
    send(datagrams()[0] as Uint8Array);
    await settled();

    expect(asked).toHaveLength(2);
    expect(hub.size).toBe(0);
  });

  it('holds at most 512 datagrams while the admission thinks', async () => {
    const gate = Promise.withResolvers<void>();
    const slow: Admission = {
      admit: async () => {
        await gate.promise;
        return { name, policy: 'refuse', mergeWindow: 0 };
      },
    };
    const { send, host } = await world(config(), slow);
    const datagram = datagrams()[0] as Uint8Array;
    for (let i = 0; i < 10_000; i++) send(datagram);
    gate.resolve();
    await settled();

    const [entry] = [...host.sessions.list()];
    expect(entry?.received.total).toBe(512 * 1316);
  });

  it('survives damage of every kind, and ends a sender that sends something else', async () => {
    const { send, hub, advance } = await world();
    const rng = new SeedRng(3);
    const all = datagrams();
    for (let i = 0; i < 3000; i++) {
      const datagram = (all[i % all.length] as Uint8Array).slice(0, rng.below(1317));
      for (let n = rng.below(20); n > 0; n--)
        if (datagram.length > 0) datagram[rng.below(datagram.length)] = rng.below(256);
      send(datagram);
      if (i === 0) await settled();
    }
    advance(250);

    for (let i = 0; i < 2000; i++) send(new Uint8Array(1316));
    await settled();
    expect(hub.find(name)?.published ?? false).toBe(false);
  });

  it('cuts at every byte do no harm', async () => {
    const { send, hub } = await world();
    const bytes = concat(datagrams()).subarray(0, 188 * 40);
    send(datagrams()[0] as Uint8Array);
    await settled();
    for (let at = 1; at < bytes.length; at += 37) send(bytes.subarray(at, at + 1316));

    expect(hub.find(name)?.published).toBe(true);
  });

  it('frees the name and the port when the server stops', async () => {
    const { send, server, ports, hub, host } = await world();
    for (const datagram of datagrams()) send(datagram);
    await settled();
    server.close();
    server.close();

    expect([ports[0]?.closed, hub.find(name)?.published ?? false, host.sessions.size]).toEqual([true, false, 0]);
  });

  it('publishes nothing when the server stopped while the admission thought, and gives the ticket back', async () => {
    const ticket = { begin: vi.fn(), end: vi.fn() };
    const gate = Promise.withResolvers<void>();
    const slow: Admission = {
      admit: async () => {
        await gate.promise;
        return { name, policy: 'refuse', mergeWindow: 0, ticket };
      },
    };
    const { send, server, hub } = await world(config(), slow);
    send(datagrams()[0] as Uint8Array);
    server.close();
    gate.resolve();
    await settled();

    expect(hub.size).toBe(0);
    expect([ticket.begin.mock.calls.length, ticket.end.mock.calls.length]).toEqual([0, 1]);
  });

  it('counts a sender that fails, and not one that falls silent', async () => {
    const { send, advance, host } = await world();
    for (const datagram of datagrams()) send(datagram);
    await settled();
    advance(6000);
    expect([host.sessions.opened, host.sessions.failed], 'silent').toEqual([1, 0]);

    send(datagrams()[0] as Uint8Array);
    await settled();
    for (let i = 0; i < 2000; i++) send(new Uint8Array(1316));
    expect([host.sessions.opened, host.sessions.failed], 'noise').toEqual([2, 1]);
  });

  it.each([
    ['output rtmp://127.0.0.1/live/ts;', 'CONFIG_VALUE'],
    ['output rtmp://127.0.0.1/live/ts; listen 70000;', 'CASTER_PORT'],
    ['listen 8935;', 'CASTER_OUTPUT'],
    ['listen 8935; output http://127.0.0.1/live/ts;', 'CASTER_OUTPUT'],
    ['listen 8935; output rtmp://example.org/live/ts;', 'CASTER_OUTPUT'],
  ])('refuses to start with %s', async (body, code) => {
    await expect(world(config(body))).rejects.toMatchObject({ code });
  });

  it('starts nothing when it is off', async () => {
    const { ports } = await world(config('enabled off;').replace('enabled on; ', ''));
    expect(ports).toHaveLength(0);
  });
});

// The main job over real sockets: first frames, slow players, and names that are free again whatever publishers do.
import { connect, type Socket } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { protocols, relay } from '../../src/core/index.ts';
import type { Frame } from '../../src/core/media/frame.ts';
import type { Publication } from '../../src/core/media/stream.ts';
import { rtmp } from '../../src/core/protocols/rtmp/index.ts';
import { aacTrack, h264Track, live, video } from '../tools/builders.ts';
import { nameOf, type TestServer, testServer, until } from '../tools/interop.ts';

let server: TestServer;

beforeAll(async () => {
  server = await testServer();
});

function publish(stream: string, frames: readonly Frame[]): Publication {
  const publication = server.host.hub.stream(nameOf(stream)).publish({ policy: 'refuse', onEvicted: () => undefined });
  publication.retrack([h264Track, aacTrack]);
  for (const frame of frames) publication.write(frame);
  return publication;
}

describe('an RTMP player that joins in the middle of a group of pictures', () => {
  it('gets its first key frame at once, not with the next merge window or key frame', async () => {
    const publication = publish('instant', live({ seconds: 3, gop: 50 }).slice(0, -20));
    const stop = new AbortController();
    const times: number[] = [];

    for (let i = 0; i < 5; i++) {
      const one = new AbortController();
      const begin = performance.now();
      await rtmp.pull(
        server.host,
        new URL(`${server.rtmp}/live/instant`),
        {
          on: (event) => {
            if (event.type !== 'frame' || event.frame.track.kind !== 'video' || !event.frame.key) return;
            times.push(performance.now() - begin);
            one.abort();
          },
        },
        {
          signal: AbortSignal.any([one.signal, stop.signal]),
          ready: () => Promise.resolve(),
          onBytes: () => undefined,
        },
      );
    }

    publication.end();
    // With the 350 ms merge window a player that had to wait would need more than this on every try.
    expect(Math.min(...times)).toBeLessThan(300);
    expect(times).toHaveLength(5);
  });
});

describe('players that read nothing', () => {
  it('lose nothing of the others, and hold a bounded amount of memory', async () => {
    const publication = publish('slow', [video({ at: 0, key: true, size: 1000 })]);
    const open = (): Promise<Socket> =>
      new Promise((done, fail) => {
        const { hostname, port } = new URL(server.http);
        const socket = connect(Number(port), hostname, () => {
          socket.write('GET /live/slow.flv HTTP/1.1\r\nHost: x\r\n\r\n');
          done(socket);
        });
        socket.on('error', fail);
      });
    const slow = await Promise.all(Array.from({ length: 10 }, open));
    for (const socket of slow) socket.pause();
    const received: number[] = [];
    const good = await Promise.all(Array.from({ length: 20 }, open));
    for (const [index, socket] of good.entries()) {
      received[index] = 0;
      socket.on('data', (bytes) => {
        received[index] = (received[index] ?? 0) + bytes.length;
      });
    }
    const stream = server.host.hub.find(nameOf('slow'));
    await until('thirty players', () => stream?.players === 30);

    // Sixty seconds of 25 frames of 40 KiB each, as fast as the good ones can take them: 60 MB for each player.
    for (let i = 1; i <= 1500; i++) {
      publication.write(video({ at: i * 40, key: i % 50 === 0, size: 40_000 }));
      if (i % 10 === 0) await new Promise((done) => setImmediate(done));
      if (i % 50 === 0)
        await until('the good ones keep up', () => received.every((bytes) => bytes > (i - 60) * 40_000));
    }
    await until('the good ones have all', () => received.every((bytes) => bytes > 1500 * 40_000));

    expect(new Set(received).size).toBe(1);
    // The window of a feed, and a link's worth for each slow player.
    const held = process.memoryUsage().arrayBuffers;
    expect(held).toBeLessThan(64 * 1024 * 1024 + 10 * 4 * 1024 * 1024 + 40 * 1024 * 1024);
    publication.end();
    for (const socket of [...slow, ...good]) socket.destroy();
    await until('all players are gone', () => server.host.hub.find(nameOf('slow')) === undefined);
  });
});

describe('publishers that come and vanish', () => {
  it('leave no name busy and no session behind, two thousand times', { timeout: 120_000 }, async () => {
    const handshake = Buffer.alloc(1537);
    handshake[0] = 3;
    const before = server.host.wheel.size;
    const cycle = (index: number): Promise<void> =>
      new Promise((done, fail) => {
        const { hostname, port } = new URL(server.rtmp);
        const socket = connect(Number(port), hostname, () => {
          socket.write(Buffer.concat([handshake, Buffer.alloc(1536), ...publishCommands(`drop${index % 20}`)]));
        });
        socket.on('error', fail);
        let text = '';
        socket.on('data', (bytes) => {
          text += bytes.toString('latin1');
          if (text.includes('NetStream.Publish.BadName')) fail(new Error(`the name of cycle ${index} was busy`));
          if (text.includes('NetStream.Publish.Start')) socket.resetAndDestroy();
        });
        socket.on('close', () => done());
      });

    for (let i = 0; i < 2000; i += 10) {
      await Promise.all(Array.from({ length: 10 }, (_, j) => cycle(i + j)));
      await until('the names are free', () => [...server.host.sessions.list()].every((one) => !one.info.publish));
    }

    await until('all sessions are gone', () => server.host.wheel.size <= before);
    expect(server.host.hub.size).toBe(0);
    expect(server.host.sessions.size).toBe(0);
  });
});

describe('a relay from server to server', () => {
  it('passes a stream on by RTMP and by HTTP-FLV', async () => {
    const publication = publish('origin', []);
    const stop = new AbortController();
    const relays = [
      relay(server.host, protocols, {
        from: `${server.rtmp}/live/origin`,
        to: `${server.rtmp}/live/copy1`,
        signal: stop.signal,
      }),
      relay(server.host, protocols, {
        from: `${server.http}/live/origin.flv`,
        to: `${server.http}/live/copy2.flv`,
        signal: stop.signal,
      }),
    ];
    await until('both relays play', () => server.host.hub.find(nameOf('origin'))?.players === 2);
    for (const frame of live({ seconds: 2 })) publication.write(frame);

    for (const copy of ['copy1', 'copy2']) {
      await until(`${copy} has the frames`, () => (server.host.hub.find(nameOf(copy))?.frames.video ?? 0) >= 49);
    }
    stop.abort();
    const results = await Promise.all(relays);
    publication.end();

    expect(results.map((result) => result.endedBy)).toEqual(['signal', 'signal']);
    await until('the copies are gone', () => server.host.hub.size === 0);
  });
});

/** connect, createStream and publish in one go, as a peer would who does not wait for answers. */
function publishCommands(stream: string): Buffer[] {
  const text = (value: string): Buffer => Buffer.concat([Buffer.from([2, 0, value.length]), Buffer.from(value)]);
  const number = (value: number): Buffer => {
    const out = Buffer.alloc(9);
    out.writeDoubleBE(value, 1);
    return out;
  };
  const message = (streamId: number, ...parts: Buffer[]): Buffer => {
    const body = Buffer.concat(parts);
    const head = Buffer.alloc(12);
    head[0] = 3;
    head.writeUIntBE(body.length, 4, 3);
    head[7] = 20;
    head.writeUInt32LE(streamId, 8);
    return Buffer.concat([head, body]);
  };
  const member = (name: string, value: Buffer): Buffer =>
    Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), value]);
  const object = (...members: Buffer[]): Buffer =>
    Buffer.concat([Buffer.from([3]), ...members, Buffer.from([0, 0, 9])]);
  return [
    message(0, text('connect'), number(1), object(member('app', text('live')), member('tcUrl', text('rtmp://x/live')))),
    message(0, text('createStream'), number(2), Buffer.from([5])),
    message(1, text('publish'), number(3), Buffer.from([5]), text(stream), text('live')),
  ];
}

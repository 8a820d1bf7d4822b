// Whole sessions in virtual time: our client at our server, on networks of all kinds.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { SrtpSender } from '../../../../src/core/wire/srtp/index.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import { live, picture, server, tracks, type Weather, World } from './world.ts';

const name = { vhost: '__defaultVhost__', app: 'live', stream: 'a' };

/** A publisher and a player of it, connected. */
async function both(world: World) {
  const stop = new AbortController();
  const source = world.stream();
  const frames: { frame: Frame; at: number }[] = [];
  const on = (event: MediaEvent): void => {
    if (event.type === 'frame') frames.push({ frame: event.frame, at: world.clock.now() });
  };
  const ends = [world.publisher('a', source, stop.signal)];
  await live(world, source, 1);
  ends.push(world.player('a', stop.signal, on));
  return { source, frames, stop: () => stop.abort(), ended: Promise.all(ends) };
}

const pictures = <One extends { frame: Frame }>(frames: readonly One[]): One[] =>
  frames.filter(({ frame }) => frame.track.kind === 'video');
/** Its slice is the last unit, behind parameter sets. */
const numberOf = ({ data }: Frame): number =>
  ((data[data.length - 1990] as number) << 8) + (data[data.length - 1989] as number);

/** Longest time without a picture. */
function longestPause(frames: readonly { at: number }[]): number {
  let longest = 0;
  for (let i = 1; i < frames.length; i++) {
    longest = Math.max(longest, (frames[i] as { at: number }).at - (frames[i - 1] as { at: number }).at);
  }
  return longest;
}

describe('a publisher and a player', () => {
  it('every picture and every packet of sound comes, bit for bit, in order', async () => {
    const world = new World();
    const { source, frames, stop, ended } = await both(world);

    await live(world, source, 3, 25, 1);
    stop();
    await world.run(fromMs(500));
    await ended;

    const numbers = pictures(frames).map(({ frame }) => numberOf(frame));
    expect(numbers.length).toBeGreaterThan(70);
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] as number) + index));
    expect(frames.filter(({ frame }) => frame.track.kind === 'audio').length).toBeGreaterThan(140);
    expect(frames.find(({ frame }) => frame.track.kind === 'video')?.frame.key).toBe(true);
  });

  it('sound and picture of one moment have the same time, from the first second on', async () => {
    const world = new World();
    const { source, frames, stop, ended } = await both(world);

    await live(world, source, 5, 25, 1);
    stop();
    await world.run(fromMs(500));
    await ended;

    const late = frames.filter(({ at }) => at > fromSeconds(2));
    const skews = late
      .filter(({ frame }) => frame.track.kind === 'video')
      .flatMap(({ frame, at }) => {
        const near = late.filter((one) => one.frame.track.kind === 'audio' && Math.abs(one.at - at) < fromMs(5));
        return near.length === 0 ? [] : [Math.min(...near.map((one) => Math.abs(one.frame.dts - frame.dts)))];
      });
    expect(skews.length).toBeGreaterThan(50);
    expect(Math.max(...skews)).toBeLessThan(fromMs(40));
  });

  it('a player that joins in the middle begins with the key frame at once and is not behind', async () => {
    const world = new World();
    const stop = new AbortController();
    const source = world.stream();
    const ends = [world.publisher('a', source, stop.signal)];
    await live(world, source, 3, 100);
    const at = world.clock.now();
    const frames: { frame: Frame; at: number }[] = [];
    ends.push(
      world.player('a', stop.signal, (event) => {
        if (event.type === 'frame') frames.push({ frame: event.frame, at: world.clock.now() });
      }),
    );
    await live(world, source, 2, 100, 3);
    stop.abort();
    await world.run(fromMs(500));
    await Promise.all(ends);

    const [first, ...rest] = pictures(frames);
    expect((first?.at ?? 0) - at).toBeLessThan(fromMs(600));
    expect(first?.frame.key).toBe(true);
    // Two seconds and more of the past pass by in no time of the media.
    const newest = rest.at(-1) as { frame: Frame };
    expect(newest.frame.dts - (first as { frame: Frame }).frame.dts).toBeLessThan(fromSeconds(2.4));
  });
});

describe('a bad network', () => {
  const bad = (seed: number, loss: number, jitter: number): Weather => {
    const rng = new SeedRng(seed);
    return () => (rng.below(100) < loss ? [] : [fromMs(20) + rng.below(fromMs(jitter) + 1)]);
  };

  it('5 % loss and 50 ms of jitter: no pause of a second in a minute', async () => {
    const world = new World();
    const { source, frames, stop, ended } = await both(world);
    world.wire.weather = bad(7, 5, 50);

    await live(world, source, 60, 50, 1);
    stop();
    world.wire.weather = () => [fromMs(5)];
    await world.run(fromSeconds(2));
    await ended;

    expect(pictures(frames).length).toBeGreaterThan(1400);
    expect(longestPause(pictures(frames))).toBeLessThan(fromSeconds(1));
  }, 30_000);

  it.each([1, 2, 3, 4, 5])(
    'with a fifth of all datagrams lost it is connected within five seconds, seed %i',
    async (seed) => {
      const world = new World({ seed });
      world.wire.weather = bad(seed, 20, 20);
      const stop = new AbortController();
      const source = world.stream();
      const end = world.publisher('a', source, stop.signal);

      await live(world, source, 5);

      expect(world.lines.some(({ text }) => text === 'connected')).toBe(true);
      stop.abort();
      await world.run(fromSeconds(1));
      await end;
    },
  );

  it('a peer that gets another address goes on there, after a check that is authentic', async () => {
    const world = new World();
    const { source, frames, stop, ended } = await both(world);
    await live(world, source, 1, 25, 1);
    const player = world.clients[1];

    player?.move({ host: '10.9.9.9', port: 7 });
    const before = world.clock.now();
    await live(world, source, 8, 25, 2);

    expect(pictures(frames).filter(({ at }) => at > before + fromSeconds(6)).length).toBeGreaterThan(30);
    stop();
    await world.run(fromMs(500));
    await ended;
  });
});

describe('a damaged packet of control', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('costs itself, and ends neither a publisher nor a player', async () => {
    const world = new World();
    const { source, frames, stop, ended } = await both(world);
    const protect = SrtpSender.prototype.protectRtcp;
    // A receiver report that ends before its block, from all ends to all ends.
    vi.spyOn(SrtpSender.prototype, 'protectRtcp').mockImplementation(function (this: SrtpSender) {
      return protect.call(this, Uint8Array.of(0x81, 201, 0, 1, 0, 0, 0, 9));
    });
    const before = world.clock.now();

    await live(world, source, 4, 25, 1);
    stop();
    await world.run(fromMs(500));
    await ended;

    expect(pictures(frames).filter(({ at }) => at > before + fromSeconds(3)).length).toBeGreaterThan(20);
    const left = world.lines.filter(({ text }) => text === 'leaves packets out');
    expect(new Set(left.map(({ fields }) => fields['last']))).toEqual(new Set(['RTP_RTCP']));
  });
});

describe('a peer that is gone', () => {
  it('is not kept alive by what anybody could send from its address', async () => {
    const world = new World();
    const { stop, ended } = await both(world);
    const settled = ended.catch(() => undefined);
    const [publisher] = world.clients;
    const from = { ...(publisher as { local: { host: string; port: number } }).local };
    // From now on only what we forge arrives.
    world.wire.weather = (datagram) => (datagram[20] === 0xee ? [fromMs(5)] : []);
    const forged = new Uint8Array(200).fill(0xee);
    forged.set([0x80, 102, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]);

    for (let i = 0; i < 40; i++) {
      world.wire.carry(forged, from, server);
      await world.run(fromSeconds(1), fromMs(250));
    }

    expect(world.rtc.sizes['sessions']).toBe(0);
    stop();
    await world.run(fromMs(500));
    await settled;
  });
});

describe('an end', () => {
  const codeOf = (world: World): unknown => world.lines.filter(({ text }) => text === 'ends').at(-1)?.fields['code'];

  it('of a publisher that is silent is RTC_NO_MEDIA', async () => {
    const world = new World();
    const { stop, ended } = await both(world);
    const settled = ended.catch(() => undefined);

    await world.run(fromSeconds(7));

    expect(world.lines.some(({ fields }) => fields['code'] === 'RTC_NO_MEDIA')).toBe(true);
    stop();
    await world.run(fromMs(500));
    await settled;
  });

  it('of the server is RTC_STOPPED, and its peers hear it by DTLS', async () => {
    const world = new World();
    const { ended } = await both(world);
    await world.run(fromMs(200));

    world.rtc.close();
    await world.run(fromMs(100));

    expect(codeOf(world)).toBe('RTC_STOPPED');
    await ended;
  });

  it('of a peer that says good-bye is RTC_PEER_LEFT', async () => {
    const world = new World();
    const { stop, ended } = await both(world);
    await world.run(fromMs(200));

    // Nobody answers over HTTP any more.
    world.http = false;
    stop();
    await world.run(fromSeconds(1));

    expect(codeOf(world)).toBe('RTC_PEER_LEFT');
    await ended;
  });
});

describe('what is left', () => {
  it('nothing, after a thousand sessions that vanished without a word', async () => {
    const world = new World();
    for (let i = 0; i < 10; i++) {
      const stop = new AbortController();
      const source = world.stream();
      world.publisher('a', source, stop.signal).catch(() => undefined);
      await live(world, source, 0.4);
      expect(world.hub.find(name)?.published).toBe(true);
      // From now on nothing arrives, and nobody asks over HTTP either.
      world.wire.weather = () => [];
      await world.run(fromSeconds(35), fromMs(500));
      world.wire.weather = () => [fromMs(5)];
      stop.abort();
      await world.run(fromMs(100));
    }
    const offer = await offerOf(world);
    for (let i = 0; i < 990; i++) {
      const answer = await world.ask('POST', `/rtc/v1/whep/?app=live&stream=s${i}`, offer);
      expect(answer.status).toBe(201);
    }
    expect(world.rtc.sizes['sessions']).toBe(990);

    await world.run(fromSeconds(60), fromSeconds(1));

    expect(new Set(Object.values(world.rtc.sizes))).toEqual(new Set([0]));
    expect(world.host.sessions.size).toBe(0);
    expect(world.hub.size).toBe(0);
    expect(world.clock.pending).toBe(0);
  }, 60_000);

  it('nothing, after a thousand that were ended by DELETE', async () => {
    const world = new World();
    const offer = await offerOf(world, 'sendonly');

    for (let i = 0; i < 1000; i++) {
      const answer = await world.ask('POST', '/rtc/v1/whip/?app=live&stream=a', offer);
      expect(answer.status).toBe(201);
      const gone = await world.ask('DELETE', String(answer.headers['Location']));
      expect(gone.status).toBe(200);
    }

    expect(new Set(Object.values(world.rtc.sizes))).toEqual(new Set([0]));
    expect([world.host.sessions.size, world.hub.size, world.clock.pending]).toEqual([0, 0, 0]);
  }, 60_000);
});

/** The offer of a client of ours. */
async function offerOf(_world: World, direction: 'sendonly' | 'recvonly' = 'recvonly'): Promise<string> {
  const { writeOffer, everyCodec } = await import('../../../../src/core/protocols/webrtc/offer.ts');
  const { identityForTests } = await import('./identity.ts');
  const ice = { ufrag: 'abcd', pwd: '0123456789012345678901' };
  return writeOffer({ ice, direction, fingerprint: identityForTests.fingerprint, sessionId: 1, ...everyCodec });
}

describe('B-frames', () => {
  it.each([
    ['are left out', '', [0, 2, 3], 'gets no B-frames: the picture may stutter'],
    [
      'are kept when the vhost says so',
      'keep_bframe on;',
      [0, 2, 1, 3],
      'gets B-frames, which browsers show out of order',
    ],
  ])('%s, and the log says so', async (_, vhost, wanted, said) => {
    const world = new World({ vhost });
    const stop = new AbortController();
    const publication = world.hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
    publication.retrack(tracks);
    const got: number[] = [];
    const end = world.player('a', stop.signal, (event) => {
      if (event.type === 'frame' && event.frame.track.kind === 'video') got.push(numberOf(event.frame));
    });
    await world.run(fromMs(500));

    // In the order of decoding: the second is shown behind the third.
    const shown = [0, 2, 1, 3];
    for (const [index, number] of shown.entries()) {
      const frame = picture(number, index === 0);
      const dts = fromMs(40) * index;
      publication.write({ ...frame, dts, cts: fromMs(40) * (number + 1) - dts });
      await world.run(fromMs(40));
    }
    await world.run(fromMs(500));
    stop.abort();
    await world.run(fromMs(200));
    await end;

    expect(got).toEqual(wanted);
    expect(world.lines.filter(({ text }) => text === said)).toHaveLength(1);
  });
});

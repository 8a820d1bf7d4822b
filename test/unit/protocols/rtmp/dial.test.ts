// Our client against our server, and against servers that say no, in virtual time.
import { describe, expect, it } from 'vitest';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import { admissionErrors } from '../../../../src/core/control/admission.ts';
import type { PullOptions, PushOptions } from '../../../../src/core/control/host.ts';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import type { Publication } from '../../../../src/core/media/stream.ts';
import type { TrackKind } from '../../../../src/core/media/track.ts';
import { ChunkReader, writeChunks } from '../../../../src/core/protocols/rtmp/chunk.ts';
import { command, parseCommand } from '../../../../src/core/protocols/rtmp/command.ts';
import { ServerHandshake } from '../../../../src/core/protocols/rtmp/handshake.ts';
import { rtmp } from '../../../../src/core/protocols/rtmp/index.ts';
import { type Message, MessageType, UserEvent, userControl } from '../../../../src/core/protocols/rtmp/message.ts';
import { type AmfValue, amfObject } from '../../../../src/core/wire/amf0/index.ts';
import { aacTrack, h264Track, live } from '../../../tools/builders.ts';
import { FakeLink, type PipeLink, SeedRng } from '../../../tools/fakes.ts';
import { mediaMessages } from './media.ts';
import { World, type WorldOptions } from './world.ts';

const url = (name: string): URL => new URL(`rtmp://server/live/${name}`);
const frames = live({ seconds: 2 });
const media = mediaMessages(frames);
const refusing: WorldOptions = { admission: { admit: () => Promise.reject(admissionErrors.refused('KICKED')) } };

/** A promise whose end a test looks at without waiting for it. */
function watch(promise: Promise<void>): { outcome: string } {
  const result = { outcome: 'running' };
  promise.then(
    () => {
      result.outcome = 'resolved';
    },
    (error: { code?: string }) => {
      result.outcome = error.code ?? String(error);
    },
  );
  return result;
}

function pull(world: World, from: URL, more: Partial<PullOptions> = {}) {
  const events: MediaEvent[] = [];
  const promised: TrackKind[][] = [];
  let bytes = 0;
  const abort = new AbortController();
  const result = watch(
    rtmp.pull(
      world.host,
      from,
      { on: (event) => events.push(event), promise: (kinds) => promised.push([...kinds]) },
      {
        signal: abort.signal,
        ready: async () => undefined,
        onBytes: (size) => {
          bytes += size;
        },
        ...more,
      },
    ),
  );
  const got = (): Frame[] => events.flatMap((event) => (event.type === 'frame' ? [event.frame] : []));
  return { events, promised, frames: got, abort: () => abort.abort(), bytes: () => bytes, result };
}

/** A stream of ours that is published. */
function source(world: World): { publication: Publication; write: (frames: readonly Frame[]) => void } {
  const stream = world.hub.stream({ vhost: 'local', app: 'a', stream: 's' });
  const publication = stream.publish({ policy: 'refuse', onEvicted: () => undefined });
  publication.retrack([h264Track, aacTrack]);
  return {
    publication,
    write: (list) => {
      for (const frame of list) publication.write(frame);
    },
  };
}

function push(world: World, publication: Publication, to: URL, more: Partial<PushOptions> = {}) {
  let bytes = 0;
  const abort = new AbortController();
  const result = watch(
    rtmp.push(world.host, publication.stream, to, {
      signal: abort.signal,
      mergeWindow: 0,
      onBytes: (size) => {
        bytes += size;
      },
      ...more,
    }),
  );
  return { abort: () => abort.abort(), bytes: () => bytes, result };
}

/** A server by hand: shakes hands, reads commands, and lets the test answer. */
function scripted(world: World, on: (name: string, reply: (...messages: Message[]) => void, link: PipeLink) => void) {
  world.onDial = (link) => {
    const handshake = new ServerHandshake(new SeedRng(9));
    let done = false;
    const reply = (...messages: Message[]): void => {
      for (const message of messages) {
        link.send(writeChunks({ ...message, csid: 3, pieces: [message.body], size: message.body.length }, 128));
      }
    };
    const reader = new ChunkReader(world.limits, (message) => {
      if (message.type === MessageType.command) on(parseCommand(message, world.limits).name, reply, link);
    });
    link.onData = (bytes) => {
      let rest = bytes;
      if (!done) {
        const step = handshake.push(bytes);
        link.send(step.reply);
        done = step.done;
        rest = bytes.subarray(step.used);
      }
      reader.push(rest);
    };
  };
}

const status = (code: string, level = 'status', more: Record<string, AmfValue> = {}): Message =>
  command(1, 'onStatus', 0, null, amfObject({ level, code, description: 'because', ...more }));
/** Answers as any server does until play or publish. */
const polite =
  (last: (reply: (...messages: Message[]) => void, link: PipeLink) => void) =>
  (name: string, reply: (...messages: Message[]) => void, link: PipeLink): void => {
    if (name === 'connect') reply(command(0, '_result', 1, null, amfObject({ code: 'NetConnection.Connect.Success' })));
    if (name === 'createStream') reply(command(0, '_result', 4, null, 1));
    if (name === 'publish' || name === 'play') last(reply, link);
  };

describe('pull', () => {
  it('gives the frames of a remote stream, with what was promised, until the remote leaves', async () => {
    const world = new World({ config: { unpublishNotify: true } });
    const publisher = await world.publisher('s');
    const player = pull(world, url('s'));
    await world.settle();
    publisher.send(...media);
    await world.settle();

    expect(player.frames().map(({ dts, key, data }) => ({ dts, key, data }))).toEqual(
      frames.map(({ dts, key, data }) => ({ dts, key, data })),
    );
    expect(player.promised).toContainEqual(['video', 'audio']);
    expect(player.bytes()).toBeGreaterThan(10_000);
    expect(player.result.outcome).toBe('running');

    publisher.link.close();
    await world.settle();

    expect(player.result.outcome).toBe('resolved');
    expect(world.wheel.size).toBe(0);
  });

  it('resolves on the signal, and leaves the server', async () => {
    const world = new World();
    const player = pull(world, url('s'));
    await world.settle();
    expect(world.hub.size).toBe(1);

    player.abort();
    await world.settle();

    expect(player.result.outcome).toBe('resolved');
    expect(world.hub.size).toBe(0);
    expect(world.wheel.size).toBe(0);
  });

  it('resolves when the signal was given before', async () => {
    const world = new World();
    const result = pull(world, url('s'), { signal: AbortSignal.abort() }).result;
    await world.settle();

    expect(result.outcome).toBe('resolved');
    expect(world.dials).toHaveLength(0);
  });

  it('is refused in the words of the server (RTMP_REFUSED)', async () => {
    const world = new World(refusing);
    const { result } = pull(world, url('s'));
    await world.settle();

    expect(result.outcome).toBe('RTMP_REFUSED');
  });

  it('ends when nothing comes (RTMP_TIMEOUT), first for the first frame, then for the next', async () => {
    const world = new World({ limits: { silentTime: fromSeconds(1000), firstMediaTime: fromSeconds(20) } });
    const first = pull(world, url('nobody'));
    const publisher = await world.publisher('s');
    const second = pull(world, url('s'));
    await world.settle();
    publisher.send(...media);
    await world.settle();
    world.advance(fromSeconds(21));
    expect([first.result.outcome, second.result.outcome]).toEqual(['running', 'running']);
    await world.settle();
    expect([first.result.outcome, second.result.outcome]).toEqual(['RTMP_TIMEOUT', 'running']);

    world.advance(fromSeconds(10));
    await world.settle();

    expect(second.result.outcome).toBe('RTMP_TIMEOUT');
  });

  it('resolves when the server closes after media, and fails when it closes before', async () => {
    const world = new World();
    const publisher = await world.publisher('s');
    const player = pull(world, url('s'));
    await world.settle();
    publisher.send(...media);
    await world.settle();
    world.dials[0]?.near.close();
    scripted(world, (_, __, link) => link.close());
    const refused = pull(world, url('s'));
    await world.settle();

    expect(player.result.outcome).toBe('resolved');
    expect(refused.result.outcome).toBe('RTMP_CLOSED');
  });

  it('goes where RTMP 302 of SRS says', async () => {
    const world = new World();
    const publisher = await world.publisher('s');
    const real = world.onDial;
    scripted(world, (name, reply) => {
      if (name !== 'connect') return;
      world.onDial = real;
      const ex = amfObject({ code: 302, redirect: 'rtmp://other:19/live', redirect2: 'rtmp://other:19/live/s' });
      reply(command(0, '_error', 1, null, amfObject({ level: 'error', code: 'NetConnection.Connect.Rejected', ex })));
    });
    const player = pull(world, url('x'));
    await world.settle();
    publisher.send(...media);
    await world.settle();

    expect(world.dials.map(({ to }) => `${to.host}:${to.port}`)).toEqual(['server:1935', 'other:19']);
    expect(player.frames()).toHaveLength(frames.length);
  });

  it('does not follow redirections for ever, nor to other protocols (RTMP_REDIRECT)', async () => {
    for (const [target, dials] of [
      ['rtmp://again/live', 4],
      ['file:///etc', 1],
    ] as const) {
      const world = new World();
      const ex = amfObject({ code: 302, redirect: target });
      scripted(
        world,
        polite((reply) => reply(status('NetConnection.Connect.Rejected', 'error', { ex }))),
      );
      const { result } = pull(world, url('s'));
      await world.settle();
      await world.settle();

      expect(result.outcome).toBe('RTMP_REDIRECT');
      expect(world.dials).toHaveLength(dials);
    }
  });

  it.each([
    ['StreamEOF', userControl(UserEvent.streamEof, 1)],
    ['Play.Stop', status('NetStream.Play.Stop')],
    ['Play.Complete', status('NetStream.Play.Complete')],
    ['close', command(0, 'close', 0, null)],
  ])('ends in a regular way with %s', async (_, last) => {
    const world = new World();
    scripted(
      world,
      polite((reply) => reply(status('NetStream.Play.Start'), last)),
    );
    const { result } = pull(world, url('s'));
    await world.settle();

    expect(result.outcome).toBe('resolved');
  });

  it('begins with media when the server does not say that it starts', async () => {
    const world = new World();
    scripted(
      world,
      polite((reply) => reply(...media)),
    );
    const player = pull(world, url('s'));
    await world.settle();

    expect(player.frames()).toHaveLength(frames.length);
  });

  it('fails when createStream gives no id (RTMP_COMMAND)', async () => {
    const world = new World();
    scripted(world, (name, reply) => {
      if (name === 'connect') reply(command(0, '_result', 1, null, null));
      if (name === 'createStream') reply(command(0, '_result', 4, null, 'x'));
    });
    const { result } = pull(world, url('s'));
    await world.settle();

    expect(result.outcome).toBe('RTMP_COMMAND');
  });

  it('dials TLS for rtmps', async () => {
    const world = new World();
    pull(world, new URL('rtmps://server/live/s'), { insecure: true });
    await world.settle();

    expect(world.dials[0]?.to).toEqual({ host: 'server', port: 443 });
    expect(world.dials[0]?.options.tls).toEqual({ serverName: 'server', insecure: true });
  });
});

describe('push', () => {
  it('publishes a stream until it ends, and says goodbye', async () => {
    const world = new World();
    const { publication, write } = source(world);
    const { result, bytes } = push(world, publication, url('s'));
    await world.settle();
    const player = await world.player('s');
    write(frames);
    await world.settle();

    expect([...world.sessions.list()].map(({ info }) => info.type)).toEqual(['fmle-publish', 'rtmp-play']);
    expect(player.take().filter(({ type }) => type === MessageType.video)).toHaveLength(1 + 50);
    expect(result.outcome).toBe('running');

    publication.end();
    await world.settle();

    expect(result.outcome).toBe('resolved');
    expect(bytes()).toBeGreaterThan(5000);
    expect(world.sessions.size).toBe(1);
    expect(world.wheel.size).toBe(1);
  });

  it('keeps the bytes of every frame, and its time', async () => {
    const world = new World();
    const { publication, write } = source(world);
    push(world, publication, url('s'));
    const player = pull(world, url('s'));
    await world.settle();
    write(frames);
    await world.settle();

    expect(player.frames().map(({ dts, data }) => ({ dts, data }))).toEqual(
      frames.map(({ dts, data }) => ({ dts, data })),
    );
  });

  it('resolves when the publisher left while we dial', async () => {
    const world = new World();
    const { publication } = source(world);
    const { result } = push(world, publication, url('s'));
    publication.end();
    await world.settle();

    expect(result.outcome).toBe('resolved');
    expect(world.sessions.size).toBe(0);
  });

  it('resolves when the publisher leaves before the server has accepted', async () => {
    const world = new World();
    world.onDial = () => undefined;
    const { publication } = source(world);
    const { result } = push(world, publication, url('s'));
    await world.settle();
    publication.end();
    await world.settle();

    expect(result.outcome).toBe('resolved');
    expect(world.wheel.size).toBe(0);
  });

  it('resolves on the signal, and frees the name', async () => {
    const world = new World();
    const { publication } = source(world);
    const { result, abort } = push(world, publication, url('s'));
    await world.settle();
    abort();
    await world.settle();

    expect(result.outcome).toBe('resolved');
    expect(world.sessions.size).toBe(0);
    expect(publication.stream.players).toBe(0);
  });

  it.each([
    ['RTMP_REFUSED', 'is refused', refusing],
    ['RTMP_REFUSED', 'names nothing that may be published', {}],
  ] as const)('fails with %s when it %s', async (code, why, options) => {
    const world = new World(options);
    const { publication } = source(world);
    const { result } = push(world, publication, url(why === 'is refused' ? 's' : '%24(x)'));
    await world.settle();

    expect(result.outcome).toBe(code);
    expect(publication.stream.players).toBe(0);
  });

  it('fails when the server closes while the stream lives (RTMP_CLOSED)', async () => {
    const world = new World();
    const { publication } = source(world);
    const { result } = push(world, publication, url('s'));
    await world.settle();
    world.dials[0]?.near.close();
    await world.settle();

    expect(result.outcome).toBe('RTMP_CLOSED');
    expect(publication.stream.players).toBe(0);
  });

  it('fails when the server does not answer (RTMP_TIMEOUT)', async () => {
    const world = new World();
    world.onDial = () => undefined;
    const { publication } = source(world);
    const { result } = push(world, publication, url('s'));
    await world.settle();
    world.advance(fromSeconds(10.1));
    await world.settle();

    expect(result.outcome).toBe('RTMP_TIMEOUT');
  });
});

describe('a push over a full link', () => {
  /** Runs a push over a link of small capacity whose server accepts everything. */
  async function full() {
    const world = new World({ limits: { stallTime: fromSeconds(2) } });
    const { publication, write } = source(world);
    const link = new FakeLink();
    const host = { ...world.host, net: { ...world.host.net, dial: async () => link } };
    const abort = new AbortController();
    const onBytes = (): void => undefined;
    const options = { signal: abort.signal, mergeWindow: 0, onBytes };
    const result = watch(rtmp.push(host, publication.stream, url('s'), options));
    await world.settle();
    const server = new ServerHandshake(new SeedRng(1));
    for (const chunk of server.push(link.takeSent()).reply) link.onData(chunk);
    for (const message of [
      command(0, '_result', 1, null, null),
      command(0, '_result', 4, null, 1),
      status('NetStream.Publish.Start'),
    ]) {
      for (const chunk of writeChunks(
        { ...message, csid: 3, pieces: [message.body], size: message.body.length },
        128,
      )) {
        link.onData(chunk);
      }
    }
    link.capacity = 100;
    write(frames);
    return { world, publication, link, result };
  }

  it('sends the rest before it says goodbye', async () => {
    const { world, publication, link, result } = await full();
    publication.end();
    await world.settle();
    expect(result.outcome).toBe('running');

    for (let i = 0; i < 500 && !link.closed; i++) link.drain();
    await world.settle();

    expect(result.outcome).toBe('resolved');
    expect(link.bytes.length).toBeGreaterThan(5000);
  });

  it('fails when the server takes nothing (PLAYER_TOO_SLOW)', async () => {
    const { world, result } = await full();
    world.advance(fromSeconds(2.1));
    await world.settle();

    expect(result.outcome).toBe('PLAYER_TOO_SLOW');
  });
});

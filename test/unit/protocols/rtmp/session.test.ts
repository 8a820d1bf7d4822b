// The server's session: the orders of commands that clients have, what they are told, and every end.
import { describe, expect, it } from 'vitest';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import type { AdmissionRequest } from '../../../../src/core/control/admission.ts';
import { admissionErrors } from '../../../../src/core/control/admission.ts';
import { parseCommand } from '../../../../src/core/protocols/rtmp/command.ts';
import {
  type Message,
  MessageType,
  setPeerBandwidth,
  UserEvent,
  userControl,
  windowAckSize,
} from '../../../../src/core/protocols/rtmp/message.ts';
import { type AmfValue, amfGet, amfObject } from '../../../../src/core/wire/amf0/index.ts';
import { sessionSuite } from '../../../suites/session.suite.ts';
import { live } from '../../../tools/builders.ts';
import { FakeLink } from '../../../tools/fakes.ts';
import { mediaMessages } from './media.ts';
import { type Peer, settle, World } from './world.ts';

const media = mediaMessages(live({ seconds: 2 }));

describe('connect', () => {
  it('is answered as SRS answers it', () => {
    const peer = new World().peer();
    peer.shakeHands();
    peer.connect();

    const heard = peer.take();

    expect(heard.map((message) => message.type)).toEqual([5, 6, 1, 20, 20]);
    const { name, transaction, object, args } = parseCommand(heard[3] as Message, peer.world.limits);
    expect([name, transaction]).toEqual(['_result', 1]);
    expect(Object.fromEntries(object as Map<string, AmfValue>)).toEqual({
      fmsVer: 'FMS/3,5,3,888',
      capabilities: 127,
      mode: 1,
    });
    expect(amfGet(args[0], 'level')).toBe('status');
    expect(amfGet(args[0], 'code')).toBe('NetConnection.Connect.Success');
    expect(amfGet(args[0], 'objectEncoding')).toBe(0);
  });

  const negotiated: [string, Record<string, AmfValue>, Record<string, AmfValue>][] = [
    ['v1', { fourCcList: ['av01', 'hvc1', 'xxxx'] }, { fourCcList: ['hvc1', 'av01'] }],
    ['v1, any', { fourCcList: ['*'] }, { fourCcList: expect.arrayContaining(['av01', 'Opus']) }],
    [
      'v2',
      { videoFourCcInfoMap: amfObject({ vp09: 7, zzzz: 7 }), audioFourCcInfoMap: amfObject({ '*': 1 }), capsEx: 15 },
      {
        videoFourCcInfoMap: new Map([['vp09', 4]]),
        audioFourCcInfoMap: expect.any(Map),
        capsEx: 6,
      },
    ],
    ['damaged lists', { fourCcList: 'hvc1', videoFourCcInfoMap: 1, capsEx: 'x' }, {}],
  ];
  it.each(negotiated)('negotiates Enhanced RTMP %s', (_, offered, expected) => {
    const peer = new World().peer();
    peer.shakeHands();
    peer.connect('rtmp://host/live', offered);

    const { object } = parseCommand(peer.take()[3] as Message, peer.world.limits);

    expect(Object.fromEntries(object as Map<string, AmfValue>)).toEqual({
      fmsVer: 'FMS/3,5,3,888',
      capabilities: 127,
      mode: 1,
      ...expected,
    });
  });

  it('speaks AMF3 envelopes when the client does', async () => {
    const peer = new World().peer();
    peer.shakeHands();
    peer.connect('rtmp://host/live', { objectEncoding: 3 });
    const [, , , result] = peer.take();

    expect(amfGet(parseCommand(result as Message, peer.world.limits).args[0], 'objectEncoding')).toBe(3);

    const { command } = await import('../../../../src/core/protocols/rtmp/command.ts');
    const { body } = command(0, 'createStream', 2, null);
    peer.send({ type: MessageType.command3, streamId: 0, timestamp: 0, body: Uint8Array.of(0, ...body) });
    peer.send({ type: MessageType.command3, streamId: 0, timestamp: 0, body });

    expect(peer.heard()).toEqual(['_result 2', '_result 2']);
  });
});

describe('a publisher', () => {
  const flows: [string, (peer: Peer) => void, string[], string][] = [
    [
      'fmle-publish',
      (peer) => {
        peer.call('releaseStream', 2, null, 's');
        peer.call('FCPublish', 3, null, 's');
        peer.call('createStream', 4, null);
      },
      [
        '_result 2',
        '_result 3',
        '_result 4',
        'onFCPublish NetStream.Publish.Start',
        'onStatus NetStream.Publish.Start',
      ],
      'fmle-publish',
    ],
    [
      'haivision-publish',
      (peer) => {
        peer.call('createStream', 2, null);
        peer.call('FCPublish', 3, null, 's');
      },
      ['_result 2', '_result 3', 'onFCPublish NetStream.Publish.Start', 'onStatus NetStream.Publish.Start'],
      'haivision-publish',
    ],
    [
      'flash-publish',
      (peer) => peer.call('createStream', 2, null),
      ['_result 2', 'onStatus NetStream.Publish.Start'],
      'flash-publish',
    ],
    [
      'librtmp with _checkbw',
      (peer) => {
        peer.call('_checkbw', 9, null);
        peer.call('releaseStream', 2, null, 's');
        peer.call('FCPublish', 3, null, 's');
        peer.call('createStream', 4, null);
      },
      [
        '_result 9',
        '_result 2',
        '_result 3',
        '_result 4',
        'onFCPublish NetStream.Publish.Start',
        'onStatus NetStream.Publish.Start',
      ],
      'fmle-publish',
    ],
  ];
  it.each(flows)('in the order of %s is accepted', async (_, before, expected, type) => {
    const world = new World();
    const peer = world.peer();
    peer.shakeHands();
    peer.connect();
    peer.take();
    before(peer);
    peer.command(1, 'publish', 5, null, 's?token=1', 'live');
    await settle();
    peer.send(...media);

    expect(peer.heard()).toEqual(expected);
    expect([...world.sessions.list()].map(({ info }) => [info.type, info.publish, info.name])).toEqual([
      [type, true, { vhost: '__defaultVhost__', app: 'live', stream: 's' }],
    ]);
    expect([...world.hub.streams()][0]?.frames).toEqual({ video: 50, audio: 86, data: 0 });
  });

  it('shows the admission what it said', async () => {
    const asked: AdmissionRequest[] = [];
    const world = new World({
      admission: {
        admit: async (request) => {
          asked.push(request);
          return { name: request.name, policy: 'refuse', mergeWindow: 0 };
        },
      },
    });
    const peer = world.peer();
    peer.shakeHands();
    peer.connect('rtmp://host:1935/app?vhost=v', { pageUrl: 'http://p', swfUrl: 'http://s' });
    peer.call('createStream', 2, null);
    peer.command(1, 'publish', 3, null, 's?token=1', 'live');
    await settle();

    expect(asked).toMatchObject([
      {
        action: 'publish',
        protocol: 'rtmp',
        type: 'flash-publish',
        peer: peer.link.peer,
        name: { vhost: 'v', app: 'app', stream: 's' },
        param: '?vhost=v&token=1',
        tcUrl: 'rtmp://host:1935/app?vhost=v',
        pageUrl: 'http://p',
        swfUrl: 'http://s',
      },
    ]);
  });

  it('that sends frames behind publish at once loses none while the admission is asked', async () => {
    const world = new World();
    const peer = world.connected();
    peer.command(1, 'publish', 5, null, 's', 'live');
    expect(peer.link.paused).toBe(true);
    peer.send(...media);
    await settle();

    expect(peer.link.paused).toBe(false);
    expect([...world.hub.streams()][0]?.frames.video).toBe(50);
  });

  it.each([
    ['FCUnpublish', (peer: Peer) => peer.call('FCUnpublish', 6, null, 's')],
    ['closeStream', (peer: Peer) => peer.command(1, 'closeStream', 0, null)],
    ['deleteStream', (peer: Peer) => peer.call('deleteStream', 0, null, 1)],
  ])('may publish again on the same connection after %s', async (_, end) => {
    const world = new World();
    const peer = await world.publisher('s');
    peer.send(...media);
    end(peer);
    expect(world.hub.size).toBe(0);
    expect(world.sessions.size).toBe(0);
    peer.take();

    peer.call('createStream', 7, null);
    peer.command(2, 'publish', 8, null, 's', 'live');
    await settle();
    peer.send(...media);

    expect(peer.heard()).toEqual(['_result 7', 'onStatus NetStream.Publish.Start']);
    expect([...world.hub.streams()][0]?.frames.video).toBe(50);
    expect(peer.link.closed).toBe(false);
  });

  it('is told when its publication ends', async () => {
    const peer = await new World().publisher('s');
    peer.take();

    peer.call('FCUnpublish', 6, null, 's');

    expect(peer.heard()).toEqual([
      'onFCUnpublish NetStream.Unpublish.Success',
      '_result 6',
      'onStatus NetStream.Unpublish.Success',
    ]);
  });

  it('that comes second is refused with BadName, and the first stays (STREAM_BUSY)', async () => {
    const world = new World();
    const first = await world.publisher('s');
    const second = await world.publisher('s');

    expect(second.heard().at(-1)).toBe('onStatus NetStream.Publish.BadName');
    expect(second.reason?.code).toBe('STREAM_BUSY');
    expect(first.link.closed).toBe(false);
    expect(world.sessions.size).toBe(1);
  });

  it('that comes second takes over when the policy says so (STREAM_TAKEN)', async () => {
    const world = new World({ policy: 'takeover' });
    const first = await world.publisher('s');
    first.send(...media.slice(0, 10));
    const second = await world.publisher('s');
    second.send(...media);

    expect(first.heard().at(-1)).toBe('onStatus NetStream.Publish.BadName');
    expect(first.reason?.code).toBe('STREAM_TAKEN');
    expect(second.state).toBe('publishing');
    expect(world.sessions.size).toBe(1);
  });

  it('that the admission refuses is told why', async () => {
    const world = new World({ admission: { admit: () => Promise.reject(admissionErrors.refused('KICKED')) } });
    const peer = await world.publisher('s');

    expect(peer.heard().at(-1)).toBe('onStatus NetStream.Publish.BadName');
    expect(peer.reason?.code).toBe('ADMISSION_KICKED');
    expect(world.hub.size).toBe(0);
  });

  it('that left while the admission was asked publishes nothing', async () => {
    const world = new World();
    const peer = world.connected();
    peer.command(1, 'publish', 5, null, 's', 'live');
    peer.link.close();
    await settle();

    expect(world.hub.size).toBe(0);
    expect(world.sessions.size).toBe(0);
  });

  it('frees the name when the link breaks', async () => {
    const world = new World();
    const peer = await world.publisher('s');
    peer.send(...media);

    peer.link.close();

    expect(world.hub.size).toBe(0);
    expect(world.wheel.size).toBe(0);
  });

  it('is ended by the operator (ADMISSION_KICKED)', async () => {
    const world = new World();
    const peer = await world.publisher('s');

    world.sessions.kick([...world.sessions.list()][0]!.id);

    expect(peer.reason?.code).toBe('ADMISSION_KICKED');
    expect(world.hub.size).toBe(0);
  });

  it('with odd tags stays, and the tags are counted', async () => {
    const world = new World();
    const peer = await world.publisher('s');
    for (let size = 0; size < 5; size++) {
      peer.send({ type: 9, streamId: 1, timestamp: size, body: new Uint8Array(size).fill(0x17) });
    }
    peer.send(...media);

    expect(peer.state).toBe('publishing');
    expect(world.lines.some((line) => line.text.includes('tags dropped'))).toBe(true);
  });

  it('shows its bytes in the list of sessions', async () => {
    const world = new World();
    const peer = await world.publisher('s');
    peer.send(...media);
    world.advance(fromSeconds(1.2));

    const [entry] = [...world.sessions.list()];
    expect(entry!.received.total).toBeGreaterThan(10_000);
    expect(entry!.sent.total).toBeGreaterThan(3000);
  });
});

describe('control messages', () => {
  it('answers a ping', async () => {
    const peer = await new World().publisher('s');
    peer.take();

    peer.send(userControl(UserEvent.pingRequest, 0xfffffffe));

    expect(peer.take()[0]).toEqual(userControl(UserEvent.pingResponse, 0xfffffffe));
  });

  it('answers a bandwidth once, as long as it stays the same', async () => {
    const peer = await new World().publisher('s');
    peer.take();

    peer.send(setPeerBandwidth(1000, 2), setPeerBandwidth(1000, 2), setPeerBandwidth(2000, 2));

    expect(peer.take()).toEqual([windowAckSize(1000), windowAckSize(2000)]);
  });

  it('acknowledges when the window is full', async () => {
    const peer = await new World().publisher('s');
    peer.send(windowAckSize(5000));
    peer.take();
    for (const message of media) peer.send(message);

    const acks = peer.take().filter(({ type }) => type === MessageType.acknowledgement);

    const received = Number(peer.session.describe()['received']);
    expect(acks.length).toBeGreaterThanOrEqual(1);
    expect(acks.length).toBeLessThanOrEqual(Math.ceil(received / 5000));
  });
});

describe('what is not possible', () => {
  const wrong: [string, string, (world: World) => Promise<Peer>][] = [
    [
      'play before connect',
      'RTMP_STATE',
      async (world) => {
        const peer = world.peer();
        peer.shakeHands();
        peer.command(1, 'play', 0, null, 's');
        return peer;
      },
    ],
    [
      'connect twice',
      'RTMP_CONNECT',
      async (world) => {
        const peer = world.connected();
        peer.connect();
        return peer;
      },
    ],
    [
      'connect without tcUrl',
      'RTMP_CONNECT',
      async (world) => {
        const peer = world.peer();
        peer.shakeHands();
        peer.call('connect', 1, null);
        return peer;
      },
    ],
    [
      'a tcUrl of 10 kB',
      'RTMP_NAME',
      async (world) => {
        const peer = world.peer();
        peer.shakeHands();
        peer.connect(`rtmp://h/${'a'.repeat(10_000)}`);
        return peer;
      },
    ],
    [
      'publish before createStream',
      'RTMP_STREAM_ID',
      async (world) => {
        const peer = world.peer();
        peer.shakeHands();
        peer.connect();
        peer.command(1, 'publish', 5, null, 's');
        return peer;
      },
    ],
    [
      'publish twice',
      'RTMP_STATE',
      async (world) => {
        const peer = await world.publisher('s');
        peer.command(1, 'publish', 5, null, 's');
        return peer;
      },
    ],
    [
      'play while publishing',
      'RTMP_STATE',
      async (world) => {
        const peer = await world.publisher('s');
        peer.command(1, 'play', 5, null, 's');
        return peer;
      },
    ],
    [
      'a command without a name',
      'RTMP_COMMAND',
      async (world) => {
        const peer = world.connected();
        peer.send({ type: 20, streamId: 0, timestamp: 0, body: Uint8Array.of(5) });
        return peer;
      },
    ],
    [
      'a user control message of one byte',
      'RTMP_CONTROL',
      async (world) => {
        const peer = world.connected();
        peer.send({ type: 4, streamId: 0, timestamp: 0, body: Uint8Array.of(0) });
        return peer;
      },
    ],
    [
      'a damaged aggregate',
      'RTMP_AGGREGATE',
      async (world) => {
        const peer = await world.publisher('s');
        peer.send({ type: 22, streamId: 1, timestamp: 0, body: new Uint8Array(10) });
        return peer;
      },
    ],
    [
      'too much behind publish while the admission is asked',
      'RTMP_OPEN_BYTES',
      async (world) => {
        const peer = world.connected();
        peer.command(1, 'publish', 5, null, 's');
        for (let i = 0; i < 30 && !peer.link.closed; i++) {
          peer.send({ type: 9, streamId: 1, timestamp: 0, body: new Uint8Array(1_000_000) });
        }
        return peer;
      },
    ],
  ];
  it.each(wrong)('%s ends that session only, with %s', async (_, code, run) => {
    const world = new World();
    const other = await world.publisher('other');

    const peer = await run(world);

    expect(peer.reason?.code).toBe(code);
    expect(other.link.closed).toBe(false);
    expect(world.wheel.size).toBe(1);
  });
});

describe('time', () => {
  it('ends a peer that sends its handshake byte by byte (RTMP_TIMEOUT)', () => {
    const world = new World();
    const peer = world.peer();
    for (let second = 0; second < 12; second++) {
      peer.raw(Uint8Array.of(3));
      world.advance(fromSeconds(1));
    }

    expect(peer.reason?.code).toBe('RTMP_TIMEOUT');
  });

  it.each([
    ['handshake', 10, async (world: World) => world.peer()],
    ['connected', 10, async (world: World) => world.connected()],
    ['publishing without media', 20, (world: World) => world.publisher('s')],
    [
      'publishing and silent',
      5,
      async (world: World) => {
        const peer = await world.publisher('s');
        peer.send(...media);
        return peer;
      },
    ],
    [
      'idle between two publications',
      180,
      async (world: World) => {
        const peer = await world.publisher('s');
        peer.call('FCUnpublish', 6, null, 's');
        return peer;
      },
    ],
    [
      'waiting for an admission that never answers',
      30,
      async (world: World) => {
        const peer = world.connected();
        peer.command(1, 'publish', 5, null, 's');
        return peer;
      },
    ],
  ])('a peer that is %s is ended after %i s', async (state, seconds, reach) => {
    const never = { admit: () => new Promise<never>(() => undefined) };
    const world = new World(state.startsWith('waiting') ? { admission: never } : {});
    const peer = await reach(world);
    world.advance(fromSeconds(seconds - 0.2));
    expect(peer.link.closed).toBe(false);

    world.advance(fromSeconds(0.4));

    expect(peer.reason?.code).toBe('RTMP_TIMEOUT');
    expect(world.hub.size).toBe(0);
  });

  it('lets a player wait for its publisher as long as it likes', async () => {
    const world = new World();
    const player = await world.player('s');

    world.advance(fromSeconds(300));

    expect(player.link.closed).toBe(false);
  });
});

const reachable: Record<string, (world: World) => Peer | Promise<Peer>> = {
  handshake: (world) => world.peer(),
  connecting: (world) => {
    const peer = world.peer();
    peer.shakeHands();
    return peer;
  },
  idle: (world) => world.connected(),
  asking: (world) => {
    const peer = world.connected();
    peer.command(1, 'publish', 5, null, 's');
    return peer;
  },
  publishing: (world) => world.publisher('s'),
  playing: (world) => world.player('s'),
};

sessionSuite({
  name: 'RTMP server',
  states: Object.keys(reachable),
  reach: async (state) => {
    const never = { admit: () => new Promise<never>(() => undefined) };
    const world = new World(state === 'asking' ? { admission: never } : {});
    const peer = await reachable[state]!(world);
    expect(peer.state).toBe(state);
    expect(peer.link).toBeInstanceOf(FakeLink);
    return { session: peer.session, link: peer.link, clock: world.clock };
  },
  patient: { playing: 'a player may wait for a publisher; a dead link is found by TCP' },
});

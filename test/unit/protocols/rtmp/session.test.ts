// The server's session: the orders of commands that clients have, what they are told, and every end.
import { describe, expect, it } from 'vitest';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
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

    expect(asked).toEqual([
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

describe('a player', () => {
  const start = [
    'type 4',
    'onStatus NetStream.Play.Reset',
    'onStatus NetStream.Play.Start',
    'data |RtmpSampleAccess',
    'data onStatus',
  ];
  const started = async (world: World) => {
    const publisher = await world.publisher('s');
    publisher.send(...media);
    const player = await world.player('s');
    return { publisher, player };
  };

  it('hears that it plays, then gets headers and the last group of pictures', async () => {
    const { player } = await started(new World());

    const heard = player.heard().slice(6);

    expect(heard.slice(0, 8)).toEqual([...start, 'data onMetaData', 'type 9', 'type 8']);
    expect(heard.filter((line) => line === 'type 9')).toHaveLength(1 + 25);
  });

  it('may come before the publisher', async () => {
    const world = new World();
    const player = await world.player('s');
    expect(player.heard().slice(6)).toEqual(start);

    const publisher = await world.publisher('s');
    publisher.send(...media);

    expect(player.heard().filter((line) => line === 'type 9')).toHaveLength(1 + 50);
  });

  it('stays when the publisher leaves, and hears nothing of it unless it is configured', async () => {
    for (const unpublishNotify of [false, true]) {
      const { publisher, player } = await started(new World({ config: { unpublishNotify } }));
      player.take();
      publisher.link.close();

      expect(player.heard()).toEqual(unpublishNotify ? ['onStatus NetStream.Play.UnpublishNotify'] : []);
      expect(player.link.closed).toBe(false);
    }
  });

  it.each(['pause', 'pauseRaw'])('gets nothing after %s, and goes on at a join point', async (name) => {
    const { publisher, player } = await started(new World());
    player.take();
    player.command(1, name, 0, null, true, 0);
    player.command(1, name, 0, null, true, 0);
    publisher.send(...mediaMessages(live({ seconds: 3 })).slice(-50));
    expect(player.heard()).toEqual([
      'onStatus NetStream.Pause.Notify',
      'type 4',
      'onStatus NetStream.Pause.Notify',
      'type 4',
    ]);

    player.command(1, name, 0, null, false, 0);

    const heard = player.heard();
    expect(heard.slice(0, 4)).toEqual(['onStatus NetStream.Unpause.Notify', 'type 4', 'data onMetaData', 'type 9']);
  });

  it('gets only the kinds it wants to receive', async () => {
    const { publisher, player } = await started(new World());
    player.command(1, 'receiveVideo', 0, null, false);
    player.take();
    publisher.send(...media);
    const kinds = new Set(player.heard());
    expect(kinds).toEqual(new Set(['type 8']));

    player.command(1, 'receiveVideo', 0, null, true);
    player.command(1, 'receiveAudio', 0, null, false);
    player.take();
    publisher.send(...media);

    expect(new Set(player.heard())).toEqual(new Set(['type 9']));
  });

  it('may say before it plays what it does not want', async () => {
    const world = new World();
    const publisher = await world.publisher('s');
    const player = world.connected();
    player.command(1, 'receiveVideo', 0, null, false);
    player.command(1, 'play', 0, null, 's');
    await settle();
    publisher.send(...media);

    expect(player.heard()).not.toContain('type 9');
  });

  it('gets everything again with the next play', async () => {
    const { publisher, player } = await started(new World());
    player.command(1, 'receiveVideo', 0, null, false);
    player.command(1, 'closeStream', 0, null);
    player.command(1, 'play', 0, null, 's');
    await settle();
    player.take();
    publisher.send(...media);

    expect(new Set(player.heard())).toEqual(new Set(['type 8', 'type 9']));
  });

  it('shows in the list of sessions every byte that it was sent, through pauses', async () => {
    const world = new World();
    const { publisher, player } = await started(world);
    player.command(1, 'pause', 0, null, true, 0);
    player.command(1, 'pause', 0, null, false, 0);
    publisher.send(...media);
    world.advance(fromSeconds(1.2));

    const [entry] = [...world.sessions.list()].filter(({ info }) => !info.publish);
    expect(entry!.sent.total).toBe(player.link.bytes.length);
  });

  it('plays on another message stream with messages of that stream', async () => {
    const world = new World();
    const publisher = await world.publisher('s');
    const player = world.connected();
    player.call('createStream', 5, null);
    player.command(2, 'play', 0, null, 's');
    await settle();
    publisher.send(...media);

    const types = new Set(
      player
        .take()
        .filter(({ type }) => type === 9)
        .map(({ streamId }) => streamId),
    );
    expect(types).toEqual(new Set([2]));
  });

  it('changes the stream with a second play, and with play2', async () => {
    const world = new World();
    await started(world);
    const player = await world.player('other');
    player.take();
    player.command(1, 'play', 0, null, 's', -1, -1, true);
    await settle();
    expect(player.heard()).toContain('type 9');

    player.command(1, 'play2', 0, null, amfObject({ streamName: 'third', transition: 'switch' }));
    await settle();

    expect(player.heard()).toEqual(start);
    expect([...world.sessions.list()].map(({ info }) => info.name.stream)).toEqual(['s', 's', 'third']);
  });

  it('ends after its duration and may play again', async () => {
    const world = new World();
    const player = world.connected();
    player.command(1, 'play', 0, null, 's', -1000, 2000);
    await settle();
    player.take();
    world.advance(fromMs(1900));
    expect(player.heard()).toEqual([]);

    world.advance(fromMs(200));

    expect(player.heard()).toEqual(['type 4', 'onStatus NetStream.Play.Stop']);
    expect(world.hub.size).toBe(0);
    expect(player.state).toBe('idle');
  });

  it.each([
    ['getStreamLength', ['_result 7']],
    ['seek', []],
    ['FCSubscribe', ['_result 7', 'onFCSubscribe NetStream.Play.Start']],
    ['whatever', ['_result 7']],
    ['_result', []],
    ['_error', []],
  ])('that sends %s hears %j', async (name, expected) => {
    const player = await new World().player('s');
    player.take();

    player.command(1, name, 7, null, 0);

    expect(player.heard()).toEqual(expected);
  });

  it('hears nothing for an unknown command without transaction id, setBufferLength and acknowledgements', async () => {
    const player = await new World().player('s');
    player.take();

    player.command(1, 'whatever', 0, null);
    player.send(userControl(UserEvent.setBufferLength, 1, 3000));
    player.send({ type: MessageType.acknowledgement, streamId: 0, timestamp: 0, body: new Uint8Array(4) });
    player.send({ type: 99, streamId: 0, timestamp: 0, body: new Uint8Array(4) });

    expect(player.heard()).toEqual([]);
  });

  it('that is refused hears Play.Failed', async () => {
    const world = new World();
    const player = await world.player('..');

    expect(player.heard().at(-1)).toBe('onStatus NetStream.Play.Failed');
    expect(player.reason?.code).toBe('ADMISSION_NAME');
  });

  it('that takes nothing is ended after the stall time (PLAYER_TOO_SLOW)', async () => {
    const world = new World({ limits: { stallTime: fromSeconds(2) } });
    const publisher = await world.publisher('s');
    const player = await world.player('s');
    player.link.capacity = 10;
    publisher.send(...media);
    world.advance(fromSeconds(1.9));
    expect(player.link.closed).toBe(false);

    world.advance(fromSeconds(0.2));

    expect(player.reason?.code).toBe('PLAYER_TOO_SLOW');
  });

  it('that pauses and plays on without reading gets no more than headers', async () => {
    const world = new World({ limits: { linkBytes: 1000 } });
    const { player } = await started(world);
    player.link.capacity = 1000;
    player.command(1, 'pause', 0, null, true, 0);
    player.command(1, 'pause', 0, null, false, 0);
    const pending = player.link.pending;
    expect(pending).toBeGreaterThan(1000);
    for (let i = 0; i < 10; i++) {
      player.command(1, 'pause', 0, null, true, 0);
      player.command(1, 'pause', 0, null, false, 0);
    }
    expect(player.link.pending - pending).toBeLessThan(10 * 1000);
    player.take();

    player.link.drain();

    expect(player.heard()).toContain('type 9');
  });

  it('that asks without reading is ended (RTMP_UNREAD)', async () => {
    const world = new World({ limits: { linkBytes: 1000 } });
    const player = await world.player('s');
    player.link.capacity = 0;
    for (let i = 0; i < 10_000 && !player.link.closed; i++) player.send(userControl(UserEvent.pingRequest, i));

    expect(player.reason?.code).toBe('RTMP_UNREAD');
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

// The server's session with a player: what it is told, what it chooses, and every end.
import { describe, expect, it } from 'vitest';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { MessageType, UserEvent, userControl } from '../../../../src/core/protocols/rtmp/message.ts';
import { amfObject } from '../../../../src/core/wire/amf0/index.ts';
import { live } from '../../../tools/builders.ts';
import { mediaMessages } from './media.ts';
import { settle, World } from './world.ts';

const media = mediaMessages(live({ seconds: 2 }));

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

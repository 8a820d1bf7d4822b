// The client's session keeps the promises of all sessions, in each of its states.
import { expect } from 'vitest';
import { writeChunks } from '../../../../src/core/protocols/rtmp/chunk.ts';
import { RtmpClient } from '../../../../src/core/protocols/rtmp/client.ts';
import { command } from '../../../../src/core/protocols/rtmp/command.ts';
import { defaults } from '../../../../src/core/protocols/rtmp/config.ts';
import { ServerHandshake } from '../../../../src/core/protocols/rtmp/handshake.ts';
import type { Message } from '../../../../src/core/protocols/rtmp/message.ts';
import { parseRemote } from '../../../../src/core/protocols/rtmp/url.ts';
import { type AmfValue, amfObject } from '../../../../src/core/wire/amf0/index.ts';
import { sessionSuite } from '../../../suites/session.suite.ts';
import { FakeLink, SeedRng } from '../../../tools/fakes.ts';
import { World } from './world.ts';

const url = (name: string): URL => new URL(`rtmp://server/live/${name}`);
const status = (code: string, level = 'status', more: Record<string, AmfValue> = {}): Message =>
  command(1, 'onStatus', 0, null, amfObject({ level, code, description: 'because', ...more }));

/** Bytes of a server that bring a client on. */
const answers: Record<string, Message[]> = {
  handshake: [],
  connecting: [],
  creating: [command(0, '_result', 1, null, null)],
  starting: [command(0, '_result', 1, null, null), command(0, '_result', 4, null, 1)],
  running: [command(0, '_result', 1, null, null), command(0, '_result', 4, null, 1), status('NetStream.Play.Start')],
};

sessionSuite({
  name: 'RTMP client',
  states: Object.keys(answers),
  reach: async (state) => {
    const world = new World();
    const link = new FakeLink();
    const session = new RtmpClient({
      link,
      limits: world.limits,
      rng: new SeedRng(1),
      log: world.host.log,
      remote: parseRemote(url('s')),
      action: 'play',
      chunkSize: defaults.chunkSize,
      windowAckSize: defaults.windowAckSize,
      events: { running: () => undefined, media: () => undefined, ended: () => undefined },
      now: 0,
    });
    if (state !== 'handshake') {
      for (const chunk of new ServerHandshake(new SeedRng(2)).push(link.bytes).reply) session.receive(chunk, 0);
    }
    for (const message of answers[state] ?? []) {
      for (const chunk of writeChunks(
        { ...message, csid: 3, pieces: [message.body], size: message.body.length },
        128,
      )) {
        session.receive(chunk, 0);
      }
    }
    expect(session.state).toBe(state);
    return { session, link, clock: world.clock };
  },
});

// Merged reads over a real socket: seldom, and never so that a fast publisher is slowed to a buffer for each read.
import { expect, it } from 'vitest';
import type { Link } from '../../../src/core/base/link.ts';
import { fromMs } from '../../../src/core/base/time.ts';
import { RealClock } from '../../../src/core/net/index.ts';
import { MergedRead } from '../../../src/core/protocols/rtmp/merged-read.ts';
import { anyPort, finally_, makeNet, never, patience } from './tools.ts';

it('a pause takes all that has gathered, in many reads', async () => {
  const { net } = makeNet();
  const { promise: accepted, resolve } = Promise.withResolvers<Link>();
  const listener = finally_(await net.listenTcp(anyPort, resolve));
  const client = finally_(await net.dial(listener.address, { signal: never(), timeout: patience }));
  const server = finally_(await accepted);
  let pauses = 0;
  const { pause } = server;
  server.pause = () => {
    pauses++;
    pause.call(server);
  };
  const merged = new MergedRead(server, new RealClock(), fromMs(60));
  const total = 4 * 1024 * 1024;
  let received = 0;
  const whole = new Promise<void>((done) => {
    server.onData = ({ length }) => {
      received += length;
      merged.took();
      if (received === total) done();
    };
  });

  client.send([new Uint8Array(total)]);
  await whole;
  merged.stop();

  // Of a buffer of 64 KiB for each pause it would be 64.
  expect(pauses).toBeGreaterThan(0);
  expect(pauses).toBeLessThan(40);
});

// One end of an SRT connection without a server, as srt-live-transmit is: so that packets, not streams, are measured.
// Usage: node srt-end.ts receive            prints its port; counts and throws away
//        node srt-end.ts send PORT          sends what comes on standard input, in messages of 1316 bytes
import { silentLog } from '../../src/core/base/log.ts';
import { RealClock } from '../../src/core/net/real-clock.ts';
import { RealRng } from '../../src/core/net/real-rng.ts';
import { listenUdp } from '../../src/core/net/udp.ts';
import { SrtMultiplexer } from '../../src/core/protocols/srt/multiplexer.ts';
import { defaultOptions } from '../../src/core/protocols/srt/options.ts';

const MESSAGE_BYTES = 1316;
const [role = 'receive', to = '0'] = process.argv.slice(2);
const clock = new RealClock();
const port = await listenUdp({ host: '127.0.0.1', port: 0 });
const multiplexer = new SrtMultiplexer({ port, clock, rng: new RealRng(), log: silentLog });
const nothing = (): void => undefined;

if (role === 'receive') {
  let messages = 0;
  const message = (): void => {
    messages++;
  };
  multiplexer.listen((request) => void request.accept({ message, ended: () => process.exit(0) }));
  console.log(port.local.port);
  process.stdin.on('data', () => console.log(messages)).on('end', () => process.exit(0));
} else {
  const events = { message: nothing, ended: () => process.exit(0) };
  const connection = multiplexer.call({ host: '127.0.0.1', port: Number(to) }, defaultOptions, events);
  let rest: Buffer = Buffer.alloc(0);
  process.stdin.on('data', (bytes: Buffer) => {
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    const now = clock.now();
    let at = 0;
    for (; at + MESSAGE_BYTES <= all.length; at += MESSAGE_BYTES) {
      connection.send(all.subarray(at, at + MESSAGE_BYTES), now);
    }
    rest = all.subarray(at);
  });
}

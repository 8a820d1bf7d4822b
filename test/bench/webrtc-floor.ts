// The floor of UDP: a loop of bare `dgram.send` with given sizes of datagrams.
// Usage: node webrtc-floor.ts SINKS PER_SECOND SIZES; PER_SECOND 0: as fast as the kernel takes them, 32 at a time; SIZES with
// commas. With `--sink COUNT` it is the other end: COUNT sockets that count. Both print one line: their ports, or nothing; on
// standard input `report` prints what was sent or received.
import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { createInterface } from 'node:readline';

const state = { packets: 0, bytes: 0 };
const BATCH = 32;
/** Pictures a second of the stream that it stands for: what is due leaves at once. */
const TURN_MS = 40;

createInterface({ input: process.stdin })
  .on('line', () => console.log(JSON.stringify(state)))
  .on('close', () => process.exit(0));

async function bound(): Promise<Socket> {
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: 2 ** 20,
    sendBufferSize: 2 ** 21,
    // Without it each datagram asks the resolver for an address that is one already.
    lookup: (host, _, done) => done(null, host, isIP(host)),
  });
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  return socket;
}

if (process.argv[2] === '--sink') {
  const sockets = await Promise.all(Array.from({ length: Number(process.argv[3]) }, bound));
  for (const socket of sockets) {
    socket.on('message', ({ length }) => {
      state.packets++;
      state.bytes += length;
    });
  }
  console.log(sockets.map((socket) => socket.address().port).join(','));
} else {
  const [sinks = '', perSecond = '0', list = ''] = process.argv.slice(2);
  const ports = sinks.split(',').map(Number);
  const datagrams = list.split(',').map((size) => Buffer.alloc(Number(size), 1));
  const socket = await bound();
  let next = 0;
  const send = (done?: () => void): void => {
    const datagram = datagrams[Math.floor(next / ports.length) % datagrams.length] as Buffer;
    const port = ports[next % ports.length] as number;
    next++;
    state.packets++;
    state.bytes += datagram.length;
    if (done === undefined) socket.send(datagram, port, '127.0.0.1');
    else socket.send(datagram, port, '127.0.0.1', done);
  };
  // A datagram that the kernel takes at once is done before the loop turns: nobody would hear `report`.
  const flood = (): void => {
    let left = BATCH;
    for (let i = 0; i < BATCH; i++) {
      send(() => {
        if (--left === 0) setImmediate(flood);
      });
    }
  };
  if (Number(perSecond) === 0) flood();
  else {
    const since = performance.now();
    setInterval(() => {
      const due = ((performance.now() - since) / 1000) * Number(perSecond);
      while (next < due) send();
    }, TURN_MS);
  }
}

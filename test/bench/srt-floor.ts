// The floor of SRT players: sends as many datagrams of the same size in the same bursts, and nothing else.
// Usage: node srt-floor.ts PORT,PORT,... PLAYERS PACKETS_PER_SECOND BURST_MS
import { createSocket } from 'node:dgram';

const [list = '', ...numbers] = process.argv.slice(2);
const ports = list.split(',').map(Number);
const [players = 1, rate = 100, burstMs = 20] = numbers.map(Number);
/** Seven packets of a transport stream and the head of SRT. */
const datagram = Buffer.alloc(1316 + 16, 1);
const socket = createSocket({
  type: 'udp4',
  sendBufferSize: 2 * 1024 * 1024,
  // As srsx does: Node would ask the resolver for every datagram.
  lookup: (host, _options, done) => done(null, host, 4),
});
const began = performance.now();
let sent = 0;
setInterval(() => {
  const due = Math.floor(((performance.now() - began) / 1000) * rate);
  for (; sent < due; sent++)
    for (let i = 0; i < players; i++) socket.send(datagram, ports[i % ports.length], '127.0.0.1');
}, burstMs);

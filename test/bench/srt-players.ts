// N SRT players in one process, ten on each port, as lean as can be: the handshake is srsx's own, then data is counted and
// acknowledged every 10 ms, as libsrt does, and nothing is kept.
// Usage: node srt-players.ts PORT COUNT STREAMID; `report` on standard input prints a line of JSON.
//        node srt-players.ts sink COUNT            prints COUNT ports in one line; reads datagrams and throws them away
import { createInterface } from 'node:readline';
import type { SrsxError } from '../../src/core/base/errors.ts';
import { idle, type Port } from '../../src/core/base/link.ts';
import { silentLog } from '../../src/core/base/log.ts';
import { fromSeconds } from '../../src/core/base/time.ts';
import { RealClock } from '../../src/core/net/real-clock.ts';
import { RealRng } from '../../src/core/net/real-rng.ts';
import { listenUdp } from '../../src/core/net/udp.ts';
import { writeAck } from '../../src/core/protocols/srt/control.ts';
import { parseHandshake } from '../../src/core/protocols/srt/handshake.ts';
import { SrtMultiplexer } from '../../src/core/protocols/srt/multiplexer.ts';
import { defaultOptions } from '../../src/core/protocols/srt/options.ts';
import {
  bodyOf,
  ControlType,
  controlNumber,
  controlType,
  destinationOf,
  isControl,
  sequenceOf,
  writeControl,
} from '../../src/core/protocols/srt/packet.ts';

const ACK_MS = 10;
const RAMP_MS = 10;
/** One port for all would lose a burst in its small buffer before this process gets to read it. */
const PLAYERS_PER_PORT = 10;
/** Each connection must hear something now and then, or it takes its peer for dead. */
const HEARD_EVERY = 16;
const [serverPort = '0', wanted = '1', streamid = ''] = process.argv.slice(2);
/** `packets` by their numbers: what the server sent, whether it came or not. */
const state = { playing: 0, packets: 0, came: 0, closed: 0, acks: 0, why: {} as Record<string, number> };

interface Player {
  readonly socket: Port;
  peerSocketId: number;
  sequence: number;
  acknowledged: number;
  number: number;
}
const players = new Map<number, Player>();
const server = { host: '127.0.0.1', port: Number(serverPort) };
const clock = new RealClock();

function player(id: number, socket: Port): Player {
  const known = players.get(id);
  if (known !== undefined) return known;
  const made = { socket, peerSocketId: 0, sequence: -1, acknowledged: -1, number: 0 };
  players.set(id, made);
  return made;
}

/** What the multiplexer sees: everything but data, and few answers to the acknowledgements. */
function lean(socket: Port): Port {
  const port: Port = {
    local: socket.local,
    send: (datagram, to, rest) => socket.send(datagram, to, rest),
    sendBatch: (...batch) => socket.sendBatch(...batch),
    close: () => socket.close(),
    onDatagram: idle.onData,
  };
  socket.onDatagram = (datagram, from) => {
    if (!isControl(datagram)) {
      count(player(destinationOf(datagram), socket), sequenceOf(datagram));
      return;
    }
    const type = controlType(datagram);
    if (type === ControlType.ackAck && controlNumber(datagram) % HEARD_EVERY !== 0) return;
    if (type === ControlType.handshake) {
      player(destinationOf(datagram), socket).peerSocketId = parseHandshake(bodyOf(datagram)).socketId;
    }
    port.onDatagram(datagram, from);
  };
  return port;
}

function count(one: Player, sequence: number): void {
  if (one.sequence < 0) state.playing++;
  // A packet that is sent again at the end of a burst has an old number; numbers are counted in 31 bits.
  const ahead = one.sequence < 0 ? 1 : ((sequence - one.sequence) << 1) >> 1;
  state.came++;
  if (ahead <= 0) return;
  state.packets += ahead;
  one.sequence = sequence;
}

function acknowledge(): void {
  const timestamp = clock.now() >>> 0;
  for (const one of players.values()) {
    if (one.sequence === one.acknowledged) continue;
    one.acknowledged = one.sequence;
    one.number++;
    state.acks++;
    const full = {
      rtt: 1000,
      rttVariance: 200,
      availablePackets: 8192,
      receiveRate: 100,
      linkCapacity: 10_000,
      receiveBytesRate: 125_000,
    };
    const body = writeAck({ sequence: (one.sequence + 1) & 0x7fffffff, full });
    const head = { type: ControlType.ack, number: one.number, timestamp, destination: one.peerSocketId };
    one.socket.send(writeControl(head, body), server);
  }
}

const open = (): Promise<Port> => listenUdp({ host: '127.0.0.1', port: 0 });
if (serverPort === 'sink') {
  const sockets = await Promise.all(Array.from({ length: Number(wanted) }, open));
  for (const socket of sockets) socket.onDatagram = () => undefined;
  console.log(sockets.map(({ local }) => local.port).join(','));
} else {
  const sockets = await Promise.all(Array.from({ length: Math.ceil(Number(wanted) / PLAYERS_PER_PORT) }, open));
  const multiplexers = sockets.map(
    (socket) => new SrtMultiplexer({ port: lean(socket), clock, rng: new RealRng(), log: silentLog }),
  );
  const ended = (reason?: SrsxError): void => {
    const code = reason?.code ?? 'in order';
    state.closed++;
    state.why[code] = (state.why[code] ?? 0) + 1;
  };
  // On a machine that has other work everything is late: a third of the callers had given up after libsrt's 3 s.
  const options = { ...defaultOptions, streamid, conntimeo: fromSeconds(30), peeridletimeo: fromSeconds(30) };
  for (let i = 0; i < Number(wanted); i++) {
    const multiplexer = multiplexers[i % multiplexers.length];
    setTimeout(() => multiplexer?.call(server, options, { message: () => undefined, ended }), i * RAMP_MS);
  }
  setInterval(acknowledge, ACK_MS);
}
createInterface({ input: process.stdin })
  .on('line', () => console.log(JSON.stringify(state)))
  .on('close', () => process.exit(0));

// A bad network between two programs of this machine, in real time: datagrams to its port go on to another one and back, some of
// them never and the others late, so that they overtake each other. For kernels without netem (tc-netem(8)), as those of CI.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { SeedRng } from './fakes.ts';
import { atEnd } from './interop.ts';

export interface BadNetwork {
  /** Of each way, 0 to 1. */
  loss: number;
  /** Each datagram waits from 0 to so long. */
  jitterMs: number;
}

export interface LossyUdp extends BadNetwork {
  readonly port: number;
  /** Datagrams that were lost, and all. */
  readonly counts: { lost: number; all: number };
}

/** Senders that a port is opened for. */
const MOST_SENDERS = 256;

/** Between 127.0.0.1:`port` of what is given back, and 127.0.0.1:`to`; gone after the tests of the file. */
export async function lossyUdp(to: number, network: BadNetwork, seed: number): Promise<LossyUdp> {
  const rng = new SeedRng(seed);
  const outside = createSocket('udp4');
  const inside = new Map<number, Socket>();
  const waiting = new Set<NodeJS.Timeout>();
  outside.bind(0, '127.0.0.1');
  await once(outside, 'listening');
  const own: LossyUdp = { ...network, port: outside.address().port, counts: { lost: 0, all: 0 } };

  const pass = (from: Socket, bytes: Uint8Array, port: number): void => {
    own.counts.all++;
    if (rng.below(1000) < own.loss * 1000) {
      own.counts.lost++;
      return;
    }
    const late = setTimeout(
      () => {
        waiting.delete(late);
        from.send(bytes, port, '127.0.0.1');
      },
      rng.below(own.jitterMs + 1),
    );
    waiting.add(late);
  };
  /** For each sender a port of its own towards the other side, so that answers find back. */
  const open = (sender: number): Socket => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    socket.on('message', (bytes) => pass(outside, bytes, sender));
    inside.set(sender, socket);
    return socket;
  };
  outside.on('message', (bytes, { port }) => {
    const socket = inside.get(port) ?? (inside.size < MOST_SENDERS ? open(port) : undefined);
    if (socket !== undefined) pass(socket, bytes, to);
  });
  atEnd(() => {
    for (const late of waiting) clearTimeout(late);
    for (const socket of [outside, ...inside.values()]) socket.close();
  });
  return own;
}

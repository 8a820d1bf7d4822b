// N players of WHEP in one process, as lean as can be: each checks its path, does DTLS and then only counts what comes.
// Usage: node webrtc-players.ts HTTP_PORT COUNT [APP STREAM]; on standard input `report` prints a line of JSON, the end of
// input ends it.
import { createSocket, type Socket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { randomId } from '../../src/core/base/rng.ts';
import { RealClock } from '../../src/core/net/real-clock.ts';
import { RealRng } from '../../src/core/net/real-rng.ts';
import { offerFor } from '../../src/core/toolkit/conformance/offer.ts';
import { createIdentity, DtlsEndpoint, isDtls } from '../../src/core/wire/dtls/index.ts';
import { writeRtcp } from '../../src/core/wire/rtcp/index.ts';
import { kindOf, uint16, uint32 } from '../../src/core/wire/rtp/index.ts';
import { parseSdp } from '../../src/core/wire/sdp/index.ts';
import { SrtpSender, srtpProfile } from '../../src/core/wire/srtp/index.ts';
import { isStun, stunType, writeStun } from '../../src/core/wire/stun/index.ts';

const [port = '0', count = '1', app = 'live', stream = 'bench'] = process.argv.slice(2);
/** Between two players. */
const RAMP_MS = 10;
/** Sizes of datagrams that are remembered, of the first player: what a bare sender sends too. */
const MOST_SIZES = 4000;
const RECEIVE_BYTES = 1024 * 1024;
const clock = new RealClock();
const rng = new RealRng();
const identity = await createIdentity();
const state = { playing: 0, failed: 0, packets: 0, bytes: 0, lost: 0 };
const sizes: number[] = [];

class Player {
  readonly #isFirst: boolean;
  readonly #socket: Socket;
  readonly #pwd: string;
  readonly #username: string;
  readonly #to: { port: number; address: string };
  readonly #dtls: DtlsEndpoint;
  readonly #tieBreaker = rng.bytes(8);
  /** The last sequence by SSRC. */
  readonly #last = new Map<number, number>();
  #srtp: SrtpSender | undefined;
  #checked = false;
  #opened: () => void = () => undefined;
  /** The handshake has ended, well or not: the next player comes then. */
  readonly settled = new Promise<void>((done) => {
    this.#opened = done;
  });

  constructor(isFirst: boolean, socket: Socket, offer: string, answer: string) {
    this.#isFirst = isFirst;
    this.#socket = socket;
    const [section] = parseSdp(answer).sections;
    const [, address = '', at = ''] = /^a=candidate:\S+ 1 udp \d+ (\S+) (\d+)/m.exec(answer) ?? [];
    this.#to = { address, port: Number(at) };
    this.#pwd = section?.ice?.pwd ?? '';
    this.#username = `${section?.ice?.ufrag}:${/a=ice-ufrag:(\S+)/.exec(offer)?.[1]}`;
    this.#dtls = new DtlsEndpoint({
      ...{ role: 'client', identity, rng, profiles: [srtpProfile.aeadAes128Gcm, srtpProfile.aes128CmSha1_80] },
      fingerprints: section?.fingerprint === undefined ? [] : [section.fingerprint],
      send: (datagram) => this.#send(datagram),
      onKeys: ({ local, profile }) => {
        this.#srtp = new SrtpSender(local, profile);
        state.playing++;
        this.#opened();
      },
      onClosed: () => {
        state.failed++;
      },
    });
    socket.on('message', (datagram) => this.#receive(datagram));
  }

  /** A check of ICE, and a report when there is something to report about. */
  keepAlive(): void {
    const fields = { type: stunType.request, transaction: rng.bytes(12), username: this.#username };
    const check = { ...fields, priority: 1, useCandidate: true, controlling: this.#tieBreaker };
    this.#send(writeStun(check, this.#pwd));
    const reports = [...this.#last].map(([ssrc, highest]) => ({
      ...{ ssrc, highest, fractionLost: 0, lost: 0, jitter: 0, lastReport: 0, delay: 0 },
    }));
    if (this.#srtp === undefined || reports.length === 0) return;
    this.#send(this.#srtp.protectRtcp(writeRtcp([{ type: 'rr', ssrc: 1, reports }])));
  }

  tick(): void {
    try {
      if (clock.now() >= this.#dtls.deadline) this.#dtls.tick(clock.now());
    } catch {
      state.failed++;
      this.#dtls.close();
      this.#opened();
    }
  }

  #send(datagram: Uint8Array): void {
    this.#socket.send(datagram, this.#to.port, this.#to.address);
  }

  #receive(datagram: Uint8Array): void {
    if (isStun(datagram)) {
      if (!this.#checked) this.#dtls.start(clock.now());
      this.#checked = true;
    } else if (isDtls(datagram)) this.#dtls.receive(datagram, clock.now());
    else if (kindOf(datagram) === 'rtp') this.#count(datagram);
  }

  #count(datagram: Uint8Array): void {
    state.packets++;
    state.bytes += datagram.length;
    if (this.#isFirst && sizes.length < MOST_SIZES) sizes.push(datagram.length);
    const [ssrc, sequence] = [uint32(datagram, 8), uint16(datagram, 2)];
    const last = this.#last.get(ssrc);
    if (last !== undefined) state.lost += (sequence - last - 1) & 0xffff;
    this.#last.set(ssrc, sequence);
  }
}

const players: Player[] = [];

/** An offer with our certificate. */
function newOffer(): string {
  const offer = offerFor('whep', rng, { setup: 'active' });
  return offer.replace(/sha-256 [0-9A-F:]+/g, `sha-256 ${identity.fingerprint.value}`);
}

async function open(isFirst: boolean): Promise<void> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BYTES });
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  const offer = newOffer();
  const url = `http://127.0.0.1:${port}/rtc/v1/whep/?app=${app}&stream=${stream}&id=${randomId(rng, 4)}`;
  const answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: offer });
  const sdp = await answer.text();
  if (answer.status !== 201) throw new Error(`${answer.status} ${sdp}`);
  const player = new Player(isFirst, socket, offer, sdp);
  players.push(player);
  player.keepAlive();
  await player.settled;
}

async function openAll(): Promise<void> {
  for (let i = 0; i < Number(count); i++) {
    await open(i === 0).catch((error: unknown) => {
      state.failed++;
      if (state.failed === 1) process.stderr.write(`${String(error)}\n`);
    });
    await new Promise((done) => setTimeout(done, RAMP_MS));
  }
}

setInterval(() => {
  for (const player of players) player.tick();
}, 50);
setInterval(() => {
  for (const player of players) player.keepAlive();
}, 2000);
createInterface({ input: process.stdin })
  .on('line', () => console.log(JSON.stringify({ ...state, sizes })))
  .on('close', () => process.exit(0));
await openAll();

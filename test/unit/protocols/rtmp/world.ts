// A host of fakes, and a peer that speaks RTMP by hand: what it sends is written in the test, what it gets is read.
import { concat } from '../../../../src/core/base/bytes.ts';
import type { SrsxError } from '../../../../src/core/base/errors.ts';
import { defaultLimits, type Limits } from '../../../../src/core/base/limits.ts';
import type { Address, Link } from '../../../../src/core/base/link.ts';
import { Log, type LogLine } from '../../../../src/core/base/log.ts';
import { Wheel } from '../../../../src/core/base/session.ts';
import { fromMs, type Micros } from '../../../../src/core/base/time.ts';
import { type Admission, OpenAdmission } from '../../../../src/core/control/admission.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { noHooks } from '../../../../src/core/control/hooks/hooks.ts';
import type { DialOptions, Host } from '../../../../src/core/control/host.ts';
import { Sessions } from '../../../../src/core/control/sessions.ts';
import { Hub } from '../../../../src/core/media/hub.ts';
import { ChunkReader, writeChunks } from '../../../../src/core/protocols/rtmp/chunk.ts';
import { command, parseCommand } from '../../../../src/core/protocols/rtmp/command.ts';
import { defaults, type RtmpConfig } from '../../../../src/core/protocols/rtmp/config.ts';
import { type Message, MessageType } from '../../../../src/core/protocols/rtmp/message.ts';
import { type ServedLink, serveLink } from '../../../../src/core/protocols/rtmp/serve.ts';
import { type AmfValue, amfObject, amfText, parseAmf0 } from '../../../../src/core/wire/amf0/index.ts';
import { FakeLink, linkPair, type PipeLink, SeedRng, VirtualClock } from '../../../tools/fakes.ts';

export interface WorldOptions {
  readonly policy?: 'refuse' | 'takeover';
  readonly limits?: Partial<Limits>;
  readonly config?: Partial<RtmpConfig>;
  readonly admission?: Admission;
  /** The configuration; without it, one vhost with all defaults. */
  readonly settings?: string;
}

const unused = (): never => {
  throw new Error('this test has no network');
};

/** Promises that are ready run to their end. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

/** A whole server without a network. */
export class World {
  readonly clock = new VirtualClock();
  readonly wheel = new Wheel();
  readonly lines: LogLine[] = [];
  readonly limits: Limits;
  readonly config: RtmpConfig;
  readonly hub: Hub;
  readonly sessions: Sessions;
  readonly host: Host;

  constructor({ policy = 'refuse', limits = {}, config = {}, admission, settings }: WorldOptions = {}) {
    this.limits = { ...defaultLimits, ...limits };
    this.config = { ...defaults, ...config };
    this.hub = new Hub({ clock: this.clock, limits: this.limits, gopCache: true, mergeWindow: 0 });
    this.sessions = new Sessions(this.clock, new SeedRng(5), this.limits.sessions);
    const { nameBytes } = this.limits;
    this.host = {
      clock: this.clock,
      rng: new SeedRng(6),
      log: new Log((line) => this.lines.push(line), 'info'),
      limits: this.limits,
      hub: this.hub,
      settings: settingsOf(settings),
      admission: admission ?? new OpenAdmission({ policy, mergeWindow: 0, nameBytes }),
      hooks: noHooks,
      sessions: this.sessions,
      wheel: this.wheel,
      net: {
        listenTcp: unused,
        listenUdp: unused,
        lookup: unused,
        dial: (to, options) => this.dialled(to, options),
        listenHttp: unused,
        request: unused,
        dialWebSocket: unused,
        openFile: unused,
        createFile: unused,
        folder: unused,
        gzip: unused,
      },
      http: { add: unused },
    };
  }

  /** What a client of ours dialled, newest last. */
  readonly dials: { readonly to: Address; readonly options: DialOptions; readonly near: PipeLink }[] = [];
  /** Serves the far end of what was dialled; a test may put another server there. */
  onDial: (far: PipeLink, to: Address) => void = (far) => void this.serve(far);
  readonly #pumps: (() => void)[] = [];

  private async dialled(to: Address, options: DialOptions): Promise<Link> {
    const { a: near, b: far, pump } = linkPair(1000);
    this.dials.push({ to, options, near });
    this.#pumps.push(pump);
    this.onDial(far, to);
    return near;
  }

  /** Everything under way arrives: bytes, and what waits for promises. */
  async settle(): Promise<void> {
    for (let i = 0; i < 10; i++) {
      for (const pump of this.#pumps) pump();
      await settle();
    }
  }

  serve(link: Link): ServedLink {
    return serveLink(link, this.host, this.config);
  }

  /** A peer that has done nothing yet. */
  peer(): Peer {
    const link = new FakeLink();
    return new Peer(this, link, this.serve(link));
  }

  /** A peer that is connected and has created stream 1. */
  connected(tcUrl = 'rtmp://host/live'): Peer {
    const peer = this.peer();
    peer.shakeHands();
    peer.connect(tcUrl);
    peer.call('createStream', 4, null);
    return peer;
  }

  async publisher(name: string, tcUrl?: string): Promise<Peer> {
    const peer = this.connected(tcUrl);
    peer.command(1, 'publish', 5, null, name, 'live');
    await settle();
    return peer;
  }

  async player(name: string, tcUrl?: string): Promise<Peer> {
    const peer = this.connected(tcUrl);
    peer.command(1, 'play', 0, null, name, -2000);
    await settle();
    return peer;
  }

  /** Moves the time in the steps of the wheel. */
  advance(time: Micros): void {
    const step = fromMs(50);
    for (let passed = 0; passed < time; passed += step) {
      this.clock.advance(step);
      this.wheel.turn(this.clock.now());
    }
  }

  get codes(): unknown[] {
    return this.lines.map((line) => line.fields['code']).filter((code) => code !== undefined);
  }
}

/** The other end of a served link. */
export class Peer {
  readonly world: World;
  readonly link: FakeLink;
  readonly session: ServedLink;
  readonly messages: Message[] = [];
  readonly #reader: ChunkReader;
  #handshakeLeft = handshakeBytes.length;

  constructor(world: World, link: FakeLink, session: ServedLink) {
    this.world = world;
    this.link = link;
    this.session = session;
    this.#reader = new ChunkReader(world.limits, (message) => this.messages.push(message));
  }

  /** Bytes as they are. */
  raw(...bytes: readonly Uint8Array[]): void {
    for (const piece of bytes) if (!this.link.closed) this.link.onData(piece);
  }

  send(...messages: readonly Message[]): void {
    this.raw(concat(messages.map((message) => wire(message))));
  }

  shakeHands(): void {
    this.raw(handshakeBytes);
  }

  connect(tcUrl = 'rtmp://host/live', more: Record<string, AmfValue> = {}): void {
    this.command(0, 'connect', 1, amfObject({ app: 'live', tcUrl, objectEncoding: 0, ...more }));
  }

  command(streamId: number, name: string, transaction: number, ...values: AmfValue[]): void {
    this.send(command(streamId, name, transaction, ...values));
  }

  call(name: string, transaction: number, ...values: AmfValue[]): void {
    this.command(0, name, transaction, ...values);
  }

  /** Messages that came since the last call. */
  take(): Message[] {
    const bytes = this.link.sent.length === 0 ? new Uint8Array(0) : this.link.takeSent();
    const skip = Math.min(this.#handshakeLeft, bytes.length);
    this.#handshakeLeft -= skip;
    this.#reader.push(bytes.subarray(skip));
    return this.messages.splice(0);
  }

  /** The same as short texts: `_result 4`, `onStatus NetStream.Play.Start`, `type 5`. */
  heard(): string[] {
    return this.take().map((message) => describe(message));
  }

  get reason(): SrsxError | undefined {
    return this.link.reason;
  }

  get state(): unknown {
    return this.session.describe()['state'];
  }
}

export const handshakeBytes = new Uint8Array(1 + 2 * 1536).fill(7);
handshakeBytes[0] = 3;
handshakeBytes.fill(0, 1, 9);

export const wire = (message: Message, chunkSize = 128): Uint8Array =>
  concat(writeChunks({ ...message, csid: 3, pieces: [message.body], size: message.body.length }, chunkSize));

const limits = { amfDepth: 32, amfValues: 4096 };

function describe(message: Message): string {
  if (message.type === MessageType.data) return `data ${parseAmf0(message.body, limits)[0]}`;
  if (message.type !== MessageType.command) return `type ${message.type}`;
  const { name, transaction, args } = parseCommand(message, limits);
  const code = amfText(args[0], 'code');
  return code === undefined ? `${name} ${transaction}` : `${name} ${code}`;
}

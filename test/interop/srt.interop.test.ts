// SRT with libsrt on the other end: srt-live-transmit, ffmpeg and GStreamer, as caller and as listener, both directions.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { concat, totalSize } from '../../src/core/base/bytes.ts';
import type { SrsxError } from '../../src/core/base/errors.ts';
import { silentLog } from '../../src/core/base/log.ts';
import { fromMs } from '../../src/core/base/time.ts';
import { RealClock } from '../../src/core/net/real-clock.ts';
import { RealRng } from '../../src/core/net/real-rng.ts';
import { listenUdp } from '../../src/core/net/udp.ts';
import { parseOptions, type SrtConnection, SrtMultiplexer } from '../../src/core/protocols/srt/index.ts';
import { SeedRng } from '../tools/fakes.ts';
import { atEnd, describeWith, made, run, scratchFolder, until } from '../tools/interop.ts';
import { freeUdpPort } from '../tools/ports.ts';

const clock = new RealClock();
const MESSAGE = 1316;

/** Ten seconds of picture and sound, sent in about four. */
const source = () =>
  made(
    'srt-10s.ts',
    '-f lavfi -i testsrc2=size=320x180:rate=25 -f lavfi -i anoisesrc=color=pink:seed=7:sample_rate=44100 -t 10 -c:v libx264 -preset veryfast -g 50 -c:a aac -b:a 64k -f mpegts',
  );

const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

interface Program {
  readonly child: ChildProcess;
  said: string;
}

function program(name: string, args: readonly string[]): Program {
  const child = spawn(name, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  children.add(child);
  const started = { child, said: '' };
  child.stderr?.on('data', (bytes: Buffer) => (started.said += bytes.toString()));
  // Whoever is gone does not read.
  child.stdin?.on('error', () => undefined);
  return started;
}

/** Our end: everything that it got, and what became of it. */
class End {
  readonly chunks: Uint8Array[] = [];
  connection: SrtConnection | undefined;
  ended = false;
  reason: SrsxError | undefined;
  streamid: string | undefined;
  readonly mux: SrtMultiplexer;
  readonly port: number;
  readonly #sends: Uint8Array | undefined;

  constructor(mux: SrtMultiplexer, port: number, sends: Uint8Array | undefined) {
    this.mux = mux;
    this.port = port;
    this.#sends = sends;
  }

  get size(): number {
    return totalSize(this.chunks);
  }

  get events() {
    return {
      connected: (connection: SrtConnection): void => {
        this.connection = connection;
        if (this.#sends !== undefined)
          pace(
            this.#sends,
            (message) => connection.send(message, clock.now()),
            () => connection.finish(clock.now()),
          );
      },
      message: (payload: Uint8Array): void => void this.chunks.push(payload),
      ended: (reason: SrsxError | undefined): void => {
        this.ended = true;
        this.reason = reason;
      },
    };
  }
}

/** One message each 4 ms on average, in the grain of a timer. */
function pace(bytes: Uint8Array, send: (message: Uint8Array) => void, done: () => void): void {
  const start = clock.now();
  let at = 0;
  const step = (): void => {
    for (; at < bytes.length && (at / MESSAGE) * fromMs(4) <= clock.now() - start; at += MESSAGE) {
      send(bytes.subarray(at, at + MESSAGE));
    }
    if (at >= bytes.length) done();
    else clock.after(fromMs(4), step);
  };
  step();
}

async function open(sends?: Uint8Array): Promise<End> {
  const port = await listenUdp({ host: '127.0.0.1', port: 0 });
  const mux = new SrtMultiplexer({ port, clock, rng: new RealRng(), log: silentLog });
  atEnd(() => mux.close());
  return new End(mux, port.local.port, sends);
}

/** A port that passes datagrams on to `target` and back, 15 ms later, but for a tenth of the data and reports. */
async function badNetwork(target: number): Promise<number> {
  const [front, back] = [
    await listenUdp({ host: '127.0.0.1', port: 0 }),
    await listenUdp({ host: '127.0.0.1', port: 0 }),
  ];
  atEnd(() => [front, back].map((port) => port.close()));
  const rng = new SeedRng(7);
  let caller = { host: '127.0.0.1', port: 0 };
  const pass = (datagram: Uint8Array, send: () => void): void => {
    const handshakeOrEnd = datagram[0] === 0x80 && (datagram[1] === 0 || datagram[1] === 5);
    if (handshakeOrEnd || rng.below(10) !== 0) clock.after(fromMs(15), send);
  };
  front.onDatagram = (datagram, from) => {
    caller = from;
    pass(datagram, () => back.send(datagram, { host: '127.0.0.1', port: target }));
  };
  back.onDatagram = (datagram) => pass(datagram, () => front.send(datagram, caller));
  return front.local.port;
}

const optionsOf = (query: string) => parseOptions(new URLSearchParams(query)).options;
const withQuery = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('&');

/** A peer of ours: how it reads from and writes to an SRT URL without touching the bytes. */
interface Peer {
  /** What the URL needs to be a listener. */
  readonly listener: string;
  readonly sends: (url: string, file: string) => Program;
  readonly receives: (url: string, file: string) => Program;
}

const transmit = (...args: readonly string[]) => program('srt-live-transmit', ['-a:no', `-chunk:${MESSAGE}`, ...args]);

const peers: Readonly<Record<'srt-live-transmit' | 'ffmpeg' | 'gst-launch-1.0', Peer>> = {
  'srt-live-transmit': {
    listener: 'mode=listener',
    sends: (url, file) => {
      // It holds back some kilobytes of its input, so more is written than the file.
      const whole = Buffer.concat([readFileSync(file), Buffer.alloc(20 * MESSAGE)]);
      const started = transmit('-v', 'file://con', url);
      void until('connected', () => /SRT target connected|Accepted SRT target/.test(started.said)).then(
        () =>
          pace(
            whole,
            (message) => started.child.stdin?.write(message),
            () => undefined,
          ),
        () => undefined,
      );
      return started;
    },
    receives: (url, file) =>
      program('sh', ['-c', `exec srt-live-transmit -a:no -chunk:${MESSAGE} "$0" file://con > "$1"`, url, file]),
  },
  ffmpeg: {
    listener: 'mode=listener',
    // Muxed again, the same way as the file it is compared with; without lingering libsrt throws the end away.
    sends: (url, file) =>
      program('ffmpeg', [
        '-v',
        'error',
        '-readrate',
        '2.5',
        '-i',
        file,
        '-c',
        'copy',
        '-f',
        'mpegts',
        `${url}&pkt_size=1316&linger=3`,
      ]),
    receives: (url, file) =>
      program('ffmpeg', ['-v', 'error', '-y', '-f', 'data', '-i', url, '-map', '0', '-c', 'copy', '-f', 'data', file]),
  },
  'gst-launch-1.0': {
    listener: 'mode=listener',
    sends: (url, file) =>
      program('gst-launch-1.0', [
        ...['-q', 'filesrc', `location=${file}`, `blocksize=${MESSAGE}`],
        ...['!', 'identity', 'datarate=330000', 'single-segment=true', '!', 'srtsink', 'sync=true', `uri=${url}`],
      ]),
    receives: (url, file) =>
      program('gst-launch-1.0', ['-q', 'srtsrc', `uri=${url}`, '!', 'filesink', `location=${file}`, 'buffer-mode=2']),
  },
};

/** Their query may spell an option in another way than ours. */
interface Terms {
  readonly ours?: string;
  readonly theirs?: string;
}

const folder = await scratchFolder();
let files = 0;

/** They send: what we got is compared with `wanted`. */
async function weReceive(
  peer: Peer,
  file: string,
  wanted: Uint8Array,
  role: 'caller' | 'listener',
  terms: Terms,
): Promise<void> {
  const us = await open();
  const port = role === 'listener' ? us.port : await freeUdpPort();
  const url = `srt://127.0.0.1:${port}?${withQuery(role === 'caller' ? peer.listener : 'mode=caller', terms.theirs ?? '')}`;
  if (role === 'listener') us.mux.listen((request) => void request.accept(us.events), optionsOf(terms.ours ?? ''));
  const them = peer.sends(url, file);
  if (role === 'caller')
    us.mux.call({ host: '127.0.0.1', port }, optionsOf(withQuery('conntimeo=8000', terms.ours ?? '')), us.events);
  await until(`all bytes, ${role}: ${them.said}`, () => us.size >= wanted.length || us.ended, 15_000).catch(
    (error: unknown) => {
      throw new Error(`${us.size} of ${wanted.length} bytes, ${them.said}`, { cause: error });
    },
  );
  expect(us.reason, them.said).toBeUndefined();
  expect(
    Buffer.compare(concat(us.chunks).subarray(0, wanted.length), wanted),
    `${us.size} of ${wanted.length} bytes; ${them.said}`,
  ).toBe(0);
  expect(us.connection?.statistics(clock.now())).toMatchObject({
    pktRcvDropTotal: 0,
    pktRcvUndecryptTotal: 0,
    pktInvalidTotal: 0,
  });
  them.child.kill('SIGKILL');
}

/** What they wrote is what was sent; they may still be writing it when we are done. */
async function expectFile(out: string, wanted: Uint8Array, them: Program): Promise<void> {
  const written = (): Uint8Array => (existsSync(out) ? readFileSync(out) : new Uint8Array(0));
  await until('the file is whole', () => written().length >= wanted.length, 5000).catch(() => undefined);
  const got = written();
  expect(Buffer.compare(got, wanted), `${got.length} of ${wanted.length} bytes; ${them.said}`).toBe(0);
}

/** We send: what they wrote is compared with the file. */
async function weSend(peer: Peer, file: string, role: 'caller' | 'listener', terms: Terms): Promise<void> {
  const wanted = readFileSync(file);
  const us = await open(wanted);
  const port = role === 'listener' ? us.port : await freeUdpPort();
  const url = `srt://127.0.0.1:${port}?${withQuery(role === 'caller' ? peer.listener : 'mode=caller', terms.theirs ?? '')}`;
  if (role === 'listener') us.mux.listen((request) => void request.accept(us.events), optionsOf(terms.ours ?? ''));
  const out = join(folder, `out-${files++}.ts`);
  const them = peer.receives(url, out);
  if (role === 'caller')
    us.mux.call({ host: '127.0.0.1', port }, optionsOf(withQuery('conntimeo=8000', terms.ours ?? '')), us.events);
  await until(`we end, ${role}: ${them.said}`, () => us.ended, 15_000);
  expect(us.reason, them.said).toBeUndefined();
  await expectFile(out, wanted, them);
  them.child.kill('SIGKILL');
}

const secret = 'passphrase=a-very-good-secret';

describeWith(['srt-live-transmit', 'ffmpeg'], 'srt-live-transmit', () => {
  const peer = peers['srt-live-transmit'];
  const cases: readonly [name: string, terms: Terms][] = [
    ['plain', {}],
    ['with 16 bytes of key', { ours: secret, theirs: `${secret}&pbkeylen=16` }],
    [
      'with 24 bytes of key, and new keys every 200 packets',
      {
        ours: `${secret}&pbkeylen=24&kmrefreshrate=200&kmpreannounce=50`,
        theirs: `${secret}&pbkeylen=24&kmrefreshrate=200&kmpreannounce=50`,
      },
    ],
    [
      'with 32 bytes of key, and latencies that differ',
      { ours: `${secret}&pbkeylen=32&latency=80`, theirs: `${secret}&pbkeylen=32&latency=200` },
    ],
  ];
  it.each(cases)('%s: each role on each side, byte for byte', async (_, terms) => {
    const file = await source();
    const wanted = readFileSync(file);
    await Promise.all([
      weReceive(peer, file, wanted, 'listener', terms),
      weReceive(peer, file, wanted, 'caller', terms),
      weSend(peer, file, 'listener', terms),
      weSend(peer, file, 'caller', terms),
    ]);
  });

  it('loses nothing with us over a network that loses a tenth each way and takes 30 ms for the round trip', async () => {
    const file = await source();
    const wanted = readFileSync(file);
    // Four round trips, and what a busy machine takes; test/unit has the exact figure in virtual time.
    const terms = 'latency=600';
    const [receiver, sender] = [await open(), await open(wanted)];
    receiver.mux.listen((request) => void request.accept(receiver.events), optionsOf(terms));
    sender.mux.listen((request) => void request.accept(sender.events), optionsOf(terms));
    const out = join(folder, 'lossy.ts');
    const theirSender = peer.sends(`srt://127.0.0.1:${await badNetwork(receiver.port)}?${terms}`, file);
    const theirReceiver = peer.receives(`srt://127.0.0.1:${await badNetwork(sender.port)}?${terms}`, out);
    await until('both transfers', () => receiver.size >= wanted.length && sender.ended, 15_000);

    expect(Buffer.compare(concat(receiver.chunks).subarray(0, wanted.length), wanted)).toBe(0);
    await expectFile(out, wanted, theirReceiver);
    expect(receiver.connection?.statistics(clock.now()).pktRcvLossTotal).toBeGreaterThan(10);
    expect(sender.connection?.statistics(clock.now()).pktRetransTotal).toBeGreaterThan(10);
    for (const { child } of [theirSender, theirReceiver]) child.kill('SIGKILL');
  });

  it('meets us at a rendezvous, encrypted', async () => {
    const file = await source();
    const wanted = readFileSync(file);
    const us = await open(wanted);
    const [port, out] = [await freeUdpPort(), join(folder, 'rendezvous.ts')];
    const them = peer.receives(`srt://127.0.0.1:${us.port}?mode=rendezvous&port=${port}&${secret}`, out);
    us.mux.rendezvous({ host: '127.0.0.1', port }, optionsOf(secret), us.events);
    await until(`we end: ${them.said}`, () => us.ended, 15_000);

    expect(us.reason, them.said).toBeUndefined();
    await expectFile(out, wanted, them);
  });

  it('names a stream of 512 bytes', async () => {
    const us = await open();
    const streamid = `#!::r=live/${'x'.repeat(491)},m=publish`.slice(0, 512);
    const heard: string[] = [];
    us.mux.listen((request) => {
      heard.push(request.streamid);
      request.reject(1403);
    });
    const them = transmit('file://con', `srt://127.0.0.1:${us.port}?streamid=${streamid}`);
    await until(`asked: ${them.said}`, () => heard.length > 0);

    expect(heard[0]).toBe(streamid);
    expect(streamid.length).toBeGreaterThan(505);
    await until('it ends', () => them.child.exitCode !== null);
    expect(them.said).toContain('Application-defined rejection');
  });

  it('and we tell each other that passphrases differ', async () => {
    const us = await open();
    us.mux.listen((request) => void request.accept(us.events), optionsOf(secret));
    const caller = transmit('file://con', `srt://127.0.0.1:${us.port}?passphrase=quite-another-one`);
    const port = await freeUdpPort();
    const listener = transmit('file://con', `srt://127.0.0.1:${port}?mode=listener&passphrase=quite-another-one`);
    const calling = await open();
    calling.mux.call({ host: '127.0.0.1', port }, optionsOf(withQuery('conntimeo=8000', secret)), calling.events);
    await until(`both end: ${caller.said} ${listener.said}`, () => us.ended && calling.ended);

    expect([us.reason?.code, us.reason?.details['code']]).toEqual(['SRT_REFUSED', 10]);
    expect([calling.reason?.code, calling.reason?.details['code']]).toEqual(['SRT_REJECTED', 10]);
    await until(`it was told: ${caller.said}`, () => /passphrase|BADSECRET/i.test(caller.said));
  });
});

describeWith(['ffmpeg'], 'ffmpeg', () => {
  const peer = peers.ffmpeg;
  it.each([
    ['plain', {}],
    ['with 32 bytes of key', { ours: `${secret}&pbkeylen=32`, theirs: `${secret}&pbkeylen=32` }],
  ] as const)('%s: each role on each side, byte for byte', async (_, terms) => {
    const file = await source();
    const wanted = join(folder, 'wanted.ts');
    await run('ffmpeg', ['-v', 'error', '-y', '-i', file, '-c', 'copy', '-f', 'mpegts', wanted]);
    await Promise.all([
      weReceive(peer, file, readFileSync(wanted), 'listener', terms),
      weReceive(peer, file, readFileSync(wanted), 'caller', terms),
      weSend(peer, file, 'listener', terms),
      weSend(peer, file, 'caller', terms),
    ]);
  });
});

describeWith(['gst-launch-1.0', 'ffmpeg'], 'GStreamer', () => {
  const peer = peers['gst-launch-1.0'];
  it.each([
    ['plain', {}],
    ['with 32 bytes of key', { ours: `${secret}&pbkeylen=32`, theirs: `${secret}&pbkeylen=32` }],
  ] as const)('%s: each role on each side, byte for byte', async (_, terms) => {
    const file = await source();
    const wanted = readFileSync(file);
    await Promise.all([
      weReceive(peer, file, wanted, 'listener', terms),
      weReceive(peer, file, wanted, 'caller', terms),
      weSend(peer, file, 'listener', terms),
      weSend(peer, file, 'caller', terms),
    ]);
  });
});

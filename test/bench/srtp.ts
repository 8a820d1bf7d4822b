// What SRTP costs for each packet of 1200 bytes, header included, beside a bare `dgram.send` of the same size in the same run.
// Usage: node test/bench/srtp.ts [--short]
import { spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { fileURLToPath } from 'node:url';
import { silentLog } from '../../src/core/base/log.ts';
import { loadNative } from '../../src/core/net/native.ts';
import { ciphersOf } from '../../src/core/net/native-srtp.ts';
import { writeHeader } from '../../src/core/wire/rtp/index.ts';
import {
  batchMemory,
  nodeCiphers,
  type Slot,
  type SrtpCiphers,
  SrtpReceiver,
  SrtpSender,
  srtpProfile,
  tagBytes,
} from '../../src/core/wire/srtp/index.ts';

const short = process.argv.includes('--short');
const COUNT = short ? 4_000 : 60_000;
const ROUNDS = short ? 1 : 5;
const SIZE = 1200;
/** Room for tag and padding, in whole words so that the payload can be treated as words. */
const STRIDE = SIZE + 80;

/** Microseconds of CPU for each of `count` packets: the median of the rounds. */
function measure(count: number, round: () => void): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage();
    round();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / count;
  });
  return times.sort((a, b) => a - b)[times.length >> 1] as number;
}

const masterOf = (profile: (typeof srtpProfile)[keyof typeof srtpProfile]) => ({
  key: new Uint8Array(16).fill(3),
  salt: new Uint8Array(profile === srtpProfile.aeadAes128Gcm ? 12 : 14).fill(4),
});

/** Headers and payloads laid out as a player's batch. */
function lay(memory: Uint8Array, slots: Slot[], batch: number, sequence: number): void {
  for (let i = 0; i < batch; i++) {
    const begin = i * STRIDE;
    const fields = { payloadType: 96, marker: false, timestamp: 9, ssrc: 7, extended: false };
    writeHeader(memory, begin, { ...fields, sequence: (sequence + i) & 0xffff });
    const slot = slots[i] as Slot;
    slot.begin = begin;
    slot.end = begin + SIZE;
  }
}

function protect(name: keyof typeof srtpProfile, ciphers: SrtpCiphers, batch: number, best = false): number {
  const profile = srtpProfile[name];
  const sender = new SrtpSender(masterOf(profile), profile, ciphers);
  const memory = best ? batchMemory() : new Uint8Array(STRIDE * batch);
  const slots = Array.from({ length: batch }, () => ({ begin: 0, headerBytes: 12, end: 0, rollOver: 0 }));
  const round = (): void => {
    for (let i = 0; i < COUNT; i += batch) {
      lay(memory, slots, batch, i);
      sender.protect(memory, slots, batch);
    }
  };
  round();
  return measure(COUNT, round);
}

function open(name: keyof typeof srtpProfile, ciphers: SrtpCiphers): number {
  const profile = srtpProfile[name];
  const sender = new SrtpSender(masterOf(profile), profile);
  const memory = new Uint8Array(STRIDE);
  const slots = [{ begin: 0, headerBytes: 12, end: 0, rollOver: 0 }];
  const packets = Array.from({ length: Math.min(COUNT, 20_000) }, (_, i) => {
    lay(memory, slots, 1, i);
    sender.protect(memory, slots, 1);
    return memory.slice(0, SIZE + tagBytes(profile));
  });
  const round = (): void => {
    const receiver = new SrtpReceiver(masterOf(profile), profile, ciphers);
    for (const packet of packets) receiver.openRtp(packet);
  };
  round();
  return measure(packets.length, round);
}

/** A process that takes datagrams and says where, so that a send does all that one over the network does. */
async function sink(): Promise<{ port: number; close: () => void }> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--sink'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<number>((resolve) => child.stdout.once('data', (text) => resolve(Number(text))));
  return { port, close: () => void child.kill() };
}

/** A loop that sends `COUNT` datagrams, 32 at a time. */
async function bare(): Promise<number> {
  const { port, close } = await sink();
  const from = await bound();
  const datagram = Buffer.alloc(SIZE, 1);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < COUNT; i += 32) {
      await new Promise<void>((resolve) => {
        let left = 32;
        const done = (): void => {
          if (--left === 0) resolve();
        };
        for (let one = 0; one < 32; one++) from.send(datagram, port, '127.0.0.1', done);
      });
    }
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / COUNT);
  }
  close();
  from.close();
  return times.sort((a, b) => a - b)[times.length >> 1] as number;
}

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket;
}

async function main(): Promise<void> {
  const send = await bare();
  const say = (name: string, micros: number): void => {
    const [cost, ratio] = [micros.toFixed(2).padStart(6), (micros / send).toFixed(2)];
    process.stdout.write(`${name.padEnd(44)} ${cost} us  ${ratio} sends\n`);
  };
  say(`dgram.send of ${SIZE} bytes`, send);
  const native = loadNative(silentLog);
  const own = native && ciphersOf(native);
  for (const name of ['aes128CmSha1_80', 'aes128CmSha1_32', 'aeadAes128Gcm'] as const) {
    for (const ciphers of own === undefined ? [nodeCiphers] : [nodeCiphers, own]) {
      const by = ciphers === nodeCiphers ? 'node:crypto' : 'plain calls';
      for (const batch of [1, 8, 32]) say(`${name} by ${by}, ${batch} at once`, protect(name, ciphers, batch));
      say(`${name} by ${by}, opened one by one`, open(name, ciphers));
      if (ciphers !== nodeCiphers || name === 'aeadAes128Gcm') continue;
      for (const batch of [1, 8, 32])
        say(`${name} by ${by} and vectors, ${batch} at once`, protect(name, ciphers, batch, true));
    }
  }
}

if (process.argv.includes('--sink')) {
  const socket = await bound();
  socket.on('message', () => undefined);
  process.stdout.write(String(socket.address().port));
} else await main();

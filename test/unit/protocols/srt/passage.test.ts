// A publisher's transport stream for SRT players: where they begin, and in which pieces it comes.
import { describe, expect, it } from 'vitest';
import { concat } from '../../../../src/core/base/bytes.ts';
import { Landmarks, TsMuxer } from '../../../../src/core/format/ts/index.ts';
import { Cutter, isTransportStream } from '../../../../src/core/protocols/srt/messages.ts';
import { Passage } from '../../../../src/core/protocols/srt/passage.ts';
import { aacTrack, h264Track, live } from '../../../tools/builders.ts';

const PACKET = 188;

/** Two seconds with a key frame each second. */
function transportStream(tracks = [h264Track, aacTrack]): Uint8Array {
  const muxer = new TsMuxer();
  const frames = live({ seconds: 2, gop: 25 }).filter(({ track }) => tracks.some(({ id }) => id === track.id));
  const packets = [...muxer.header(tracks), ...frames.flatMap((frame) => muxer.write(frame))];
  return concat(packets.flatMap(({ chunks }) => chunks));
}

const messagesOf = (bytes: Uint8Array): readonly Uint8Array[] => new Cutter(1316).cut([bytes]);

function packetsOf(bytes: Uint8Array): string[] {
  const landmarks = new Landmarks();
  return Array.from({ length: bytes.length / PACKET }, (_, i) => landmarks.look(bytes, i * PACKET));
}

class Player {
  readonly got: Uint8Array[] = [];
  /** How many came in each call. */
  readonly runs: number[] = [];
  messages(messages: readonly Uint8Array[]): void {
    this.got.push(...messages);
    this.runs.push(messages.length);
  }
  get landmarks(): string[] {
    return packetsOf(concat(this.got));
  }
}

describe('landmarks', () => {
  it('are the tables and the starts of key frames, not those of sound', () => {
    const found = packetsOf(transportStream());

    expect(found.slice(0, 3)).toEqual(['pat', 'pmt', 'access']);
    expect(found.filter((one) => one === 'access')).toHaveLength(2);
  });

  it('of sound alone are its own', () => {
    const marked = new Uint8Array(PACKET);
    // PID 1280 with a payload behind an adaptation field whose random_access_indicator is set.
    marked.set([0x47, 0x45, 0x00, 0x30, 1, 0x40]);

    expect(packetsOf(concat([transportStream([aacTrack]), marked])).at(-1)).toBe('access');
    expect(packetsOf(concat([transportStream(), marked])).at(-1)).toBe('other');
  });

  it('survive tables that are damaged', () => {
    const bytes = transportStream();
    for (let i = 0; i < 100; i++) bytes.fill(i * 37, PACKET + 5 + i, PACKET + 20 + i);

    expect(() => packetsOf(bytes)).not.toThrow();
  });
});

describe('a passage', () => {
  it('gives a late player the tables and everything since the newest key frame, then what comes', () => {
    const passage = new Passage();
    const messages = messagesOf(transportStream());
    const early = new Player();
    passage.add(early);
    for (const message of messages.slice(0, -3)) passage.push(message);
    passage.flush();

    const late = new Player();
    passage.add(late);
    for (const message of messages.slice(-3)) passage.push(message);
    passage.flush();

    expect(early.got).toEqual(messages);
    expect(early.runs.slice(-1)).toEqual([3]);
    const { landmarks } = late;
    expect(landmarks.indexOf('pat')).toBeLessThan(landmarks.indexOf('access'));
    expect(landmarks.indexOf('pmt')).toBeLessThan(landmarks.indexOf('access'));
    expect(landmarks.filter((one) => one === 'access')).toHaveLength(1);
    expect(late.got.at(-1)).toBe(messages.at(-1));
  });

  it('gives who comes within a run each message once, and the others too', () => {
    const passage = new Passage();
    const messages = messagesOf(transportStream());
    const early = new Player();
    passage.add(early);
    for (const message of messages.slice(0, 5)) passage.push(message);

    const late = new Player();
    passage.add(late);
    for (const message of messages.slice(5, 7)) passage.push(message);
    passage.flush();
    passage.flush();

    expect(early.got).toEqual(messages.slice(0, 7));
    expect(late.got).toEqual(messages.slice(0, 7));
  });

  it('gives nothing to who has left', () => {
    const passage = new Passage();
    const player = new Player();
    passage.add(player);
    passage.remove(player);

    for (const message of messagesOf(transportStream())) passage.push(message);
    passage.flush();

    expect(player.got).toEqual([]);
    expect(passage.passengers).toBe(0);
  });

  it('keeps a bounded part for late players, whatever the group of pictures', () => {
    const passage = new Passage();
    for (const message of messagesOf(transportStream())) passage.push(message);
    const filler = messagesOf(transportStream()).find((message) => !packetsOf(message).includes('access'))!;
    for (let i = 0; i < 10_000; i++) passage.push(filler);

    const late = new Player();
    passage.add(late);

    expect(concat(late.got).length).toBeLessThan(8_500_000);
  });
});

describe('messages', () => {
  it('are whole packets, cut once for all players', () => {
    const cutter = new Cutter(1400);
    const chunks = [transportStream(), transportStream()];

    const messages = cutter.cut(chunks);

    expect(messages.every((message) => message.length <= 1316 && isTransportStream(message))).toBe(true);
    expect(concat([...messages])).toEqual(concat(chunks));
    expect(cutter.cut(chunks)).toBe(messages);
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['half a packet', transportStream().subarray(0, 100)],
    ['no sync byte', new Uint8Array(PACKET)],
    ['a second packet without one', Uint8Array.from({ length: 2 * PACKET }, (_, i) => (i === 0 ? 0x47 : 0))],
  ])('%s is no transport stream', (_, bytes) => {
    expect(isTransportStream(bytes)).toBe(false);
  });
});

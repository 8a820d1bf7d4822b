// Frames through RTP payloads and back, for every codec; loss, damage, and what others send.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { H264RtpPayload } from 'werift';
import { concat, fromHex, toHex } from '../../../../src/core/base/bytes.ts';
import { ProtocolError } from '../../../../src/core/base/errors.ts';
import * as av1 from '../../../../src/core/codec/av1/index.ts';
import {
  type Depacketiser,
  type MediaUnit,
  makeDepacketiser,
  type Payload,
  payloadKind,
  RtpMuxer,
  readPayloads,
  rtpFormat,
} from '../../../../src/core/format/rtp/index.ts';
import { makePacketiser } from '../../../../src/core/format/rtp/packetiser.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import type { Codec, Track } from '../../../../src/core/media/track.ts';
import { aacTrack, h264Track, live, video } from '../../../tools/builders.ts';
import { hevcPicture, hevcTrack, opusFrame, opusTrack, picture } from '../ts/media.ts';

const filler = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => 1 + ((i * 7) % 250));
const av1Track: Track = { ...h264Track, codec: 'av1', config: fromHex('81010c000a0b0000000cc4ff6700be0010') };
const vp8Track: Track = { ...h264Track, codec: 'vp8', config: new Uint8Array(0) };
const vp9Track: Track = { ...h264Track, codec: 'vp9', config: new Uint8Array(0) };
const pcmaTrack: Track = { ...aacTrack, codec: 'pcma', config: new Uint8Array(0) };

const vp8Frame = (key: boolean, size: number): Uint8Array =>
  concat([
    fromHex(key ? '1067009d012a4201b6000007088585889984880202b305fd' : 'd101000510ac00180018582ff400088e8000'),
    filler(size),
  ]);
const vp9Frame = (key: boolean, size: number): Uint8Array =>
  concat([fromHex(key ? '824983420014100b560638241c184a00' : '86004092f121400000887f91f3be8dd1'), filler(size)]);
/** OBU_FRAME with its size; frame_type is in the first bits: 0 is a shown key frame. */
function av1Frame(key: boolean, size: number): Uint8Array {
  const { obus } = av1.parseConfig(av1Track.config);
  const body = concat([Uint8Array.of(key ? 0x10 : 0x30), filler(size)]);
  const frame = concat([Uint8Array.of((av1.obuType.frame << 3) | 2), av1.writeLeb128(body.length), body]);
  return key ? concat([obus, frame]) : frame;
}

interface Case {
  readonly codec: Codec;
  readonly track: Track;
  readonly frame: (key: boolean, size: number) => Uint8Array;
}

const cases: readonly Case[] = [
  { codec: 'h264', track: h264Track, frame: (key, size) => picture({ at: 0, key, size }).data },
  { codec: 'h265', track: hevcTrack, frame: (key, size) => hevcPicture({ at: 0, key, size }).data },
  { codec: 'vp8', track: vp8Track, frame: vp8Frame },
  { codec: 'vp9', track: vp9Track, frame: vp9Frame },
  { codec: 'av1', track: av1Track, frame: av1Frame },
  { codec: 'opus', track: opusTrack, frame: (_, size) => opusFrame(0, size).data },
  { codec: 'pcma', track: pcmaTrack, frame: (_, size) => filler(size) },
];
const pictures = cases.filter(({ track }) => track.kind === 'video');

/** Payloads of one frame. */
function payloadsOf(track: Track, data: Uint8Array, key: boolean, ticks: number): Payload[] {
  const payloads = makePacketiser(track, 1180)!.packetise(data, key);
  return payloads.map((parts, i) => ({ bytes: concat([...parts]), marker: i === payloads.length - 1, ticks }));
}

const push = (depacketiser: Depacketiser, payloads: readonly Payload[]): MediaUnit[] =>
  payloads.flatMap((payload) => depacketiser.push(payload));

/** A frame as it comes back: parameter sets that were put in front of a key frame stay there. */
function tail(data: Uint8Array, original: Uint8Array): string {
  return toHex(data.subarray(data.length - original.length));
}

describe.each(cases)('$codec', ({ codec, track, frame }) => {
  it.each([20, 1100, 1180, 1181, 5000, 100_000])('a key frame of about %i bytes comes back', (size) => {
    if (codec === 'opus' || codec === 'pcma') if (size > 1180) return;
    const data = frame(true, size);
    const payloads = payloadsOf(track, data, true, 90_000);

    const units = push(makeDepacketiser(codec)!, payloads);

    expect(payloads.every(({ bytes }) => bytes.length <= 1180)).toBe(true);
    expect(units).toMatchObject([{ key: true, ticks: 90_000 }]);
    expect(tail(units[0]!.data, data)).toBe(toHex(data));
  });
});

describe.each(pictures)('$codec', ({ codec, track, frame }) => {
  it('gives its parameters with the first key frame only', () => {
    const depacketiser = makeDepacketiser(codec)!;
    const first = push(depacketiser, payloadsOf(track, frame(true, 100), true, 0));
    const second = push(depacketiser, payloadsOf(track, frame(true, 100), true, 3000));

    expect(first[0]?.config !== undefined).toBe(codec !== 'vp8');
    if (codec === 'h264' || codec === 'av1') expect(toHex(first[0]!.config!)).toBe(toHex(track.config));
    expect(second[0]?.config).toBeUndefined();
  });

  it('waits for a key frame', () => {
    const depacketiser = makeDepacketiser(codec)!;

    expect(push(depacketiser, payloadsOf(track, frame(false, 3000), false, 0))).toEqual([]);
    expect(depacketiser.needsKey).toBe(true);
    expect(push(depacketiser, payloadsOf(track, frame(true, 3000), true, 3000))).toHaveLength(1);
    expect(depacketiser.needsKey).toBe(false);
    expect(push(depacketiser, payloadsOf(track, frame(false, 3000), false, 6000))).toHaveLength(1);
  });

  it('drops the frame around a hole, whichever payload is missing, and all up to the next key frame', () => {
    const count = payloadsOf(track, frame(false, 5000), false, 0).length;
    for (let missing = 0; missing < count; missing++) {
      const depacketiser = makeDepacketiser(codec)!;
      push(depacketiser, payloadsOf(track, frame(true, 100), true, 0));
      const broken = payloadsOf(track, frame(false, 5000), false, 3000);
      const units: MediaUnit[] = [];
      for (const [i, payload] of broken.entries()) {
        if (i === missing) depacketiser.lost();
        else units.push(...depacketiser.push(payload));
      }
      units.push(...push(depacketiser, payloadsOf(track, frame(false, 100), false, 6000)));

      expect(units).toEqual([]);
      expect(depacketiser.needsKey).toBe(true);
      expect(push(depacketiser, payloadsOf(track, frame(true, 100), true, 9000))).toHaveLength(1);
    }
  });

  it('takes a key frame right behind a hole, when its own beginning is there', () => {
    const key = payloadsOf(track, frame(true, 5000), true, 6000);
    for (const missing of [[], [1], [key.length - 1]]) {
      const depacketiser = makeDepacketiser(codec)!;
      push(depacketiser, payloadsOf(track, frame(true, 100), true, 0));
      // The hole begins in a frame whose marker is lost.
      push(depacketiser, payloadsOf(track, frame(false, 5000), false, 3000).slice(0, 2));
      depacketiser.lost();
      const units = key.flatMap((payload, i) => {
        if (!missing.includes(i)) return depacketiser.push(payload);
        depacketiser.lost();
        return [];
      });

      expect(units.map(({ key: isKey, ticks }) => [isKey, ticks])).toEqual(missing.length > 0 ? [] : [[true, 6000]]);
    }
  });

  it('takes another time stamp for the end of a frame without a marker', () => {
    const depacketiser = makeDepacketiser(codec)!;
    const first = payloadsOf(track, frame(true, 3000), true, 0).map((payload) => ({ ...payload, marker: false }));

    expect(push(depacketiser, first)).toEqual([]);
    expect(push(depacketiser, payloadsOf(track, frame(false, 100), false, 3000))).toHaveLength(2);
  });

  it('survives damage with a ProtocolError or a lost frame', () => {
    const whole = [
      ...payloadsOf(track, frame(true, 2500), true, 0),
      ...payloadsOf(track, frame(false, 2500), false, 1),
    ];
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ which: fc.nat(whole.length - 1), at: fc.nat(40), value: fc.nat(255), size: fc.nat(1200) }),
        ),
        (damages) => {
          const depacketiser = makeDepacketiser(codec)!;
          const damaged = whole.map((payload) => ({ ...payload, bytes: payload.bytes.slice() }));
          for (const { which, at, value, size } of damages) {
            const payload = damaged[which]!;
            payload.bytes[at] = value;
            payload.bytes = payload.bytes.subarray(0, size);
          }
          for (const payload of damaged) {
            try {
              depacketiser.push(payload);
            } catch (error) {
              expect(error).toBeInstanceOf(ProtocolError);
            }
          }
        },
      ),
    );
  });
});

/** What a stranger may send, by group 3 of the list of bad input. */
const strange: readonly [Codec, string, string][] = [
  ['h264', 'STAP-A without units', '78'],
  ['h264', 'STAP-A with a unit longer than it', '78 0005 67 42'],
  ['h264', 'STAP-A with an empty unit', '78 0000 0002 6801'],
  ['h264', 'FU-A without its header', '7c'],
  ['h264', 'FU-A that ends without a start', '7c 45 1122'],
  ['h264', 'FU-A that goes on without a start', '7c 05 1122'],
  ['h264', 'FU-A with start and end at once', '7c c5 8822'],
  ['h264', 'STAP-B', '79 0001 0002 6742'],
  ['h264', 'MTAP16', '7a 0001 0002 00 0000 6742'],
  ['h264', 'FU-B', '7d 85 0001 1122'],
  ['h264', 'type 0', '60 1122'],
  ['h264', 'type 31', '7f 1122'],
  ['h265', 'an AP without units', '6001'],
  ['h265', 'an AP with a unit longer than it', '6001 0009 4201'],
  ['h265', 'an FU without its header', '6201'],
  ['h265', 'an FU that ends without a start', '6201 53 1122'],
  ['h265', 'PACI', '6401 1122 3344'],
  ['h265', 'half a header', '26'],
  ['vp8', 'a descriptor that is cut', '90'],
  ['vp8', 'a picture id that is cut', '9080 80'],
  ['vp8', 'a descriptor without a frame', '90 80 01'],
  ['vp9', 'a layer that is cut', '20'],
  ['vp9', 'references without end', '50 ff ff ff ff'],
  ['vp9', 'a structure that is cut', '8a 01 18'],
  ['vp9', 'a structure with groups that are not there', '8a 01 08 ff'],
  ['av1', 'an element longer than the packet', '00 ff01'],
  ['av1', 'a length without end', '00 ffffffffffffffffff'],
  ['av1', 'an element that goes on from nowhere', '90 0a'],
  ['av1', 'a forbidden bit', '18 80'],
  ['av1', 'three elements, of which two are there', '30 01 0a'],
  ['opus', 'nothing', ''],
  ['pcma', 'nothing', ''],
];

describe('what a stranger sends', () => {
  it.each(strange)('%s: %s is refused or left out, and the next key frame comes', (codec, _, hex) => {
    const { track, frame } = cases.find((one) => one.codec === codec)!;
    const depacketiser = makeDepacketiser(codec)!;
    const units: MediaUnit[] = [];
    try {
      units.push(...depacketiser.push({ bytes: fromHex(hex), marker: true, ticks: 0 }));
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError);
    }

    expect(units).toEqual([]);
    expect(push(depacketiser, payloadsOf(track, frame(true, 400), true, 3000))).toHaveLength(1);
  });

  it.each(pictures)(
    '$codec: any payload cut at any byte is a ProtocolError or a lost frame',
    ({ codec, track, frame }) => {
      const payloads = [
        ...payloadsOf(track, frame(true, 1500), true, 0),
        ...payloadsOf(track, frame(false, 40), false, 3000),
      ];
      for (const [which, { bytes }] of payloads.entries()) {
        for (let size = 0; size < Math.min(bytes.length, 80); size++) {
          const depacketiser = makeDepacketiser(codec)!;
          for (const [i, payload] of payloads.entries()) {
            const cut = i === which ? payload.bytes.subarray(0, size) : payload.bytes;
            try {
              depacketiser.push({ ...payload, bytes: cut });
            } catch (error) {
              expect(error).toBeInstanceOf(ProtocolError);
            }
          }
        }
      }
    },
  );
});

it.each([
  ['h264', '65881122', '65401122'],
  ['h265', '2601881122', '2601401122'],
] as const)('%s: a key frame whose first slice was lost behind a hole is no frame', (codec, first, second) => {
  const { track, frame } = cases.find((one) => one.codec === codec)!;
  const slices = [first, second].map((hex, i): Payload => ({ bytes: fromHex(hex), marker: i === 1, ticks: 6000 }));
  const after = (some: readonly Payload[]): MediaUnit[] => {
    const depacketiser = makeDepacketiser(codec)!;
    push(depacketiser, payloadsOf(track, frame(true, 100), true, 0));
    depacketiser.lost();
    return push(depacketiser, some);
  };

  expect(after(slices)).toMatchObject([{ key: true, ticks: 6000 }]);
  expect(after(slices.slice(1))).toEqual([]);
});

describe('VP9 with spatial layers', () => {
  const key = fromHex('824983420014100b560638241c184a00');
  /** I, L, non-flexible, B and E as said; picture id 5, the layer, TL0PICIDX. */
  const layer = (id: number, first: boolean, last: boolean, data: Uint8Array): Uint8Array =>
    concat([Uint8Array.of(0x80 | 0x20 | (first ? 8 : 0) | (last ? 4 : 0), 5, (id << 1) | (id > 0 ? 1 : 0), 0), data]);
  const payloads = [
    layer(0, true, false, key),
    layer(0, false, true, filler(300)),
    layer(1, true, true, filler(20)),
    layer(2, true, true, filler(70_000).subarray(0, 1100)),
  ].map((bytes, i): Payload => ({ bytes, marker: i === 3, ticks: 9000 }));

  it('is one superframe for each picture', () => {
    const [unit, ...more] = push(makeDepacketiser('vp9')!, payloads);

    expect(more).toEqual([]);
    expect(unit).toMatchObject({ key: true, ticks: 9000 });
    // Three sizes of two bytes, little-endian: 316, 20, 1100.
    expect(toHex(unit!.data.subarray(-8))).toBe('ca3c0114004c04ca');
    expect(unit!.data).toHaveLength(316 + 20 + 1100 + 8);
  });

  it('is lost with any of its layers', () => {
    for (const missing of [0, 1, 2]) {
      const depacketiser = makeDepacketiser('vp9')!;
      const units = payloads.flatMap((payload, i) => {
        if (i !== missing) return depacketiser.push(payload);
        depacketiser.lost();
        return [];
      });
      expect(units).toEqual([]);
      expect(
        push(
          depacketiser,
          payloads.map((payload) => ({ ...payload, ticks: 12_000 })),
        ),
      ).toHaveLength(1);
    }
  });
});

it('H.264 as werift reads it', () => {
  const data = picture({ at: 0, key: false, size: 3000 }).data;
  let fragment: Buffer | undefined;
  const nals = payloadsOf(h264Track, data, false, 0).flatMap(({ bytes }) => {
    const read = H264RtpPayload.deSerialize(Buffer.from(bytes), fragment);
    fragment = read.fragment;
    return read.payload === undefined ? [] : [read.payload];
  });

  expect(toHex(concat(nals))).toBe(`00000001${toHex(data.subarray(4))}`);
});

describe('the muxer', () => {
  const rows = (muxer: RtpMuxer, frames: readonly Frame[]) =>
    frames
      .flatMap((frame) => muxer.write(frame))
      .map(({ kind, chunks }) => {
        const payloads: { kind: number; marker: boolean; timestamp: number; size: number }[] = [];
        readPayloads(concat([...chunks]), (of, marker, timestamp, begin, end) => {
          payloads.push({ kind: of, marker, timestamp, size: end - begin });
        });
        return { kind, payloads };
      });

  it('gives a row of payloads for each frame, of the wanted codecs only', () => {
    const muxer = new RtpMuxer({ video: 'h264', audio: 'opus', keepBFrames: false });
    muxer.header([h264Track, opusTrack]);

    const found = rows(muxer, [picture({ at: 0, key: true, size: 3000 }), opusFrame(20), picture({ at: 40 })]);

    expect(found.map(({ kind }) => kind)).toEqual(['join', 'more', 'more']);
    expect(found[0]!.payloads.map(({ marker }) => marker)).toEqual([false, false, false, true]);
    expect(found[1]!.payloads).toMatchObject([{ kind: payloadKind.audio, marker: false, timestamp: 960 }]);
    expect(found[2]!.payloads).toMatchObject([{ kind: payloadKind.video, marker: true, timestamp: 3600 }]);
  });

  it('sends nothing of sound in another codec', () => {
    const muxer = new RtpMuxer({ video: 'h264', audio: 'opus', keepBFrames: false });
    muxer.header([h264Track, aacTrack]);

    const frames = live({ seconds: 1 });
    expect(rows(muxer, frames)).toHaveLength(frames.filter(({ track }) => track === h264Track).length);
  });

  it('leaves out pictures that are shown before one that was sent, unless they are wanted', () => {
    const frames = [
      video({ at: 0, cts: 40, key: true }),
      video({ at: 40, cts: 120 }),
      video({ at: 80, cts: 40 }),
      video({ at: 120, cts: 40 }),
      video({ at: 160, cts: 40 }),
    ];
    const count = (keepBFrames: boolean): number => {
      const muxer = new RtpMuxer({ video: 'h264', audio: undefined, keepBFrames });
      muxer.header([h264Track]);
      return rows(muxer, frames).length;
    };

    expect([count(false), count(true)]).toEqual([4, 5]);
  });
});

describe('units of a picture', () => {
  const unit = (type: number, size: number): Uint8Array => {
    const nal = filler(size);
    nal[0] = 0x60 | type;
    return nal;
  };
  const prefixed = (nals: readonly Uint8Array[]): Uint8Array =>
    concat(nals.flatMap((nal) => [Uint8Array.of(0, 0, nal.length >> 8, nal.length), nal]));
  const sei = unit(6, 30);
  const slices = [unit(1, 100), unit(1, 200), unit(1, 300)];

  const typesOf = (payloads: readonly (readonly Uint8Array[])[]): number[] =>
    payloads.map(([first]) => ((first as Uint8Array)[0] as number) & 0x1f);

  it('of supplemental information are left out when the vhost says so, of H.264 only', () => {
    const frame = prefixed([sei, ...slices]);
    const without = makePacketiser(h264Track, 1180, { keepSei: false, merge: false });
    const hevc = (keepSei: boolean) => makePacketiser(hevcTrack, 1180, { keepSei, merge: false });
    const hevcSei = prefixed([Uint8Array.of(39 << 1, 1, 5, 1, 0, 128)]);

    expect(typesOf(makePacketiser(h264Track, 1180)?.packetise(frame, false) ?? [])).toEqual([6, 1, 1, 1]);
    expect(typesOf(without?.packetise(frame, false) ?? [])).toEqual([1, 1, 1]);
    expect(hevc(false)?.packetise(hevcSei, false)).toHaveLength(1);
  });

  it('share packets where they fit, which a receiver takes apart again', () => {
    const frame = prefixed([sei, ...slices, unit(1, 1000), unit(1, 3000), unit(1, 50)]);
    const payloads = makePacketiser(h264Track, 1180, { keepSei: true, merge: true })?.packetise(frame, false) ?? [];

    // STAP-A of four, a unit that is nearly full, three fragments, and the last one.
    expect(typesOf(payloads)).toEqual([24, 1, 28, 28, 28, 1]);
    for (const parts of payloads) expect(concat(parts).length).toBeLessThanOrEqual(1180);
    const depacketiser = makeDepacketiser('h264');
    const key = makePacketiser(h264Track, 1180, { keepSei: true, merge: true })?.packetise(
      prefixed([unit(5, 20)]),
      true,
    );
    const units = [...(key ?? []), ...payloads].flatMap((parts, index) =>
      (depacketiser as Depacketiser).push({
        bytes: concat(parts),
        marker: index === (key ?? []).length - 1 || index === (key ?? []).length + payloads.length - 1,
        ticks: index < (key ?? []).length ? 0 : 3000,
      }),
    );
    expect(key).toHaveLength(1);
    expect(units.map(({ data }) => data).at(-1)).toEqual(frame);
  });

  it('that do not fit with the one before share a packet with the one behind', () => {
    // 1 + 2 + 600 + 2 + 576 is one byte too many.
    const frame = prefixed([unit(1, 600), unit(1, 576), unit(1, 500)]);
    const payloads = makePacketiser(h264Track, 1180, { keepSei: true, merge: true })?.packetise(frame, false) ?? [];

    expect(typesOf(payloads)).toEqual([1, 24]);
  });

  it('and B-frames make other feeds', () => {
    const options = { video: 'h264', audio: undefined, keepBFrames: false } as const;
    const keys = [
      rtpFormat(options).key,
      rtpFormat({ ...options, shape: { keepSei: false, merge: false } }).key,
      rtpFormat({ ...options, shape: { keepSei: true, merge: true } }).key,
      rtpFormat({ ...options, keepBFrames: true }).key,
    ];

    expect(new Set(keys).size).toBe(4);
    expect(rtpFormat({ ...options, shape: { keepSei: true, merge: false } }).key).toBe(keys[0]);
  });
});

// TsDemuxer and the bad input of group 8: lost, damaged and lying packets, tables and PES packets.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { concat, fromHex } from '../../../../src/core/base/bytes.ts';
import { ProtocolError } from '../../../../src/core/base/errors.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { TsDemuxer } from '../../../../src/core/format/ts/index.ts';
import { registrationOf, writePat, writePmt } from '../../../../src/core/format/ts/psi.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import { ofTrack, opusFrame, program, ts } from './media.ts';
import { annexB, aud, demux, idr, limits, packets, pps, RawStream, sps, stream, withCrc } from './raw-stream.ts';

describe('TsDemuxer and bad input', () => {
  it('refuses what is no transport stream after 1 MiB with TS_SYNC, and stays broken', () => {
    const demuxer = new TsDemuxer(limits);
    const noise = new SeedRng(9).bytes(300_000);
    const fault = (): unknown => {
      try {
        for (let i = 0; i < 5; i++) demuxer.push(noise);
        return undefined;
      } catch (error) {
        return error;
      }
    };

    expect(fault()).toBeInstanceOf(ProtocolError);
    expect(fault()).toMatchObject({ code: 'TS_SYNC' });
    expect(demuxer.heldBytes).toBe(0);
  });

  it('drops the access unit of a lost packet and nothing else', () => {
    const frames = program({ seconds: 2 });
    const all = packets(ts(frames));
    const victim = all.findIndex(
      (packet, i) => i > 60 && packet[1] === 1 && packet[2] === 0 && (packet[3] as number) >> 4 === 1,
    );
    const { frames: got, report } = demux(concat(all.filter((_, i) => i !== victim)));

    expect(report).toMatchObject({ continuityErrors: 1, damagedPes: 1 });
    expect(ofTrack(got, 0)).toHaveLength(49);
    expect(ofTrack(got, 256)).toHaveLength(86);
  });

  it('takes a packet that comes twice once, and three times as damage', () => {
    const all = packets(ts(program({ seconds: 1 })));
    const twice = all.flatMap((packet, i) => (i === 30 ? [packet, packet] : [packet]));
    const { report, frames } = demux(concat(twice));

    expect(report).toMatchObject({ duplicatePackets: 1, continuityErrors: 0 });
    expect(frames.length).toBe(demux(concat(all)).frames.length);
    const often = all.flatMap((packet, i) => (i === 30 ? [packet, packet, packet] : [packet]));
    expect(demux(concat(often)).report.continuityErrors).toBeGreaterThan(0);
  });

  it.each([
    {
      name: 'transport errors',
      damage: (p: Uint8Array) => void (p[1] = (p[1] as number) | 0x80),
      count: 'transportErrors',
    },
    {
      name: 'scrambled packets',
      damage: (p: Uint8Array) => void (p[3] = (p[3] as number) | 0xc0),
      count: 'scrambledPackets',
    },
    {
      name: 'adaptation fields of 184 bytes',
      damage: (p: Uint8Array) => p.set([0x30 | ((p[3] as number) & 15), 184], 3),
      count: 'damagedPackets',
    },
    {
      name: 'adaptation_field_control 0',
      damage: (p: Uint8Array) => void (p[3] = (p[3] as number) & 15),
      count: 'damagedPackets',
    },
  ] as const)('counts and drops $name', ({ damage, count }) => {
    const all = packets(ts(program({ seconds: 1 })));
    damage(all[30] as Uint8Array);
    const { report, frames } = demux(concat(all));

    expect(report[count]).toBe(1);
    expect(frames.length).toBeGreaterThan(60);
  });

  it('counts damaged tables and goes on with the next good ones', () => {
    const all = packets(ts(program({ seconds: 2 })));
    const tables = all.flatMap((packet, i) => (packet[1] === 0x40 || packet[1] === 0x50 ? [i] : []));
    for (const i of [tables[0], tables[3]] as number[]) (all[i] as Uint8Array)[12] = 0x77;
    const { report, frames } = demux(concat(all));

    expect(report.crcErrors).toBe(2);
    expect(frames.length).toBeGreaterThan(60);
  });

  it('counts a PMT without streams, and keeps those it had', () => {
    const raw = new RawStream()
      .tables([stream(0x1b)])
      .pes(0x100, annexB(aud, sps, pps, idr(0)), 0)
      .tables([], 1)
      .pes(0x100, annexB(aud, sps, pps, idr(1)), 3600);
    const { frames, report } = demux(raw.bytes);

    expect(report.emptyMaps).toBe(1);
    expect(frames).toHaveLength(2);
    expect(demux(new RawStream().tables([]).bytes)).toMatchObject({ frames: [], tracks: [] });
  });

  it('refuses and counts LATM, unknown types, streams above the limit, and PIDs that are taken', () => {
    const many = Array.from({ length: 12 }, (_, i) => stream(0x1b, 0x200 + i));
    const odd = [
      stream(0x11),
      stream(0x42, 0x101),
      stream(0x1b, 0x102),
      stream(0x0f, 0x102),
      stream(0x0f, 0x1000),
      stream(0x0f, 0),
    ];

    expect(demux(new RawStream().tables(odd).bytes).report.refusedStreams).toBe(5);
    expect(demux(new RawStream().tables(many).bytes).report.refusedStreams).toBe(4);
  });

  it('counts a PMT whose inner lengths lie under a right CRC', () => {
    const pmt = writePmt({ program: 1, version: 0, pcrPid: 0x100, streams: [stream(0x1b)] });
    pmt[15] = 0xff;
    const raw = new RawStream().section(0, writePat(0, [{ program: 1, pid: 0x1000 }])).section(0x1000, withCrc(pmt));

    expect(demux(raw.bytes).report.damagedSections).toBe(1);
  });

  it.each([
    { name: 'too long', wrong: +40 },
    { name: 'too short', wrong: -20 },
  ])('counts a PES length that is $name', ({ wrong }) => {
    const raw = new RawStream()
      .tables([stream(0x1b)])
      .pes(0x100, annexB(aud, sps, pps, idr(0)), 0)
      .pes(0x100, annexB(aud, idr(1)), 3600);
    const bytes = raw.bytes;
    const at = bytes.length - 376;
    const start = at + 4 + 1 + (bytes[at + 4] as number) + 4;
    bytes[start + 1] = (bytes[start + 1] as number) + wrong;
    const { report, frames } = demux(bytes);

    expect(report.pesLengthErrors).toBe(1);
    expect(frames.length).toBe(2);
  });

  it('counts a PES without start code, with a header longer than itself, and above the limit of bytes', () => {
    const good = annexB(aud, sps, pps, idr(0));
    const build = (change: (pes: Uint8Array) => void): Uint8Array => {
      const bytes = new RawStream().tables([stream(0x1b)]).pes(0x100, good, 0).bytes;
      const at = bytes.length - 188;
      change(bytes.subarray(at + 4 + 1 + (bytes[at + 4] as number)));
      return bytes;
    };

    expect(demux(build((pes) => void (pes[2] = 2))).report.damagedPes).toBe(1);
    expect(demux(build((pes) => void (pes[8] = 250))).report.damagedPes).toBe(1);
    expect(demux(build((pes) => void (pes[6] = 0x00))).report.damagedPes).toBe(1);
    const big = new RawStream().tables([stream(0x1b)]).pes(0x100, new Uint8Array(limits.messageBytes + 1000), 0);
    expect(demux(big.bytes).report.damagedPes).toBe(1);
  });

  it('bounds what all streams hold together', () => {
    const four = [0, 1, 2, 3].map((i) => stream(0x1b, 0x100 + i));
    const raw = new RawStream().tables(four);
    for (const { pid } of four) raw.pes(pid, new Uint8Array(3_000_000).fill(3), 0);
    const demuxer = new TsDemuxer({ messageBytes: 4_000_000, openBytes: 5_000_000, tracks: 8 });
    demuxer.push(raw.bytes);

    expect(demuxer.heldBytes).toBeLessThan(6_000_000);
    expect(demuxer.report.damagedPes).toBeGreaterThan(0);
  });

  it('counts damaged units and goes on: sets, messages, Opus headers, ADTS frames', () => {
    const video = new RawStream()
      .tables([stream(0x1b)])
      .pes(0x100, annexB(aud, fromHex('67ff'), pps, idr(0)), 0)
      .pes(0x100, annexB(aud, sps, pps, idr(1)), 3600);
    expect(demux(video.bytes).frames).toHaveLength(1);
    expect(demux(video.bytes).report.damagedUnits).toBeGreaterThan(0);

    const opus = new RawStream()
      .tables([stream(6, 0x100, [registrationOf('Opus')])])
      .pes(0x100, fromHex('7fe0ff'), 0, 0, 0xbd)
      .pes(0x100, fromHex('123456'), 0, 0, 0xbd)
      .pes(0x100, concat([fromHex('7fe00a'), opusFrame(0, 10).data]), 0, 0, 0xbd);
    expect(demux(opus.bytes).frames).toHaveLength(1);
    expect(demux(opus.bytes).report.damagedUnits).toBe(2);

    const aac = new RawStream().tables([stream(0x0f)]).pes(0x100, new Uint8Array(500).fill(0xff), 0, 0, 0xc0);
    expect(demux(aac.bytes).report.damagedUnits).toBe(1);
  });

  it('goes on over a jump of the PCR and of all times', () => {
    const frames = [...program({ seconds: 1 }), ...program({ seconds: 1, start: 8_000_000 })];

    expect(demux(ts(frames)).frames).toHaveLength(frames.length);
  });
});

describe('fuzz inputs that broke somebody', () => {
  const root = new URL('../../../../../shared/corpora/mediacommon', import.meta.url).pathname;
  const folders = existsSync(root)
    ? readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    : [];

  it.skipIf(folders.length === 0)('are refused with ProtocolError or counted, alone and inside good packets', () => {
    const wrap = (type: number, es: Uint8Array): Uint8Array =>
      new RawStream()
        .tables([stream(type, 0x100, [registrationOf('Opus')])])
        .pes(0x100, es, 0)
        .pes(0x100, es, 3600).bytes;
    for (const entry of folders) {
      const bytes = readFileSync(join(entry.parentPath, entry.name));
      if (bytes.length === 0) continue;
      const inputs = [bytes, ...[0x1b, 0x24, 0x0f, 0x03, 0x81, 0x06].map((type) => wrap(type, bytes))];
      for (const input of inputs) {
        const demuxer = new TsDemuxer(defaultLimits);
        try {
          demuxer.push(input);
          demuxer.end();
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }
    }
  });
});

// The containers of files: told apart by content, written by name, and read back as they were written.
import { describe, expect, test } from 'vitest';
import { concat, fromHex } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { Stream } from '../../../../src/core/media/stream.ts';
import type { TrackKind } from '../../../../src/core/media/track.ts';
import { formatByContent, formatByName } from '../../../../src/core/protocols/file/formats.ts';
import { file, fileUrl } from '../../../../src/core/protocols/file/index.ts';
import { fileFormats } from '../../../../src/core/protocols/file/table.ts';
import { aacTrack, h264Track, live } from '../../../tools/builders.ts';
import { FakeLink } from '../../../tools/fakes.ts';
import { fakeHost, runUntil, turn, written } from '../../toolkit/fake-host.ts';

/** No byte of a picture is zero, so that it is what a NAL unit may be in a transport stream. */
const frames = live({ seconds: 2 }).map((frame) =>
  frame.track.kind === 'video'
    ? { ...frame, data: frame.data.map((byte, index) => (index > 4 ? byte | 0x80 : byte)) }
    : frame,
);
const sound = frames.filter((frame) => frame.track.kind === 'audio');

function sink() {
  const got: Frame[] = [];
  const promised: (readonly TrackKind[])[] = [];
  return {
    got,
    promised,
    promise: (kinds: readonly TrackKind[]) => void promised.push(kinds),
    on: (event: MediaEvent) => void (event.type === 'frame' && got.push(event.frame)),
  };
}

const pulling = (signal = new AbortController().signal) => ({
  signal,
  ready: () => Promise.resolve(),
  onBytes: () => undefined,
});

/** The frames as a file, written through the protocol. */
async function write(name: string, list: readonly Frame[]) {
  const host = fakeHost();
  const { clock } = host;
  const none = () => undefined;
  const stream = new Stream(
    { vhost: '', app: 'a', stream: 's' },
    {
      clock,
      limits: defaultLimits,
      gopCache: false,
      mergeWindow: 0,
      onIdle: none,
      onPublished: none,
      onUnpublished: none,
    },
  );
  const { signal } = new AbortController();
  const push = file.push?.(host, stream, fileUrl(name), { signal, mergeWindow: 0, onBytes: none }) as Promise<void>;
  await turn();
  const publication = stream.publish({ policy: 'refuse', onEvicted: none });
  publication.retrack([h264Track, aacTrack].filter((track) => list.some((frame) => frame.track === track)));
  for (const frame of list) publication.write(frame);
  publication.end();
  await runUntil(clock, push);
  return { bytes: written(host, name), lines: host.lines };
}

async function read(bytes: Uint8Array, pipe = false) {
  const host = fakeHost({ 'in.bin': bytes });
  const to = sink();
  const link = new FakeLink();
  if (pipe) host.nextInput = link;
  const pull = file.pull?.(host, fileUrl('in.bin'), to, pulling()) as Promise<void>;
  const settled = pull.then(
    () => undefined,
    (error: unknown) => error,
  );
  await turn();
  if (pipe) {
    for (let at = 0; at < bytes.length && !link.closed; at += 1000) link.onData(bytes.subarray(at, at + 1000));
    link.onClose(undefined);
  }
  return { ...to, error: await settled, lines: host.lines };
}

const content = (list: readonly Frame[], kind: string) =>
  list.filter((frame) => frame.track.kind === kind).map((frame) => Buffer.from(frame.data).toString('hex'));

describe('a file that was written', () => {
  test.each(['flv', 'ts', 'mp4', 'm4v', 'fmp4'])(
    'as .%s gives its frames back, also through a pipe',
    async (ending) => {
      const { bytes, lines } = await write(`a.${ending}`, frames);

      for (const pipe of [false, true]) {
        const back = await read(bytes, pipe);

        expect(back.error).toBeUndefined();
        for (const kind of ['video', 'audio']) {
          expect(content(back.got, kind)).toEqual(content(frames, kind));
        }
        expect([...lines, ...back.lines]).toEqual([]);
      }
    },
  );

  test('as .aac has the sound alone, and says that the picture is left out', async () => {
    const { bytes, lines } = await write('a.aac', frames);
    const back = await read(bytes);

    expect(content(back.got, 'audio')).toEqual(content(sound, 'audio'));
    expect(back.promised).toEqual([['audio']]);
    expect(lines.map((line) => line.text)).toEqual(['h264 is left out: aac has no place for it']);
  });

  test('as .mp4 promises the kinds that it has', async () => {
    expect((await read((await write('a.mp4', frames)).bytes)).promised).toEqual([['video', 'audio']]);
    expect((await read((await write('a.mp4', sound)).bytes)).promised).toEqual([['audio']]);
  });
});

describe('damage', () => {
  test('an MP4 that was cut gives what is complete, and a warning', async () => {
    const { bytes } = await write('a.mp4', frames);

    for (const pipe of [false, true]) {
      const back = await read(bytes.subarray(0, bytes.length - 20), pipe);

      expect(back.error).toBeUndefined();
      expect(back.got.length).toBeGreaterThan(frames.length / 3);
      expect(back.lines.map((line) => line.level)).toEqual(['warn']);
    }
  });

  test('FMP4_MOOV_LAST: a plain MP4 with its index behind comes through no pipe', async () => {
    const bytes = concat([
      fromHex('00000010 66747970 69736f6d 00000000'),
      fromHex('00000010 6d646174 00000000 00000000'),
    ]);

    const { error } = await read(bytes, true);

    expect(error).toMatchObject({ code: 'FMP4_MOOV_LAST', advice: expect.stringContaining('faststart') });
  });

  test('FMP4_BOX_MISSING: an MP4 without any index', async () => {
    const bytes = concat([
      fromHex('00000010 66747970 69736f6d 00000000'),
      fromHex('00000010 6d646174 00000000 00000000'),
    ]);

    expect((await read(bytes)).error).toMatchObject({ code: 'FMP4_BOX_MISSING' });
  });

  test('a transport stream with a hole names what was wrong', async () => {
    const { bytes } = await write('a.ts', frames);
    const at = 188 * Math.floor(bytes.length / 376);

    const back = await read(concat([bytes.subarray(0, at), bytes.subarray(at + 188)]));

    expect(back.error).toBeUndefined();
    expect(back.lines).toMatchObject([{ level: 'warn', text: 'parts of the file are left out' }]);
  });

  test('the signal ends a file that is read by its index', async () => {
    const { bytes } = await write('a.mp4', frames);
    const stop = new AbortController();
    const to = sink();
    const ready = async (): Promise<void> => {
      if (to.got.length === 5) stop.abort();
    };

    await file.pull?.(fakeHost({ 'a.mp4': bytes }), fileUrl('a.mp4'), to, { ...pulling(stop.signal), ready });

    expect(to.got.length).toBe(5);
  });
});

describe('content', () => {
  const sync = (at: readonly number[], size: number) => {
    const bytes = new Uint8Array(size);
    for (const index of at) bytes[index] = 0x47;
    return bytes;
  };

  test.each([
    ['FLV', fromHex('464c5601'), 'flv'],
    ['ftyp', fromHex('00000018 66747970'), 'mp4'],
    ['styp', fromHex('00000018 73747970'), 'mp4'],
    ['moof', fromHex('00000018 6d6f6f66'), 'mp4'],
    ['188-byte packets', sync([0, 188, 376], 612), 'ts'],
    ['192-byte packets', sync([4, 196, 388], 612), 'ts'],
    ['204-byte packets', sync([0, 204, 408], 612), 'ts'],
    ['a single packet', sync([0], 188), 'ts'],
    ['ADTS', fromHex('fff15080 021ffc21'), 'aac'],
    ['ADTS behind an ID3 tag', fromHex('49443304000000000002 0000 fff15080'), 'aac'],
    ['MPEG-1 layer III', fromHex('fffb9064'), 'mp3'],
    ['MPEG-2 layer III', fromHex('fff38064'), 'mp3'],
    ['an ID3 tag', fromHex('49443304000000000110 0000'), 'mp3'],
  ])('that begins as %s is known', (_, head, name) => {
    expect(formatByContent(fileFormats, head)?.name).toBe(name);
  });

  test.each([
    ['text', new TextEncoder().encode('Good morning, this is no media at all.'.repeat(20))],
    ['one sync byte alone', sync([0], 612)],
    ['Matroska', fromHex('1a45dfa3 00000000')],
    ['one byte', fromHex('ff')],
  ])('that begins as %s is not', (_, head) => {
    expect(formatByContent(fileFormats, head)).toBeUndefined();
  });

  test('a box name is compared as bytes, and endings in lower case name their container', () => {
    expect(formatByContent(fileFormats, fromHex('00000018 46545950'))).toBeUndefined();
    expect(
      ['flv', 'ts', 'mp4', 'm4v', 'm4a', 'fmp4', 'aac', 'mp3'].map((ending) => formatByName(fileFormats, ending)?.name),
    ).toEqual(['flv', 'ts', 'mp4', 'mp4', 'mp4', 'mp4', 'aac', 'mp3']);
  });
});

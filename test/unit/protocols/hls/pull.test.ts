import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { Log, type LogLine } from '../../../../src/core/base/log.ts';
import { Wheel } from '../../../../src/core/base/session.ts';
import { fromMs } from '../../../../src/core/base/time.ts';
import type {
  ClientHost,
  HttpRequestOptions,
  Net,
  PullOptions,
  SourceRemark,
} from '../../../../src/core/control/host.ts';
import { CmafWriter, describeTrack, initSegment, type Mp4Track } from '../../../../src/core/format/fmp4/index.ts';
import { encryptAes128 } from '../../../../src/core/format/hls/index.ts';
import { TsMuxer } from '../../../../src/core/format/ts/index.ts';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';
import { netErrors } from '../../../../src/core/net/errors.ts';
import { hls } from '../../../../src/core/protocols/hls/index.ts';
import { aacTrack, audio, h264Track, live, video } from '../../../tools/builders.ts';
import { FakeLink, SeedRng, VirtualClock } from '../../../tools/fakes.ts';

/** A text or bytes, a status, or where it has gone. */
type Page = string | Uint8Array | number | URL;
type Answer = Page | ((url: URL, options: HttpRequestOptions) => Page);

/** A web server in a map, and a client in virtual time. */
function web(pages: Record<string, Answer>) {
  const clock = new VirtualClock();
  const lines: LogLine[] = [];
  const asked: { path: string; atMs: number; range: unknown }[] = [];
  /** Bodies whose connection breaks at their end. */
  const broken = new Set<string>();
  const request: Net['request'] = async (url, options) => {
    const path = url.pathname + url.search;
    asked.push({ path, atMs: clock.now() / 1000, range: options.headers['Range'] });
    if (options.signal.aborted) throw netErrors.system('ABORTED', { at: url.href });
    const page = pages[path] ?? pages[url.pathname] ?? 404;
    const answer = typeof page === 'function' ? page(url, options) : page;
    if (answer instanceof URL) return { ...(await request(answer, options)), url: answer };
    const body = new FakeLink();
    const status = typeof answer === 'number' ? answer : 200;
    const bytes = typeof answer === 'number' ? new Uint8Array() : typeof answer === 'string' ? utf8(answer) : answer;
    setImmediate(() => {
      for (let at = 0; at < bytes.length && !body.closed; at += 1000) body.onData(bytes.subarray(at, at + 1000));
      body.onClose(broken.has(path) ? netErrors.system('RESET', { at: url.host }) : undefined);
    });
    return { status, header: () => undefined, body };
  };
  const host: ClientHost = {
    ...{
      clock,
      rng: new SeedRng(),
      limits: defaultLimits,
      wheel: new Wheel(),
      net: { request } as Partial<Net> as Net,
    },
    log: new Log((line) => lines.push(line)),
  };
  const events: MediaEvent[] = [];
  const remarks: SourceRemark[] = [];
  const received = { bytes: 0 };
  const stop = new AbortController();
  const options: PullOptions = {
    signal: stop.signal,
    ready: () => Promise.resolve(),
    onBytes: (bytes) => {
      received.bytes += bytes;
    },
    onRemark: (remark) => remarks.push(remark),
  };
  /** Runs until the source ends; `most` of virtual time. */
  const pull = async (path = '/a.m3u8', most = fromMs(300_000)): Promise<unknown> => {
    let fault: unknown;
    let over = false;
    const pulled = hls.pull(
      host,
      new URL(`http://server.example${path}`),
      { on: (event) => events.push(event) },
      options,
    );
    const work = pulled.then(
      () => {
        over = true;
      },
      (error: unknown) => {
        fault = error;
        over = true;
      },
    );
    const end = clock.now() + most;
    while (!over && clock.now() < end) {
      for (let i = 0; i < 6; i++) await new Promise((done) => setImmediate(done));
      clock.advance(fromMs(50));
    }
    stop.abort();
    await work;
    return fault;
  };
  const frames = () => events.flatMap((event) => (event.type === 'frame' ? [event.frame] : []));
  return { pull, pages, broken, asked, frames, events, remarks, lines, clock, stop, received };
}

/** Segment `n` of two seconds as MPEG-TS. */
function segment(n: number, from = n * 2): Uint8Array {
  const muxer = new TsMuxer();
  const frames = live({ seconds: 2, gop: 50 }).map((frame) => ({ ...frame, dts: frame.dts + from * 1_000_000 }));
  const packets = [
    ...muxer.header([h264Track, aacTrack]),
    ...frames.flatMap((frame) => muxer.write(frame)),
    ...muxer.flush(),
  ];
  return concat(packets.flatMap(({ chunks }) => chunks));
}

const mp4 = [h264Track, aacTrack].map((track) => describeTrack(track) as Mp4Track);

/** The same as fMP4, without its init segment. */
function fragment(n: number): Uint8Array {
  const cmaf = new CmafWriter(mp4);
  const parts = live({ seconds: 2, gop: 50, size: 200 }).map((frame) =>
    cmaf.push({ ...frame, dts: frame.dts + n * 2_000_000 }),
  );
  return concat([...parts, cmaf.end()].flatMap((part) => part?.chunks ?? []));
}

const head = (sequence = 0, target = 2): string =>
  `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:${target}\n#EXT-X-MEDIA-SEQUENCE:${sequence}\n`;
const list = (from: number, to: number, sequence = from): string =>
  head(sequence) + Array.from({ length: to - from }, (_, i) => `#EXTINF:2.0,\n${from + i}.ts\n`).join('');
const segments = (count: number): Record<string, Answer> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`/${n}.ts`, segment(n)]));
const END = '#EXT-X-ENDLIST\n';

describe('a client of HLS', () => {
  it('reads a playlist that has an end from its beginning', async () => {
    const { pull, frames, remarks } = web({ '/a.m3u8': list(0, 5) + END, ...segments(5) });

    expect(await pull()).toBeUndefined();
    expect(frames().filter(({ track }) => track.kind === 'video')).toHaveLength(250);
    expect(remarks).toEqual([]);
  });

  it('begins three target durations before the live edge, and loads again after one', async () => {
    let last = 10;
    const { pull, asked } = web({ '/a.m3u8': () => list(last - 6, last++), ...segments(16) });
    await pull('/a.m3u8', fromMs(9000));

    const loads = asked.filter(({ path }) => path === '/a.m3u8').map(({ atMs }) => atMs);
    expect(asked.find(({ path }) => path.endsWith('.ts'))?.path).toBe('/7.ts');
    expect(loads.slice(0, 4).map((at, index) => Math.round((at - (loads[index - 1] ?? 0)) / 100) / 10)).toEqual([
      0, 2, 2, 2,
    ]);
  });

  it('loads an unchanged playlist again after half of a target duration, and gives up at last, HLS_STALLED', async () => {
    const { pull, asked } = web({ '/a.m3u8': list(0, 3), ...segments(3) });

    expect(await pull()).toMatchObject({ code: 'HLS_STALLED' });
    const loads = asked.filter(({ path }) => path === '/a.m3u8').map(({ atMs }) => atMs);
    expect(Math.round(((loads[3] ?? 0) - (loads[2] ?? 0)) / 100)).toBe(10);
    expect(asked.filter(({ path }) => path === '/0.ts')).toHaveLength(1);
  });

  it('passes over what is not there, and gives up when nothing is, HLS_SEGMENT', async () => {
    const holes = web({ '/a.m3u8': list(0, 4) + END, '/0.ts': segment(0), '/3.ts': segment(3) });
    expect(await holes.pull()).toBeUndefined();
    expect(holes.frames().filter(({ track }) => track.kind === 'video')).toHaveLength(100);
    expect(holes.lines).toContainEqual(expect.objectContaining({ level: 'warn', text: 'segments are missing' }));

    expect(await web({ '/a.m3u8': list(0, 4) + END }).pull()).toMatchObject({ code: 'HLS_SEGMENT' });
  });

  it('goes on where the playlist is when it fell behind, and when the server began anew', async () => {
    const texts = [list(0, 3), list(8, 11), list(0, 3, 0), list(0, 3, 0) + END];
    const { pull, lines, frames } = web({ '/a.m3u8': () => texts.shift() ?? list(0, 3) + END, ...segments(12) });

    expect(await pull()).toBeUndefined();
    // No hole is left where segments are missing, and no step back where the server began anew.
    const times = frames()
      .filter(({ track }) => track.kind === 'video')
      .map(({ dts }) => dts);
    const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.max(...steps)).toBeLessThan(fromMs(200));
    expect(Math.min(...steps)).toBeGreaterThan(0);
    const last = lines.filter(({ text }) => text === 'segments are missing').map(({ fields }) => fields['last']);
    expect(last).toContain('5 left the playlist before they were read');
  });

  it('puts what follows a discontinuity behind what came', async () => {
    const text = `${list(0, 1)}#EXT-X-DISCONTINUITY\n#EXTINF:2.0,\nother.ts\n${END}`;
    const { pull, frames } = web({ '/a.m3u8': text, '/0.ts': segment(0, 1000), '/other.ts': segment(0, 0) });
    await pull();

    const times = frames()
      .filter(({ track }) => track.kind === 'video')
      .map(({ dts }) => dts);
    expect(times).toHaveLength(100);
    const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.min(...steps)).toBeGreaterThan(0);
    expect(Math.max(...steps)).toBeLessThan(fromMs(200));
  });

  it('opens AES-128 by the key, and by the number where there is no IV', async () => {
    const key = Uint8Array.from({ length: 16 }, (_, i) => i);
    const iv = (n: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, i) => (i === 15 ? n : 0));
    const text = `${head(7)}#EXT-X-KEY:METHOD=AES-128,URI="k.bin"\n#EXTINF:2,\na.ts\n#EXT-X-KEY:METHOD=AES-128,URI="k.bin",IV=0x09\n#EXTINF:2,\nb.ts\n${END}`;
    const { pull, frames, asked } = web({
      '/a.m3u8': text,
      '/k.bin': key,
      '/a.ts': encryptAes128(segment(0), { key, iv: iv(7) }),
      '/b.ts': encryptAes128(segment(1), { key, iv: iv(9) }),
    });

    expect(await pull()).toBeUndefined();
    expect(frames().filter(({ track }) => track.kind === 'video')).toHaveLength(100);
    expect(asked.filter(({ path }) => path === '/k.bin')).toHaveLength(1);
  });

  it.each([
    ['another method', '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k.bin"', 'HLS_KEY'],
    ['a key that is no key', '#EXT-X-KEY:METHOD=AES-128,URI="short.bin"', 'HLS_KEY'],
    ['a vector that is none', '#EXT-X-KEY:METHOD=AES-128,URI="k.bin",IV=0xzz', 'HLS_KEY'],
    ['a key file without end', '#EXT-X-KEY:METHOD=AES-128,URI="0.ts"', 'HLS_SIZE'],
    ['the wrong key', '#EXT-X-KEY:METHOD=AES-128,URI="k.bin"', 'PLAYLIST_DECRYPT'],
  ])('is told of %s', async (_, line, code) => {
    const text = `${head()}${line}\n#EXTINF:2,\n0.ts\n${END}`;
    const { pull } = web({ '/a.m3u8': text, '/k.bin': new Uint8Array(16), '/short.bin': 'x', ...segments(1) });

    expect(await pull()).toMatchObject({ code });
  });

  it('follows what is named behind a redirect from where that led', async () => {
    const there = (path: string): URL => new URL(`http://other.example/there${path}`);
    const { pull, asked, frames } = web({
      '/m.m3u8': there('/m.m3u8'),
      '/there/m.m3u8': '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9\nv.m3u8\n',
      '/there/v.m3u8': there('/far/v.m3u8'),
      '/there/far/v.m3u8': list(0, 2) + END,
      '/there/far/0.ts': segment(0),
      '/there/far/1.ts': segment(1),
    });

    expect(await pull('/m.m3u8')).toBeUndefined();
    expect(frames().filter(({ track }) => track.kind === 'video')).toHaveLength(100);
    expect(asked.map(({ path }) => path)).toEqual([
      ...['/m.m3u8', '/there/m.m3u8', '/there/v.m3u8', '/there/far/v.m3u8', '/there/far/0.ts', '/there/far/1.ts'],
    ]);
  });

  it.each(['ts', 'mp4'])('loses the %s segment that breaks off, and no other one', async (ending) => {
    const names = [0, 1, 2, 3].map((n) => `#EXTINF:2.0,\n${n}.${ending}\n`).join('');
    const map = ending === 'mp4' ? '#EXT-X-MAP:URI="init.mp4"\n' : '';
    const bytes = (n: number): Uint8Array => (ending === 'ts' ? segment(n) : fragment(n));
    const { pull, broken, frames } = web({
      '/a.m3u8': head() + map + names + END,
      '/init.mp4': initSegment(mp4),
      ...Object.fromEntries(
        [0, 1, 2, 3].map((n) => [`/${n}.${ending}`, n === 1 ? bytes(1).subarray(0, 5001) : bytes(n)]),
      ),
    });
    broken.add(`/1.${ending}`);

    expect(await pull()).toBeUndefined();
    const seconds = new Set(frames().map(({ dts, cts }) => Math.floor((dts + cts) / 2_000_000)));
    const pictures = frames().filter(({ track }) => track.kind === 'video');
    expect(pictures.length).toBeGreaterThanOrEqual(150);
    expect(pictures.length).toBeLessThan(200);
    expect(seconds.has(3)).toBe(true);
  });

  it('takes the variant with the most bits', async () => {
    const master = `#EXTM3U\n${[3, 9, 5].map((bits) => `#EXT-X-STREAM-INF:BANDWIDTH=${bits}00000\nv${bits}/a.m3u8\n`).join('')}`;
    const { pull, asked, frames } = web({ '/a.m3u8': master, '/v9/a.m3u8': list(0, 1) + END, '/v9/0.ts': segment(0) });

    expect(await pull()).toBeUndefined();
    expect(asked.map(({ path }) => path)).toEqual(['/a.m3u8', '/v9/a.m3u8', '/v9/0.ts']);
    expect(frames().length).toBeGreaterThan(100);
  });

  it('asks for ranges, and takes its part of a server that knows none', async () => {
    const [first, second] = [segment(0), segment(1)];
    const text = `${head()}#EXTINF:2,\n#EXT-X-BYTERANGE:${first.length}@0\nall.ts\n#EXTINF:2,\n#EXT-X-BYTERANGE:${second.length}\nall.ts\n${END}`;
    const { pull, asked, frames } = web({ '/a.m3u8': text, '/all.ts': concat([first, second]) });
    await pull();

    expect(asked.map(({ range }) => range)).toEqual([
      undefined,
      `bytes=0-${first.length - 1}`,
      `bytes=${first.length}-${first.length + second.length - 1}`,
    ]);
    expect(frames().filter(({ track }) => track.kind === 'video')).toHaveLength(100);
  });

  it('takes no more of a server that knows no ranges than its part', async () => {
    const [first, second] = [segment(0), segment(1)];
    const text = `${head()}#EXTINF:2,\n#EXT-X-BYTERANGE:${second.length}@${first.length}\nall.ts\n${END}`;
    const { pull, frames, received } = web({
      '/a.m3u8': text,
      '/all.ts': concat([first, second, new Uint8Array(1_000_000)]),
    });

    expect(await pull()).toBeUndefined();
    expect(frames().filter(({ track }) => track.kind === 'video')).toHaveLength(50);
    expect(received.bytes).toBeLessThan(text.length + first.length + second.length + 2000);
  });

  it('skips no more than a GiB in front of a range, HLS_SIZE', async () => {
    const text = `${head()}#EXTINF:2,\n#EXT-X-BYTERANGE:1000@2000000000\nall.ts\n${END}`;

    expect(await web({ '/a.m3u8': text, '/all.ts': segment(0) }).pull()).toMatchObject({ code: 'HLS_SIZE' });
  });

  it('waits for parts at the server, and takes each once', async () => {
    const muxer = new TsMuxer();
    const parts = Array.from({ length: 8 }, (_, i) => {
      const packets = i === 0 ? muxer.header([h264Track]) : [];
      packets.push(...muxer.write(video({ at: i * 500, key: true })), ...(i === 7 ? muxer.flush() : []));
      return concat(packets.flatMap(({ chunks }) => chunks));
    });
    const control = '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5\n#EXT-X-PART-INF:PART-TARGET=0.5\n';
    const part = (i: number): string => `#EXT-X-PART:DURATION=0.5,URI="p${i}.ts",INDEPENDENT=YES\n`;
    const text = (made: number): string => {
      const lines = [head().replace('VERSION:3', 'VERSION:6') + control];
      for (let i = 0; i < made; i++) {
        lines.push(part(i));
        if (i % 4 === 3) lines.push('#EXTINF:2.0,\nwhole.ts\n');
      }
      return lines.join('');
    };
    let made = 1;
    const { pull, asked, frames } = web({
      '/a.m3u8': () => (made > 8 ? text(8) + END : text(made++)),
      ...Object.fromEntries(parts.map((bytes, i) => [`/p${i}.ts`, bytes])),
    });
    expect(await pull()).toBeUndefined();

    expect(asked.filter(({ path }) => path.startsWith('/p')).map(({ path }) => path)).toEqual(
      parts.map((_, i) => `/p${i}.ts`),
    );
    expect(
      asked
        .filter(({ path }) => path.startsWith('/a'))
        .map(({ path }) => path)
        .slice(0, 5),
    ).toEqual([
      ...['/a.m3u8', '/a.m3u8?_HLS_msn=0&_HLS_part=1', '/a.m3u8?_HLS_msn=0&_HLS_part=2'],
      ...['/a.m3u8?_HLS_msn=0&_HLS_part=3', '/a.m3u8?_HLS_msn=1&_HLS_part=0'],
    ]);
    expect(frames()).toHaveLength(8);
  });

  it('says what the playlist says against the rules, each rule once', async () => {
    const bad = `${head(0, 1)}#EXTINF:2.0,\n0.ts\n#EXTINF:2.0,\n1.ts\n`;
    const { pull, remarks } = web({ '/a.m3u8': () => bad, ...segments(2) });
    await pull('/a.m3u8', fromMs(5000));

    expect(remarks).toEqual([
      { id: 'playlist-segment-too-long', severity: 'must', text: expect.stringContaining('RFC 8216bis §4.4.3.1') },
    ]);
  });

  it.each([
    ['no playlist', 'hello', 'PLAYLIST_HEAD'],
    ['a refusal', 403, 'HLS_STATUS'],
    ['a list of nothing', '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x"\n', 'HLS_MASTER'],
    ['a list that names itself', '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n', 'HLS_MASTER'],
    ['a file of this machine', `${head()}#EXTINF:2,\nfile:///etc/passwd\n${END}`, 'HLS_URI'],
    ['a variant of this machine', '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nfile:///x.m3u8\n', 'HLS_URI'],
    ['a container that nobody knows', `${head()}#EXTINF:2,\npage.html\n${END}`, 'HLS_CONTAINER'],
  ])('is refused by %s', async (_, page, code) => {
    const { pull } = web({ '/a.m3u8': page, '/page.html': '<!doctype html><p>not a segment</p>' });

    expect(await pull()).toMatchObject({ code });
  });

  it('tries a playlist again that cannot be loaded for a moment', async () => {
    const texts: (string | number)[] = [list(0, 3), 500, 404, list(1, 4) + END];
    const { pull, frames } = web({ '/a.m3u8': () => texts.shift() ?? 404, ...segments(4) });

    expect(await pull()).toBeUndefined();
    expect(frames().filter(({ track }) => track.kind === 'video')).toHaveLength(200);
  });

  it('ends at the signal without an error', async () => {
    const { pull, stop } = web({ '/a.m3u8': list(0, 3), ...segments(3) });
    setImmediate(() => stop.abort());

    expect(await pull()).toBeUndefined();
  });

  it('reads sound alone in ADTS and packed behind an ID3 tag', async () => {
    const adts = concat(
      Array.from({ length: 20 }, (_, i) => {
        const { data } = audio({ at: i * 23, size: 20 });
        const size = data.length + 7;
        return concat([
          Uint8Array.of(0xff, 0xf1, 0x50, 0x80 | (size >> 11), (size >> 3) & 0xff, ((size & 7) << 5) | 0x1f, 0xfc),
          data,
        ]);
      }),
    );
    const tagged = concat([utf8('ID3'), Uint8Array.of(4, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4), adts]);
    for (const bytes of [adts, tagged]) {
      const { pull, frames } = web({ '/a.m3u8': `${head()}#EXTINF:2,\na.aac\n${END}`, '/a.aac': bytes });
      expect(await pull()).toBeUndefined();
      expect(frames().length).toBeGreaterThan(17);
    }
  });
});

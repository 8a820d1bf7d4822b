import { describe, expect, it, vi } from 'vitest';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { admissionErrors } from '../../../../src/core/control/admission.ts';
import { analyseTs, TsMuxer, tsFaults } from '../../../../src/core/format/ts/index.ts';
import { live } from '../../../tools/builders.ts';
import { settled } from '../http-flv/fakes.ts';
import { tracks, world } from './world.ts';

const segmentsOf = (text: string | undefined): string[] =>
  (text ?? '').split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('a player of classic HLS', () => {
  it('gets a session, the playlist of the session, and segments', async () => {
    const { ask, publishLive, host, asked } = await world();
    publishLive(5);

    const master = await ask('/live/a.m3u8?token=x');
    expect(master.text).toMatch(
      /^#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=1\n\/live\/a\.m3u8\?hls_ctx=[0-9a-z]{8}&token=x\n$/,
    );
    expect(master.headers).toMatchObject({ 'Content-Type': 'application/vnd.apple.mpegurl' });
    expect(asked[0]).toMatchObject({ action: 'play', type: 'hls-play', protocol: 'hls', param: '?token=x' });
    expect(host.sessions.size).toBe(1);

    const uri = master.text?.split('\n')[2] ?? '';
    const id = /hls_ctx=(\w+)/.exec(uri)?.[1];
    const playlist = await ask(uri);
    expect(playlist.text).toBe(
      [
        ...['#EXTM3U', '#EXT-X-VERSION:3', '#EXT-X-MEDIA-SEQUENCE:0', '#EXT-X-TARGETDURATION:2'],
        ...['#EXT-X-DISCONTINUITY', '#EXTINF:2.000, no desc', `a-0.ts?hls_ctx=${id}`],
        ...['#EXTINF:2.000, no desc', `a-1.ts?hls_ctx=${id}`, ''],
      ].join('\n'),
    );
    const segment = await ask(`/live/a-0.ts?hls_ctx=${id}`, { headers: { origin: 'http://page.example' } });
    expect(segment.headers).toMatchObject({ 'Content-Type': 'video/MP2T', 'Access-Control-Allow-Origin': '*' });
    expect(host.sessions.size).toBe(1);
    expect([...host.sessions.list()][0]?.sent.total).toBeGreaterThan(4000);
  });

  it('gets segments that are whole transport streams, alone and one behind the other', async () => {
    const { ask, publishLive, server } = await world({ config: { sessions: false } });
    publishLive(9);

    const files = await Promise.all([0, 1, 2, 3].map((n) => ask(`/live/a-${n}.ts`)));

    for (const { bytes } of files) {
      expect(bytes.length).toBeGreaterThan(1000);
      expect(tsFaults(analyseTs(bytes))).toEqual([]);
    }
    const joined = Buffer.concat(files.map(({ bytes }) => bytes));
    expect(tsFaults(analyseTs(joined))).toEqual([]);
    server.close();
  });

  it('waits for the first segment of a stream that has just begun', async () => {
    const { ask, publish, play, session } = await world();
    const publication = publish();
    const frames = live({ seconds: 3, gop: 50 });
    play(publication, frames.slice(0, 20));

    const waiting = await ask(await session('/live/a.m3u8'));
    expect(waiting.answered).toBe(false);
    play(publication, frames.slice(20));

    expect(segmentsOf(waiting.text)).toHaveLength(1);
  });

  it('is told 503 when the first segment does not come, HLS_WAIT', async () => {
    const { ask, publish, advance, session } = await world();
    publish();
    const waiting = await ask(await session('/live/a.m3u8'));

    advance(31_000);

    expect(waiting).toMatchObject({ status: 503, json: { error: 'HLS_WAIT' } });
  });

  it('leaves what is not HLS, or not there, to others', async () => {
    const { ask, publishLive } = await world({ config: { lowLatency: false } });
    publishLive(3);

    for (const path of ['/live/a.flv', '/live/nothing.m3u8', '/live/a.ts', '/live/b-1.ts', '/live/a.ll.m3u8']) {
      expect((await ask(path)).taken, path).toBe(false);
    }
    expect((await ask('/live/a.m3u8', { method: 'POST' })).taken).toBe(false);
  });

  it('is told 404 for a segment that is gone or not made yet, HLS_NO_SEGMENT', async () => {
    const { ask, publishLive } = await world({ config: { window: fromSeconds(4) } });
    publishLive(21);

    for (const path of ['/live/a-0.ts', '/live/a-10.ts', '/live/a-99999.ts', '/live/a.ll-zzzzzz-1.m4s']) {
      expect(await ask(path), path).toMatchObject({ status: 404, json: { error: 'HLS_NO_SEGMENT' } });
    }
  });

  it('finds every segment that a playlist ever named for as long as the playlist was', async () => {
    const { ask, publish, play } = await world({ config: { sessions: false, window: fromSeconds(6) } });
    const publication = publish();
    const frames = live({ seconds: 40, gop: 50 });
    for (let at = 0; at < frames.length; at += 136) {
      const before = segmentsOf((await ask('/live/a.m3u8')).text);
      play(publication, frames.slice(at, at + 136));
      for (const uri of before) expect((await ask(`/live/${uri}`)).status, uri).toBe(200);
    }
    const { text } = await ask('/live/a.m3u8');
    expect(text).toContain('#EXT-X-MEDIA-SEQUENCE:16\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n');
  });
});

describe('a session', () => {
  it('ends after two windows without a request for a playlist', async () => {
    const { ask, publishLive, host, session, advance } = await world();
    publishLive(3);
    const uri = await session('/live/a.m3u8');

    advance(119_000);
    await ask(uri);
    advance(119_000);
    expect(host.sessions.size).toBe(1);
    advance(2000);

    expect(host.sessions.size).toBe(0);
  });

  it('that is kicked is told 404 until its player gives up, HLS_EOF', async () => {
    const { ask, publishLive, host, session, lines } = await world();
    publishLive(3);
    const uri = await session('/live/a.m3u8');
    const [entry] = [...host.sessions.list()];

    expect(host.sessions.kick(entry!.id)).toBe(true);

    expect(await ask(uri)).toMatchObject({ status: 404, json: { error: 'HLS_EOF' } });
    expect(host.sessions.size).toBe(0);
    expect(lines.filter(({ text }) => text === 'ends')).toHaveLength(1);
  });

  it('may have an id that the player chose, which must be one: HLS_CTX', async () => {
    const { ask, publishLive, host } = await world();
    publishLive(3);

    expect((await ask('/live/a.m3u8?hls_ctx=mine')).text).toContain('a-0.ts?hls_ctx=mine\n');
    await ask('/live/a.m3u8?hls_ctx=mine');
    expect(host.sessions.size).toBe(1);
    expect(await ask('/live/a.m3u8?hls_ctx=a%0Ab')).toMatchObject({ status: 400, json: { error: 'HLS_CTX' } });
  });

  it('has its own URIs, also when many are answered at the same moment', async () => {
    const { ask, publish, play } = await world();
    const publication = publish();
    const frames = live({ seconds: 6, gop: 50 });
    const begun = frames.findIndex(({ dts }) => dts >= fromMs(4100));
    play(publication, frames.slice(0, begun));
    const ids = ['aaaaaaaa', 'bbbbbbbb', 'short', 'cccccccc', 'a-longer_one'];
    const waiting: Awaited<ReturnType<typeof ask>>[] = [];
    for (const id of ids) waiting.push(await ask(`/live/a.ll.m3u8?hls_ctx=${id}&_HLS_msn=2&_HLS_part=1`));
    play(publication, frames.slice(begun, begun + 40));

    const texts = waiting.map(({ text = '' }) => text);

    expect(texts.map((text) => new Set([...text.matchAll(/hls_ctx=([\w-]+)/g)].map(([, id]) => id)))).toEqual(
      ids.map((id) => new Set([id])),
    );
    expect(new Set(texts.map((text) => text.replaceAll(/hls_ctx=[\w-]+/g, ''))).size).toBe(1);
  });

  it('is refused by the admission and by the limit', async () => {
    const refusing = await world({
      admission: { admit: () => Promise.reject(admissionErrors.refused('NAME', { why: 'test' })) },
    });
    refusing.publishLive(3);
    expect((await refusing.ask('/live/a.m3u8')).status).toBe(400);

    const small = await world({ limits: { sessions: 1 } });
    small.publishLive(3);
    await small.session('/live/a.m3u8');
    expect((await small.ask('/live/a.m3u8')).status).toBe(503);
  });

  it('does not begin when the stream has gone while the admission thought', async () => {
    let answer = (): void => undefined;
    const thinking = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const grant = {
      name: { vhost: '__defaultVhost__', app: 'live', stream: 'a' },
      policy: 'refuse',
      mergeWindow: 0,
    } as const;
    const { ask, publishLive, advance, host } = await world({ admission: { admit: () => thinking.then(() => grant) } });
    publishLive(3).end();
    const exchange = await ask('/live/a.m3u8');
    advance(121_000);

    answer();
    await settled();

    expect(exchange).toMatchObject({ status: 404, json: { error: 'HLS_NO_STREAM' } });
    expect(host.sessions.size).toBe(0);
  });

  it('can be switched off, with the playlists as they are for all', async () => {
    const { ask, publishLive, host } = await world({ config: { sessions: false } });
    publishLive(3);

    expect((await ask('/live/a.m3u8')).text).toContain('\na-0.ts\n');
    expect(host.sessions.size).toBe(0);
  });
});

describe('the life of a stream', () => {
  it('goes on with its numbers and a discontinuity when it is published again', async () => {
    const { ask, publishLive, advance } = await world({ config: { sessions: false } });
    publishLive(4).end();
    advance(2000);
    publishLive(4).end();

    const { text } = await ask('/live/a.m3u8');

    expect(text?.match(/DISCONTINUITY\n#EXTINF:2.000, no desc\na-(\d)/g)).toHaveLength(2);
    expect(segmentsOf(text)).toEqual(['a-0.ts', 'a-1.ts', 'a-2.ts', 'a-3.ts']);
  });

  it('is over when nobody publishes for hls_dispose; who waits is told HLS_NO_STREAM', async () => {
    const { ask, publishLive, advance } = await world({
      config: { sessions: false, lowLatencyFragment: fromSeconds(60) },
    });
    publishLive(4).end();
    advance(110_000);
    const waiting = await ask('/live/a.ll.m3u8?_HLS_msn=1&_HLS_part=0');
    expect((await ask('/live/a.m3u8')).status).toBe(200);

    advance(11_000);

    expect(waiting).toMatchObject({ status: 404, json: { error: 'HLS_NO_STREAM' } });
    expect((await ask('/live/a.m3u8')).taken).toBe(false);
  });

  it('is not kept when the server stops: HLS_STOPPED', async () => {
    const { ask, publish, server, hub, wheel } = await world();
    const publication = publish();
    const waiting = await ask('/live/a.m3u8?hls_ctx=x');

    server.close();

    expect(waiting).toMatchObject({ status: 503, json: { error: 'HLS_STOPPED' } });
    publication.end();
    expect(hub.size).toBe(0);
    expect(wheel.size).toBe(0);
  });
});

it('a publisher is not touched by a segmenter that fails; players are told that the stream is gone', async () => {
  const { ask, publish, host, lines } = await world({ config: { sessions: false } });
  const publication = publish();
  const waiting = await ask('/live/a.ll.m3u8');
  vi.spyOn(TsMuxer.prototype, 'write').mockImplementationOnce(() => {
    throw new Error('a bug of ours');
  });

  publication.write(live({ seconds: 1 })[0]!);

  expect(waiting.status).toBe(404);
  expect(lines.some(({ level, text }) => level === 'error' && text === 'segmenting ended')).toBe(true);
  expect([...host.hub.streams()][0]?.published).toBe(true);
});

describe('a player of low-latency HLS', () => {
  it('waits for the part that it names, and gets the playlist that has it', async () => {
    const { ask, publish, play } = await world({ config: { sessions: false } });
    const publication = publish();
    const frames = live({ seconds: 8, gop: 50 });
    const half = frames.findIndex(({ dts }) => dts >= fromSeconds(4.5));
    play(publication, frames.slice(0, half));

    const waiting = await ask('/live/a.ll.m3u8?_HLS_msn=2&_HLS_part=4');
    expect(waiting.answered).toBe(false);
    const next = frames.findIndex(({ dts }) => dts >= fromSeconds(5));
    play(publication, frames.slice(half, next));
    expect(waiting.answered).toBe(false);
    play(publication, frames.slice(next, next + 4));

    expect(waiting.status).toBe(200);
    expect(waiting.text).toMatch(/-2\.4\.m4s"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI="a\.ll-\w{6}-2\.5\.m4s"\n$/);
  });

  it('waits for the hinted part itself', async () => {
    const { ask, publish, play } = await world({ config: { sessions: false } });
    const publication = publish();
    const frames = live({ seconds: 6, gop: 50 });
    const half = frames.findIndex(({ dts }) => dts >= fromSeconds(4.5));
    play(publication, frames.slice(0, half));
    const hint = /PRELOAD-HINT:TYPE=PART,URI="([^"]+)"/.exec((await ask('/live/a.ll.m3u8')).text ?? '')?.[1];

    const part = await ask(`/live/${hint}`);
    const behind = await ask(`/live/${hint?.replace(/(\d+)\.m4s/, (_, n) => `${Number(n) + 1}.m4s`)}`);
    expect(part.answered).toBe(false);
    expect(behind.status).toBe(404);
    play(publication, frames.slice(half, half + 20));

    expect(part.status).toBe(200);
    expect(part.headers).toMatchObject({ 'Content-Type': 'video/mp4' });
  });

  it('takes a part behind the last of its segment for the first of the next (RFC 8216bis §6.2.5.2)', async () => {
    const { ask, publishLive } = await world({ config: { sessions: false } });
    publishLive(4.5);

    expect((await ask('/live/a.ll.m3u8?_HLS_msn=1&_HLS_part=10')).status).toBe(200);
    expect((await ask('/live/a.ll.m3u8?_HLS_msn=0')).status).toBe(200);
    expect((await ask('/live/a.ll.m3u8?_HLS_msn=2')).answered).toBe(false);
  });

  it('waits for that first part when it is not made yet', async () => {
    const { ask, publish, play } = await world({ config: { sessions: false } });
    const publication = publish();
    const frames = live({ seconds: 5, gop: 50 });
    const begun = frames.findIndex(({ dts }) => dts >= fromMs(4100));
    play(publication, frames.slice(0, begun));

    const waiting = await ask('/live/a.ll.m3u8?_HLS_msn=1&_HLS_part=10');
    expect(waiting.answered).toBe(false);
    expect((await ask('/live/a.ll.m3u8?_HLS_msn=1&_HLS_part=9')).answered).toBe(true);
    play(publication, frames.slice(begun, begun + 10));

    expect(waiting.text).toContain('-2.0.m4s",INDEPENDENT=YES');
  });

  it('is told 503 when nothing comes for three target durations', async () => {
    const { ask, publishLive, advance } = await world({ config: { sessions: false } });
    publishLive(4.5);
    const waiting = await ask('/live/a.ll.m3u8?_HLS_msn=3&_HLS_part=0');

    advance(5500);
    expect(waiting.answered).toBe(false);
    advance(1000);

    expect(waiting).toMatchObject({ status: 503, json: { error: 'HLS_WAIT' } });
  });

  it.each([
    '_HLS_part=1',
    '_HLS_msn=x',
    '_HLS_msn=-1',
    '_HLS_msn=4',
    '_HLS_msn=2&_HLS_part=30',
    '_HLS_msn=1e3',
    '_HLS_msn=',
  ])('is told 400 for %s, HLS_DIRECTIVE', async (query) => {
    const { ask, publishLive } = await world({ config: { sessions: false } });
    publishLive(4.5);

    expect(await ask(`/live/a.ll.m3u8?${query}`)).toMatchObject({ status: 400, json: { error: 'HLS_DIRECTIVE' } });
  });

  it('gets a delta update when it has the rest', async () => {
    const { ask, publishLive } = await world({ config: { sessions: false } });
    publishLive(30);

    const whole = (await ask('/live/a.ll.m3u8')).text ?? '';
    const delta = (await ask('/live/a.ll.m3u8?_HLS_skip=YES')).text ?? '';

    const skipped = Number(/#EXT-X-SKIP:SKIPPED-SEGMENTS=(\d+)/.exec(delta)?.[1]);
    expect(skipped).toBe(8);
    expect(segmentsOf(delta)).toEqual(segmentsOf(whole).slice(skipped));
  });

  it('is refused when too many wait, and who leaves makes room: HLS_BUSY', async () => {
    const { ask, publishLive } = await world({ config: { sessions: false }, limits: { sessions: 1 } });
    publishLive(4.5);
    const first = await ask('/live/a.ll.m3u8?_HLS_msn=2');

    expect(await ask('/live/a.ll.m3u8?_HLS_msn=2')).toMatchObject({ status: 503, json: { error: 'HLS_BUSY' } });
    first.onGone();

    expect((await ask('/live/a.ll.m3u8?_HLS_msn=2')).answered).toBe(false);
  });

  it('sees at each moment only parts and segments that are there', async () => {
    const { ask, publish, play } = await world({ config: { sessions: false, window: fromSeconds(8) } });
    const publication = publish();
    const frames = live({ seconds: 14, gop: 50 });
    play(publication, frames.slice(0, 160));
    for (let at = 160; at < frames.length; at += 11) {
      play(publication, frames.slice(at, at + 11));
      const { text = '' } = await ask('/live/a.ll.m3u8');
      const uris = [...segmentsOf(text), ...[...text.matchAll(/(?:PART|MAP):[^\n]*URI="([^"]+)"/g)].map((m) => m[1]!)];
      for (const uri of uris) expect((await ask(`/live/${uri}`)).status, uri).toBe(200);
    }
  });

  it('gets parts that are exactly their segment', async () => {
    const { ask, publishLive } = await world({ config: { sessions: false } });
    publishLive(5);
    const run = /a\.ll-(\w{6})-/.exec((await ask('/live/a.ll.m3u8')).text ?? '')?.[1];

    const segment = await ask(`/live/a.ll-${run}-1.m4s`);
    const parts = await Promise.all(Array.from({ length: 10 }, (_, i) => ask(`/live/a.ll-${run}-1.${i}.m4s`)));

    expect(Buffer.concat(parts.map(({ bytes }) => bytes)).equals(segment.bytes)).toBe(true);
  });

  it('is answered HEAD and OPTIONS', async () => {
    const { ask, publishLive } = await world();
    publishLive(3);

    expect((await ask('/live/a.ll.m3u8', { method: 'HEAD' })).status).toBe(200);
    const options = await ask('/live/a.ll.m3u8', { method: 'OPTIONS', headers: { origin: 'http://page.example' } });
    expect(options.headers).toMatchObject({ 'Access-Control-Allow-Methods': '*' });
  });
});

it('ends the segment and says another init segment when parameters change', async () => {
  const { ask, publish, play } = await world({ config: { sessions: false } });
  const publication = publish();
  const frames = live({ seconds: 6, gop: 50 });
  play(publication, frames.slice(0, 200));
  const [video, audio] = tracks as [(typeof tracks)[0], (typeof tracks)[0]];
  const changed = { ...video, epoch: 1 };
  publication.retrack([changed, audio]);
  const later = frames
    .filter(({ dts }) => dts >= fromMs(4000))
    .map((frame) => (frame.track === video ? { ...frame, track: changed } : frame));
  play(publication, later);
  publication.end();

  const { text = '' } = await ask('/live/a.ll.m3u8');

  expect(text.match(/#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="a\.ll-\w{6}-i1\.mp4"/g)).toHaveLength(1);
  expect((await ask('/live/a.m3u8')).text?.match(/#EXT-X-DISCONTINUITY\n/g)).toHaveLength(2);
});

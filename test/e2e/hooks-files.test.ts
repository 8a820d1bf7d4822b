// Hooks about files, of SRT and of RTSP: recordings, segments, forwards; and settings of vhosts that a reload changes.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits, loadConfig } from '../../src/core/index.ts';
import { Hub } from '../../src/core/media/hub.ts';
import { RealClock } from '../../src/core/net/index.ts';
import { rtmp } from '../../src/core/protocols/rtmp/index.ts';
import { rtsp } from '../../src/core/protocols/rtsp/index.ts';
import { srt } from '../../src/core/protocols/srt/index.ts';
import { aacTrack, h264Track, live } from '../tools/builders.ts';
import { callbackServer, yes } from '../tools/callback-server.ts';
import { scratchFolder, testServer, until } from '../tools/interop.ts';
import { rejected } from '../tools/thrown.ts';
import { captured, shapeOf } from '../unit/control/hooks/captured.ts';

const callbacks = await callbackServer();
const { url } = callbacks;
const folder = await scratchFolder();
const text = (more = '') => `rtmp { listen 127.0.0.1:0; } http_server { enabled on; listen 127.0.0.1:0; }
  srt_server { enabled on; listen 127.0.0.1:0; } rtsp_server { enabled on; listen 127.0.0.1:0; } server_id vid-1234567; ${more}
  vhost __defaultVhost__ { srt { enabled on; } rtsp { enabled on; rtmp_to_rtsp on; }
    hls { enabled on; hls_fragment 1; hls_path ${folder}; }
    dvr { enabled on; dvr_path ${folder}/[app]/[stream].[timestamp].flv; }
    forward { enabled on; backend ${url}/forward; }
    http_hooks { enabled on; on_publish ${url}/p; on_unpublish ${url}/u; on_connect ${url}/c; on_close ${url}/x;
      on_play ${url}/y; on_stop ${url}/s; on_dvr ${url}/d; on_hls ${url}/h;
      on_hls_notify ${url}/notify/[server_id]/[app]/[stream]/[ts_url][param]; } }`;
const read = (source: string) => loadConfig({ text: source, file: 'srs.conf', read: () => '' });
let config = read(text());
const server = await testServer({ config, readConfig: () => config, serverId: 'vid-1234567' });
const { hub, sessions } = server.host;

/** A stream that is not in the server; `feed` writes four seconds more. */
function source() {
  const own = new Hub({ clock: new RealClock(), limits: defaultLimits, gopCache: true, mergeWindow: 0 });
  const name = { vhost: 'own', app: 'live', stream: 'x' };
  const publication = own.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
  publication.retrack([h264Track, aacTrack]);
  const frames = live({ seconds: 5, gop: 10 });
  for (const frame of frames.filter(({ dts }) => dts <= 1_000_000)) publication.write(frame);
  return {
    stream: publication.stream,
    feed: () => {
      for (const frame of frames.filter(({ dts }) => dts > 1_000_000)) publication.write(frame);
    },
  };
}

const named = (action: string) => callbacks.named(action).map(({ body }) => body);
const told = (action: string, count = 1) => until(`${count} ${action}`, () => named(action).length >= count);
const videoOf = (stream: string): number =>
  hub.find({ vhost: '__defaultVhost__', app: 'live', stream })?.frames.video ?? 0;

beforeEach(async () => {
  await until('no session is left', () => sessions.size === 0);
  callbacks.requests.length = 0;
  callbacks.answer = ({ body }) => (body['action'] === 'on_forward' ? { text: '{"code":0,"data":{"urls":[]}}' } : yes);
});

describe('a publisher whose stream is kept', () => {
  it('is named in on_dvr, on_hls, on_hls_notify and on_forward, key by key as SRS', async () => {
    const { stream, feed } = source();
    const stop = new AbortController();
    const options = { signal: stop.signal, mergeWindow: 0, onBytes: () => undefined };
    const done = rtmp.push(server.host, stream, new URL(`${server.rtmp}/live/kept?token=abc`), options);
    await until('media', () => videoOf('kept') > 0);
    feed();
    await told('on_hls', 3);
    stop.abort();
    await done;
    await told('on_dvr');

    const [publish] = named('on_publish');
    for (const action of ['on_dvr', 'on_hls', 'on_forward']) {
      const [body = {}] = named(action);
      expect(shapeOf(body)).toEqual(shapeOf(captured[action] ?? {}));
      expect(body).toMatchObject({ client_id: publish?.['client_id'], param: '?token=abc', ip: '127.0.0.1' });
    }
    expect(named('on_dvr')[0]).toMatchObject({ cwd: process.cwd(), stream_id: publish?.['stream_id'] });
    expect(existsSync(String(named('on_dvr')[0]?.['file']))).toBe(true);
    const [first, second] = named('on_hls');
    expect(first).toMatchObject({
      ...{ url: 'live/kept-0.ts', m3u8_url: 'live/kept.m3u8', seq_no: 0, file: join(folder, 'live/kept-0.ts') },
    });
    expect(existsSync(String(first?.['file']))).toBe(true);
    expect(first?.['duration']).toBeCloseTo(1.2, 0);
    expect(second?.['seq_no']).toBe(1);
    const gets = callbacks.requests.filter(({ method }) => method === 'GET').map((request) => request.url);
    expect(gets[0]).toBe('/notify/vid-1234567/live/kept/kept-0.ts?token=abc');
  });

  it('is ended when the forward backend fails, and its name is free', async () => {
    callbacks.answer = ({ body }) => (body['action'] === 'on_forward' ? { status: 500, text: '' } : yes);
    const { stream } = source();
    const options = { signal: new AbortController().signal, mergeWindow: 0, onBytes: () => undefined };
    const code = await rejected(rtmp.push(server.host, stream, new URL(`${server.rtmp}/live/f`), options));
    await told('on_close');

    expect(code).toMatch(/^RTMP_/);
    expect(callbacks.actions.filter((action) => !/on_(hls|dvr)|undefined/.test(action))).toEqual([
      ...['on_connect', 'on_publish', 'on_forward', 'on_unpublish', 'on_close'],
    ]);
    await until('the name is free', () => sessions.size === 0);
  });
});

describe('SRT', () => {
  const at = (stream: string, mode: string): URL => {
    const port = server.listeners.find(({ name }) => name === 'srt')?.address.port;
    return srt.url(`srt://127.0.0.1:${port}?streamid=#!::r=live/${stream},m=${mode},secret=x`);
  };

  it('has the hooks of RTMP, with parameters as SRS writes them', async () => {
    const { stream, feed } = source();
    const stop = new AbortController();
    const options = { signal: stop.signal, mergeWindow: 0, onBytes: () => undefined };
    const publishing = srt.push(server.host, stream, at('s', 'publish'), options);
    await until(
      'it is published',
      () => hub.find({ vhost: '__defaultVhost__', app: 'live', stream: 's' })?.published === true,
    );
    feed();
    const play = new AbortController();
    let got = 0;
    const playing = srt.pull(
      server.host,
      at('s', 'request'),
      { on: () => void got++ },
      {
        ...{ signal: play.signal, ready: () => Promise.resolve(), onBytes: () => undefined },
      },
    );
    await told('on_play');
    await until('it plays', () => got > 2);
    play.abort();
    await told('on_close');
    stop.abort();
    await told('on_close', 2);
    await Promise.allSettled([playing, publishing]);

    for (const action of ['on_connect', 'on_publish', 'on_play', 'on_stop', 'on_unpublish', 'on_close']) {
      expect(shapeOf(named(action)[0] ?? {})).toEqual(shapeOf(captured[action] ?? {}));
    }
    expect(named('on_publish')[0]).toMatchObject({ stream: 's', param: 'secret=x' });
    const id = named('on_publish')[0]?.['client_id'];
    const close = named('on_close').find((body) => body['client_id'] === id);
    expect(close?.['recv_bytes']).toBeGreaterThan(1000);
  });

  it('is refused by its hook, and told so', async () => {
    callbacks.answer = ({ body }) => (body['action'] === 'on_publish' ? { text: '1' } : yes);
    const { stream } = source();
    const options = { signal: new AbortController().signal, mergeWindow: 0, onBytes: () => undefined };

    expect(await rejected(srt.push(server.host, stream, at('no', 'publish'), options))).toMatch(/^SRT_/);
    await told('on_close');
    expect(callbacks.actions).not.toContain('on_unpublish');
    expect(sessions.size).toBe(0);
  });
});

describe('RTSP', () => {
  const at = (stream: string): URL => {
    const port = server.listeners.find(({ name }) => name === 'rtsp')?.address.port;
    return new URL(`rtsp://127.0.0.1:${port}/live/${stream}?secret=x`);
  };

  it('has the hooks of RTMP, and its own type in the API', async () => {
    const { stream, feed } = source();
    const stop = new AbortController();
    const options = { signal: stop.signal, mergeWindow: 0, onBytes: () => undefined };
    const publishing = rtsp.push(server.host, stream, at('t'), options);
    await until('media', () => videoOf('t') > 0);
    const play = new AbortController();
    let got = 0;
    const pulled = { signal: play.signal, ready: () => Promise.resolve(), onBytes: () => undefined };
    const playing = rtsp.pull(server.host, at('t'), { on: () => void got++ }, pulled);
    await told('on_play');
    feed();
    await until('it plays', () => got > 2);
    const types = [...sessions.list()].map(({ info }) => info.type).sort();
    play.abort();
    await told('on_close');
    stop.abort();
    await told('on_close', 2);
    await Promise.allSettled([playing, publishing]);

    expect(types).toEqual(['rtsp-play', 'rtsp-publish']);
    for (const action of ['on_connect', 'on_publish', 'on_play', 'on_stop', 'on_unpublish', 'on_close']) {
      expect(shapeOf(named(action)[0] ?? {})).toEqual(shapeOf(captured[action] ?? {}));
    }
    expect(named('on_publish')[0]).toMatchObject({ stream: 't', param: '?secret=x', app: 'live' });
  });

  it('is refused by its hooks, and told so', async () => {
    callbacks.answer = ({ body }) => (/on_(publish|play)/.test(String(body['action'])) ? { text: '1' } : yes);
    const { stream } = source();
    const signal = new AbortController().signal;
    const options = { signal, mergeWindow: 0, onBytes: () => undefined, ready: () => Promise.resolve() };

    expect(await rejected(rtsp.push(server.host, stream, at('no'), options))).toBe('RTSP_REFUSED');
    expect(await rejected(rtsp.pull(server.host, at('no'), { on: () => undefined }, options))).toBe('RTSP_REFUSED');
    expect(callbacks.actions).not.toContain('on_unpublish');
    expect(sessions.size).toBe(0);
  });
});

describe('a reload', () => {
  it('changes the limit of sessions', async () => {
    config = read(text('max_connections 1;'));
    await server.reload();
    const { stream } = source();
    const stop = new AbortController();
    const options = { signal: stop.signal, mergeWindow: 0, onBytes: () => undefined };
    const done = rtmp.push(server.host, stream, new URL(`${server.rtmp}/live/one`), options);
    await until('media', () => videoOf('one') > 0);
    expect((await fetch(`${server.http}/live/one.flv`)).status).toBe(503);

    config = read(text('max_connections 100;'));
    await server.reload();
    const play = new AbortController();
    expect((await fetch(`${server.http}/live/one.flv`, { signal: play.signal })).status).toBe(200);
    play.abort();
    stop.abort();
    await done;
  });
});

describe('a server that stops', () => {
  it('tells its last words', async () => {
    const one = await testServer({ config: read(text()), serverId: 'vid-1234567' });
    const { stream } = source();
    const options = { signal: new AbortController().signal, mergeWindow: 0, onBytes: () => undefined };
    const done = rejected(rtmp.push(one.host, stream, new URL(`${one.rtmp}/live/last`), options));
    const name = { vhost: '__defaultVhost__', app: 'live', stream: 'last' };
    await until('media', () => (one.host.hub.find(name)?.frames.video ?? 0) > 0);
    await one.close();

    expect(callbacks.actions).toEqual(expect.arrayContaining(['on_unpublish', 'on_close', 'on_dvr']));
    expect(await done).toMatch(/^RTMP_/);
  });
});

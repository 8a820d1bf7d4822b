// Hooks and vhosts with the clients that people use: an encoder with a token, players in three protocols.
import { beforeAll, expect, it } from 'vitest';
import { callbackServer, no, yes } from '../tools/callback-server.ts';
import { confServer } from '../tools/conf-server.ts';
import { describeWith, ended, made, start, until } from '../tools/interop.ts';

const callbacks = await callbackServer();
const { url } = callbacks;
callbacks.answer = ({ body }) =>
  /^on_(publish|play)$/.test(String(body['action'])) && !/[?&]key=good(&|$)/.test(String(body['param'])) ? no : yes;

const text = `vhost live.test { hls { enabled on; hls_disk off; hls_fragment 1; } http_remux { enabled on; }
    http_hooks { enabled on; on_publish ${url}/p; on_unpublish ${url}/u; on_play ${url}/y; on_stop ${url}/s; } }
  vhost local.test { security { enabled on; allow publish 127.0.0.0/8; deny play all; } }
  vhost page.test { refer { enabled on; play page.org; } }
  vhost off.test { enabled off; }`;
const server = await confServer(text);
const { hub } = server.host;

const published = (vhost: string, stream: string): boolean =>
  hub.find({ vhost, app: 'live', stream })?.published === true;
const named = (action: string) => callbacks.named(action).map(({ body }) => body);

let file = '';

const encoder = (target: string) =>
  start('ffmpeg', [
    ...'-loglevel error -re -stream_loop -1 -i'.split(' '),
    file,
    ...'-c copy -f flv'.split(' '),
    `${server.rtmp}/${target}`,
  ]);

/** Reads some packets; the exit code says whether it might. */
async function plays(target: string): Promise<boolean> {
  const child = start('ffmpeg', [
    ...'-loglevel error -analyzeduration 500000 -i'.split(' '),
    target,
    ...'-c copy -frames:v 5 -f null -'.split(' '),
  ]);
  await ended(child, 15_000);
  return (await child).exitCode === 0;
}

describeWith(['ffmpeg'], 'ffmpeg', () => {
  beforeAll(async () => {
    const source = '-f lavfi -i testsrc2=size=320x180:rate=25 -t 10';
    file = await made('hooks.flv', `${source} -c:v libx264 -g 25 -pix_fmt yuv420p`);
  });

  it('publishes and plays with the right key only', async () => {
    const wrong = encoder('live/a?vhost=live.test&key=bad');
    await ended(wrong);
    expect((await wrong).exitCode).not.toBe(0);
    expect(named('on_publish')[0]).toMatchObject({
      vhost: 'live.test',
      stream: 'a',
      param: '?vhost=live.test&key=bad',
    });

    const right = encoder('live/a?vhost=live.test&key=good');
    await until('it is published', () => published('live.test', 'a'));
    const query = 'vhost=live.test&key=good';
    const results = {
      rtmp: await plays(`${server.rtmp}/live/a?${query}`),
      flv: await plays(`${server.http}/live/a.flv?${query}`),
      hls: await plays(`${server.http}/live/a.m3u8?${query}`),
      rtmpRefused: await plays(`${server.rtmp}/live/a?vhost=live.test`),
      flvRefused: await plays(`${server.http}/live/a.flv?vhost=live.test`),
      hlsRefused: await plays(`${server.http}/live/a.m3u8?vhost=live.test`),
    };
    right.kill('SIGINT');
    await until('its end is told', () => named('on_unpublish').length === 1);

    expect(results).toEqual({
      rtmp: true,
      flv: true,
      hls: true,
      rtmpRefused: false,
      flvRefused: false,
      hlsRefused: false,
    });
    expect(named('on_play').map(({ stream }) => stream)).toEqual(expect.arrayContaining(['a', 'a.m3u8']));
    expect(named('on_unpublish')[0]?.['client_id']).toBe(named('on_publish')[1]?.['client_id']);
  }, 60_000);

  it('is refused by address, by page and by vhost', async () => {
    const allowed = encoder('live/b?vhost=local.test');
    await until('it is published', () => published('local.test', 'b'));
    expect(await plays(`${server.rtmp}/live/b?vhost=local.test`)).toBe(false);
    allowed.kill('SIGINT');

    const pages = encoder('live/c?vhost=page.test');
    await until('it is published', () => published('page.test', 'c'));
    const page = (value: string) =>
      start('ffmpeg', [
        ...'-loglevel error -analyzeduration 500000 -rtmp_pageurl'.split(' '),
        value,
        ...['-i', `${server.rtmp}/live/c?vhost=page.test`],
        ...'-c copy -frames:v 5 -f null -'.split(' '),
      ]);
    const [good, bad] = [page('http://www.page.org/x'), page('http://evilpage.org/')];
    await Promise.all([ended(good), ended(bad)]);
    expect([(await good).exitCode === 0, (await bad).exitCode === 0]).toEqual([true, false]);
    pages.kill('SIGINT');

    for (const vhost of ['off.test', 'nobody.test']) {
      const refused = encoder(`live/d?vhost=${vhost}`);
      await ended(refused);
      expect((await refused).exitCode).not.toBe(0);
    }
  }, 60_000);
});

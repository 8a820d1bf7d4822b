import { describe, expect, it } from 'vitest';
import { parsePlaylist } from '../../../../src/core/format/hls/index.ts';
import { world } from './world.ts';

const conf = (more = ''): string =>
  `vhost __defaultVhost__ { hls { enabled on; hls_disk off; hls_fragment 2; hls_variants on; hls_ll on; ${more} } }`;
const at = (stream: string) => ({ vhost: '__defaultVhost__', app: 'live', stream });

describe('streams of one name and several heights', () => {
  it('are variants of one playlist, in each form, and one session', async () => {
    const { publishSlowly, ask, host } = await world({ settings: conf() });
    for (const stream of ['a_720p', 'a_360p', 'a_xp', 'b_720p']) await publishSlowly(5, at(stream));

    for (const [path, variants] of [
      ['/live/a.m3u8?token=1', ['/live/a_720p.m3u8', '/live/a_360p.m3u8']],
      ['/live/a.ll.m3u8?token=1', ['a_720p.ll.m3u8', 'a_360p.ll.m3u8']],
    ] as const) {
      const answer = await ask(path);
      const master = parsePlaylist(answer.text ?? '');
      if (master.kind !== 'master') throw new Error('not a list of variants');
      const [first] = master.variants;
      expect(Object.fromEntries(first?.attributes ?? [])).toMatchObject({
        CODECS: 'avc1.64001e,mp4a.40.2',
        RESOLUTION: '640x360',
      });
      expect(Number(first?.attributes.get('BANDWIDTH'))).toBeGreaterThan(10_000);
      const ids = new Set(master.variants.map(({ uri }) => /\?hls_ctx=([0-9a-z]{8})&token=1$/.exec(uri)?.[1]));
      expect(ids.size).toBe(1);
      expect(master.variants.map(({ uri }) => uri.split('?')[0])).toEqual(variants);
      const media = await ask(new URL(first?.uri ?? '', 'http://h/live/').href.slice('http://h'.length));
      expect(media.text).toContain('#EXT-X-PROGRAM-DATE-TIME:');
    }
    expect(host.sessions.size).toBe(2);
  });

  it('say in low latency how far the others are', async () => {
    const { publishSlowly, ask } = await world({ settings: conf() });
    for (const stream of ['a_720p', 'a_360p']) await publishSlowly(5, at(stream));

    const { text } = await ask('/live/a_720p.ll.m3u8?hls_ctx=me');
    expect(text).toMatch(/#EXT-X-RENDITION-REPORT:URI="a_360p\.ll\.m3u8\?hls_ctx=me",LAST-MSN=2,LAST-PART=\d\n$/);
  });

  it('are streams of their own without hls_variants, and the name of the group is nothing', async () => {
    const { publishSlowly, ask } = await world({ settings: conf().replace('hls_variants on;', '') });
    await publishSlowly(5, at('a_720p'));

    expect((await ask('/live/a.m3u8')).taken).toBe(false);
    expect((await ask('/live/a_720p.ll.m3u8?hls_ctx=me')).text).not.toContain('RENDITION-REPORT');
  });

  it('are not there when they have gone', async () => {
    const { publishSlowly, ask, advance } = await world({ settings: conf('hls_dispose 2;') });
    (await publishSlowly(5, at('a_720p'))).end();
    advance(3000);

    expect((await ask('/live/a.m3u8')).taken).toBe(false);
  });

  it('have no low latency with keys, whose parts would be open', async () => {
    const { publishSlowly, ask } = await world({ settings: conf('hls_keys on;') });
    await publishSlowly(5, at('a_720p'));

    expect((await ask('/live/a_720p.ll.m3u8?hls_ctx=me')).taken).toBe(false);
    expect((await ask('/live/a_720p.m3u8?hls_ctx=me')).text).toContain('METHOD=AES-128');
  });
});

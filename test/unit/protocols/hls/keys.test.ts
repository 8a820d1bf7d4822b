import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { Fmp4Demuxer } from '../../../../src/core/format/fmp4/index.ts';
import {
  decryptAes128,
  type MediaPlaylist,
  parsePlaylist,
  validatePlaylist,
} from '../../../../src/core/format/hls/index.ts';
import { analyseTs, tsFaults } from '../../../../src/core/format/ts/index.ts';
import { live } from '../../../tools/builders.ts';
import { world } from './world.ts';

const conf = (more: string): string =>
  `vhost __defaultVhost__ { hls { enabled on; hls_fragment 2; hls_window 6; hls_ctx off; ${more} } }`;

type Ask = Awaited<ReturnType<typeof world>>['ask'];

async function playlistOf(ask: Ask): Promise<MediaPlaylist> {
  const playlist = parsePlaylist((await ask('/live/a.m3u8')).text ?? '');
  if (playlist.kind !== 'media') throw new Error('not a media playlist');
  expect(validatePlaylist(playlist)).toEqual([]);
  return playlist;
}

/** Every segment of the playlist, decrypted as a player does it: by what the playlist says alone. */
async function segments(ask: Ask): Promise<Uint8Array[]> {
  const { segments: listed } = await playlistOf(ask);
  return Promise.all(
    listed.map(async ({ uri, key }) => {
      const { bytes } = await ask(`/live/${uri}`);
      if (key === undefined) return bytes;
      const file = (await ask(`/live/${key.get('URI')}`)).bytes;
      return decryptAes128(bytes, { key: file, iv: fromHex((key.get('IV') ?? '').slice(2)) });
    }),
  );
}

describe('encrypted segments', () => {
  it('are opened by what the playlist says, also where its window has moved on', async () => {
    const { publishSlowly, ask } = await world({ settings: conf('hls_keys on; hls_fragments_per_key 2;') });
    await publishSlowly(17);

    const { segments: listed } = await playlistOf(ask);
    expect(listed.map(({ sequence, key }) => [sequence, key?.get('METHOD'), key?.get('URI')])).toEqual([
      [5, 'AES-128', 'a-4.key'],
      [6, 'AES-128', 'a-6.key'],
      [7, 'AES-128', 'a-6.key'],
    ]);
    for (const bytes of await segments(ask)) expect(tsFaults(analyseTs(bytes))).toEqual([]);
  });

  it('cannot be read without the key, and keys are fresh', async () => {
    const { publishSlowly, ask } = await world({ settings: conf('hls_keys on; hls_fragments_per_key 1;') });
    await publishSlowly(7);
    const { segments: listed } = await playlistOf(ask);
    const keys = await Promise.all(listed.map(async ({ key }) => (await ask(`/live/${key?.get('URI')}`)).bytes));
    const { bytes } = await ask('/live/a-0.ts');

    expect(bytes[0]).not.toBe(0x47);
    expect(bytes.length % 16).toBe(0);
    expect(keys.map(({ length }) => length)).toEqual([16, 16, 16]);
    expect(new Set([...keys.map(toHex), ...listed.map(({ key }) => key?.get('IV'))]).size).toBe(6);
    const iv = fromHex((listed[0]?.key?.get('IV') ?? '').slice(2));
    const wrong = (): Uint8Array => decryptAes128(bytes.subarray(1), { key: keys[0] as Uint8Array, iv });
    expect(wrong).toThrow(expect.objectContaining({ code: 'PLAYLIST_DECRYPT' }));
  });

  it('have keys on the disk where hls_key_file_path says, and URLs by hls_key_url', async () => {
    const { publishSlowly, folder, ask } = await world({
      settings: conf(
        'hls_keys on; hls_key_file_path /keys; hls_key_file [app]/[stream]/[seq].key; hls_key_url https://k.example/get/?token=1;',
      ),
    });
    await publishSlowly(3);

    const { segments: listed } = await playlistOf(ask);
    expect(listed[0]?.key?.get('URI')).toBe('https://k.example/get/live/a/0.key?token=1');
    expect([...folder('/keys').files.keys()]).toEqual(['live/a/0.key']);
    expect(folder('/keys').files.get('live/a/0.key')).toHaveLength(16);
    expect([...folder('./objs/nginx/html').files.keys()]).toEqual(['live/a-0.ts', 'live/a.m3u8']);
  });

  it('leave no key behind when nobody needs it any more', async () => {
    const { publishSlowly, folder, ask } = await world({ settings: conf('hls_keys on; hls_fragments_per_key 2;') });
    await publishSlowly(25);

    const keys = [...folder('./objs/nginx/html').files.keys()].filter((path) => path.endsWith('.key'));
    expect(keys).toEqual(['live/a-6.key', 'live/a-8.key', 'live/a-10.key']);
    expect((await ask('/live/a-2.key')).taken).toBe(false);
  });

  it('are gone from memory with their keys and init segments when the stream has been away for hls_dispose', async () => {
    const more = 'hls_keys on; hls_fragments_per_key 2; hls_use_fmp4 on; hls_disk off; hls_dispose 5;';
    const { publishSlowly, advance, ask } = await world({ settings: conf(more) });
    (await publishSlowly(7)).end();
    const { segments: listed } = await playlistOf(ask);
    const uris = new Set(listed.flatMap(({ uri, key, map }) => [uri, key?.get('URI'), map?.uri]));
    const found = async () =>
      (await Promise.all([...uris].map((uri) => ask(`/live/${uri}`)))).map(({ taken }) => taken);
    expect(await found()).toEqual([true, true, true, true, true, true, true]);
    advance(6000);

    expect(await found()).toEqual([false, false, false, false, false, false, false]);
  });
});

describe('classic fMP4', () => {
  it.each([
    ['plain', ''],
    ['encrypted, the init segment not', 'hls_keys on; hls_fragments_per_key 2;'],
  ])('gives every frame once and in order: %s', async (_, more) => {
    const { publishSlowly, ask } = await world({
      settings: conf(`hls_use_fmp4 on; hls_window 60; ${more}`),
    });
    (await publishSlowly(7)).end();

    const { text } = await ask('/live/a.m3u8');
    expect(text).toMatch(/^#EXTM3U\n#EXT-X-VERSION:7\n/);
    const { segments: listed } = await playlistOf(ask);
    expect(listed.map(({ uri, map }) => [uri, map?.uri])).toEqual(
      [0, 1, 2, 3].map((sequence) => [`a-${sequence}.m4s`, 'a/init.mp4']),
    );
    const init = await ask('/live/a/init.mp4');
    expect(init.headers).toMatchObject({ 'Content-Type': 'video/mp4' });

    const demuxer = new Fmp4Demuxer(defaultLimits);
    const events = [...demuxer.push(concat([init.bytes, ...(await segments(ask))])), ...demuxer.end()];
    const got = events.flatMap((event) => (event.type === 'frame' ? [event.frame] : []));
    const sent = live({ seconds: 7, gop: 50 });
    for (const kind of ['video', 'audio'] as const) {
      const [mine, theirs] = [got, sent].map((all) => all.filter(({ track }) => track.kind === kind));
      expect(mine?.map(({ data }) => toHex(data))).toEqual(theirs?.map(({ data }) => toHex(data)));
    }
  });

  it('has its init segments in the clear also where one comes behind a key', async () => {
    const { publishSlowly, ask } = await world({ settings: conf('hls_use_fmp4 on; hls_window 60; hls_keys on;') });
    (await publishSlowly(3)).end();
    (await publishSlowly(3)).end();

    const { segments: listed } = await playlistOf(ask);
    expect(listed.map(({ map, key }) => [map?.uri, map?.key, key?.get('URI')])).toEqual([
      ...[
        ['a/init.mp4', undefined, 'a-0.key'],
        ['a/init.mp4', undefined, 'a-0.key'],
      ],
      ...[
        ['a/init-2.mp4', undefined, 'a-0.key'],
        ['a/init-2.mp4', undefined, 'a-0.key'],
      ],
    ]);
  });

  it('gives a change of parameters an init segment of its own', async () => {
    const { publishSlowly, ask } = await world({ settings: conf('hls_use_fmp4 on; hls_window 60;') });
    (await publishSlowly(3)).end();
    await publishSlowly(3);

    const { segments: listed } = await playlistOf(ask);
    expect(listed.map(({ map, discontinuity }) => [map?.uri, discontinuity])).toEqual([
      ['a/init.mp4', true],
      ['a/init.mp4', false],
      ['a/init-2.mp4', true],
    ]);
    expect((await ask('/live/a/init-2.mp4')).bytes.length).toBeGreaterThan(100);
  });
});

import { describe, expect, it } from 'vitest';
import { equalBytes } from '../../../../src/core/base/bytes.ts';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import { noHooks } from '../../../../src/core/control/hooks/hooks.ts';
import type { SegmentFile } from '../../../../src/core/control/storage/segment-file.ts';
import { parsePlaylist, validatePlaylist, validateUpdate } from '../../../../src/core/format/hls/index.ts';
import type { StreamName } from '../../../../src/core/media/stream-name.ts';
import { netErrors } from '../../../../src/core/net/errors.ts';
import type { HlsConfig } from '../../../../src/core/protocols/hls/config.ts';
import type { MemoryFolder } from '../../../tools/memory-folder.ts';
import { settled } from '../http-flv/fakes.ts';
import { world } from './world.ts';

const ROOT = './objs/nginx/html';
const conf = (more = ''): string =>
  `vhost __defaultVhost__ { hls { enabled on; hls_fragment 2; hls_window 6; hls_ctx off; ${more} } }`;

const textOf = (folder: MemoryFolder, path: string): string =>
  new TextDecoder().decode(folder.files.get(path) ?? new Uint8Array());

/** The playlist on the disk, valid, every segment of which is there. */
function playlistOf(folder: MemoryFolder, path = 'live/a.m3u8') {
  const playlist = parsePlaylist(textOf(folder, path));
  if (playlist.kind !== 'media') throw new Error('not a media playlist');
  expect(validatePlaylist(playlist)).toEqual([]);
  for (const { uri } of playlist.segments) expect(folder.files.get(`live/${uri}`)?.length, uri).toBeGreaterThan(0);
  return playlist;
}

describe('HLS on the disk', () => {
  it('has the files of SRS, and the same bytes as the memory', async () => {
    const { publishSlowly, folder, ask } = await world({ settings: conf() });
    await publishSlowly(7);
    const disk = folder(ROOT);

    expect([...disk.files.keys()]).toEqual(['live/a-0.ts', 'live/a.m3u8', 'live/a-1.ts', 'live/a-2.ts']);
    const { text } = await ask('/live/a.m3u8');
    expect(textOf(disk, 'live/a.m3u8')).toBe(text);
    expect(text).toContain('#EXTINF:2.000, no desc\na-1.ts\n');
    const { bytes } = await ask('/live/a-1.ts');
    expect(equalBytes(bytes, disk.files.get('live/a-1.ts') ?? bytes.slice(1))).toBe(true);
  });

  it('writes a playlist behind what it names, and removes what nobody may fetch any more behind the playlist', async () => {
    const { publishSlowly, folder } = await world({ settings: conf() });
    await publishSlowly(21);
    const disk = folder(ROOT);

    expect(playlistOf(disk).segments.map(({ uri }) => uri)).toEqual(['a-7.ts', 'a-8.ts', 'a-9.ts']);
    // Three more are kept for players that are behind.
    expect(disk.steps.slice(-3)).toEqual(['write live/a-9.ts', 'write live/a.m3u8', 'remove live/a-3.ts']);
    expect([...disk.files.keys()].filter((path) => path.endsWith('.ts'))).toHaveLength(6);
  });

  it('keeps all segments with hls_cleanup off', async () => {
    const { publishSlowly, folder } = await world({ settings: conf('hls_cleanup off;') });
    await publishSlowly(21);

    expect([...folder(ROOT).files.keys()].filter((path) => path.endsWith('.ts'))).toHaveLength(10);
  });

  it('tells of each segment what on_hls says', async () => {
    const told: SegmentFile[] = [];
    const notified: SegmentFile[] = [];
    const hooks = {
      ...noHooks,
      hls: (file: SegmentFile) => told.push(file),
      hlsNotify: (file: SegmentFile) => notified.push(file),
    };
    const { publishSlowly } = await world({ settings: conf(), hooks });
    await publishSlowly(5);

    expect(told[1]).toEqual({
      name: { vhost: '__defaultVhost__', app: 'live', stream: 'a' },
      ...{ file: './objs/nginx/html/live/a-1.ts', url: 'live/a-1.ts', sequence: 1, duration: 2_000_000 },
      ...{ m3u8: './objs/nginx/html/live/a.m3u8', m3u8Url: 'live/a.m3u8' },
    });
    expect(notified).toEqual(told);
  });

  it('is not there with hls_disk off, and memory is', async () => {
    const { publishSlowly, folders, ask } = await world({ settings: conf('hls_disk off;') });
    await publishSlowly(5);

    expect(folders.size).toBe(0);
    expect((await ask('/live/a.m3u8')).text).toContain('a-1.ts');
  });

  it('removes everything when the stream has been away for hls_dispose', async () => {
    const { publishSlowly, folder, advance, ask } = await world({
      settings: conf('hls_dispose 5; hls_keys on; hls_use_fmp4 on;'),
    });
    (await publishSlowly(5)).end();
    await settled();
    expect(folder(ROOT).files.size).toBeGreaterThan(3);

    advance(5500);
    await settled();
    await settled();

    expect([...folder(ROOT).files.keys()]).toEqual([]);
    expect((await ask('/live/a.m3u8')).taken).toBe(false);
    expect((await ask('/live/a-0.m4s')).taken).toBe(false);
  });

  it('keeps everything with hls_dispose 0', async () => {
    const { publishSlowly, folder, advance } = await world({ settings: conf('hls_dispose 0;') });
    (await publishSlowly(5)).end();
    advance(1_000_000);
    await settled();

    expect(playlistOf(folder(ROOT)).segments).toHaveLength(3);
  });
});

describe('a playlist after a restart', () => {
  /** The disk that a server leaves that was killed in the middle of a segment. */
  async function left(more = '', seconds = 9) {
    const first = await world({ settings: conf(more) });
    await first.publishSlowly(seconds);
    return first.folders;
  }

  it('goes on with its numbers, behind a discontinuity, with hls_recover', async () => {
    const folders = await left();
    const before = playlistOf(folders.get(ROOT) as MemoryFolder);
    const { publishSlowly, folder, ask } = await world({ settings: conf(), folders });
    await publishSlowly(3);

    const after = playlistOf(folder(ROOT));
    expect(validateUpdate(before, after)).toEqual([]);
    expect(after.segments.map(({ sequence, discontinuity }) => [sequence, discontinuity])).toEqual([
      [2, false],
      [3, false],
      [4, true],
    ]);
    const { text } = await ask('/live/a.m3u8');
    expect(text).toContain('#EXT-X-MEDIA-SEQUENCE:4\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n');
    expect(text).not.toContain('a-3.ts');
  });

  it('names only what is there: from behind the newest hole', async () => {
    const folders = await left();
    folders.get(ROOT)?.files.delete('live/a-2.ts');
    const { publishSlowly, folder } = await world({ settings: conf(), folders });
    await publishSlowly(3);

    expect(playlistOf(folder(ROOT)).segments.map(({ sequence }) => sequence)).toEqual([3, 4]);
  });

  it('goes on with its keys and init segments', async () => {
    const more = 'hls_keys on; hls_fragments_per_key 2; hls_use_fmp4 on;';
    const folders = await left(more);
    const { publishSlowly, folder } = await world({ settings: conf(more), folders });
    await publishSlowly(3);

    const { segments } = playlistOf(folder(ROOT));
    expect(segments.map(({ key, map }) => [key?.get('URI'), map?.uri])).toEqual([
      ['a-2.key', 'a/init.mp4'],
      ['a-2.key', 'a/init.mp4'],
      ['a-4.key', 'a/init-4.mp4'],
    ]);
  });

  it('begins again with hls_recover off, and old names are gone first', async () => {
    const folders = await left();
    const disk = folders.get(ROOT) as MemoryFolder;
    disk.steps.length = 0;
    const { publishSlowly, folder } = await world({ settings: conf('hls_recover off;'), folders });
    await publishSlowly(3);

    expect(disk.steps[0]).toBe('remove live/a.m3u8');
    expect(playlistOf(folder(ROOT)).segments.map(({ sequence }) => sequence)).toEqual([0]);
  });

  it('removes what lingered when the program was killed', async () => {
    const folders = await left('', 21);
    const { publishSlowly, folder } = await world({ settings: conf(), folders });
    await publishSlowly(3);

    const names = [...folder(ROOT).files.keys()].filter((path) => path.endsWith('.ts'));
    expect(names.toSorted()).toEqual(['live/a-10.ts', 'live/a-7.ts', 'live/a-8.ts', 'live/a-9.ts']);
  });

  it.each([
    ['garbage', 'no playlist at all'],
    ['a master playlist', '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n'],
    ['names outside', '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n../../../etc/passwd\n'],
    ['a name that is no URI', '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n%zz.ts\n'],
  ])('is begun anew over %s', async (_, text) => {
    const folders = await left();
    folders.get(ROOT)?.files.set('live/a.m3u8', new TextEncoder().encode(text));
    const { publishSlowly, folder } = await world({ settings: conf(), folders });
    await publishSlowly(3);

    const { segments } = playlistOf(folder(ROOT));
    expect(segments).toHaveLength(1);
    expect(segments[0]?.uri).toMatch(/^a-[01]\.ts$/);
  });

  it('stays whole when the same stream comes back while its files are being removed', async () => {
    const { publishSlowly, folder, advance } = await world({ settings: conf('hls_dispose 5;') });
    (await publishSlowly(5)).end();
    await settled();
    const gate = Promise.withResolvers<void>();
    const disk = folder(ROOT);
    const remove = disk.remove.bind(disk);
    disk.remove = async (path) => {
      await gate.promise;
      await remove(path);
    };
    advance(5500);

    const publication = publishSlowly(3);
    gate.resolve();
    await publication;
    await settled();

    expect(playlistOf(disk).segments.map(({ uri }) => uri)).toEqual(['a-0.ts']);
  });
});

describe('a disk that fails', () => {
  const full = netErrors.system('DISK_FULL', { at: 'live/a-1.ts' });
  const faults = (lines: readonly { level: string; fields: Readonly<Record<string, unknown>> }[]) =>
    lines.filter(({ level }) => level === 'error').map(({ fields }) => fields['code']);

  it('leaves the stream and its players alone, is told once, and is begun anew behind the hole', async () => {
    const { publishSlowly, goOn, folder, lines, ask, hub } = await world({ settings: conf('hls_window 60;') });
    const publication = await publishSlowly(5);
    const disk = folder(ROOT);
    disk.fault = full;
    await goOn(publication, 6, 5);

    expect(faults(lines)).toEqual(['NET_DISK_FULL']);
    expect(playlistOf(disk).segments.map(({ sequence }) => sequence)).toEqual([0, 1]);
    expect((await ask('/live/a.m3u8')).text).toContain('a-4.ts');
    expect(hub.find(publication.stream.name)?.published).toBe(true);

    disk.fault = undefined;
    await goOn(publication, 6, 11);
    expect(playlistOf(disk).segments.map(({ sequence }) => sequence)).toEqual([5, 6, 7]);
    expect(lines.map(({ text }) => text)).toContain('the files of HLS are written again');
  });

  it('counts the discontinuities of what it did not take', async () => {
    const { publishSlowly, goOn, folder, ask } = await world({ settings: conf('hls_window 4;') });
    (await publishSlowly(3)).end();
    const disk = folder(ROOT);
    disk.fault = full;
    const publication = await publishSlowly(3);
    disk.fault = undefined;
    await goOn(publication, 10, 3);

    const { text } = await ask('/live/a.m3u8');
    expect(text).toContain('#EXT-X-DISCONTINUITY-SEQUENCE:2\n');
    expect(textOf(disk, 'live/a.m3u8')).toBe(text);
  });

  it('stops the files until the next publisher with hls_on_error ignore', async () => {
    const { publishSlowly, goOn, folder, lines, ask } = await world({ settings: conf('hls_on_error ignore;') });
    const publication = await publishSlowly(5);
    const disk = folder(ROOT);
    disk.fault = full;
    await goOn(publication, 2, 5);
    disk.fault = undefined;
    await goOn(publication, 4, 7);

    expect(playlistOf(disk).segments.map(({ sequence }) => sequence)).toEqual([0, 1]);
    expect((await ask('/live/a.m3u8')).text).toContain('a-4.ts');
    publication.end();
    await publishSlowly(3);
    // The last segment of the first publication was not written either.
    expect(playlistOf(disk).segments.map(({ sequence }) => sequence)).toEqual([6]);
    expect(faults(lines)).toEqual(['NET_DISK_FULL']);
  });

  it('sends the publisher away with hls_on_error disconnect', async () => {
    const { publishSlowly, goOn, folder, hub } = await world({ settings: conf('hls_on_error disconnect;') });
    const publication = await publishSlowly(1);
    folder(ROOT).fault = full;
    await goOn(publication, 3, 1);

    expect(hub.find(publication.stream.name)?.published).not.toBe(true);
  });

  it('that hangs holds up nobody, within its bytes, STORAGE_SLOW', async () => {
    const disk = {
      ...{ root: 'slow', keyRoot: 'slow', cleanup: true, recover: false, onError: 'continue' as const },
      queueBytes: 30_000,
    };
    const config: Partial<HlsConfig> = { disk, window: fromSeconds(60), sessions: false };
    const { publishSlowly, folder, lines, ask } = await world({ config });
    const gate = Promise.withResolvers<void>();
    folder('slow').gate = gate.promise;
    await publishSlowly(21);

    expect((await ask('/live/a.m3u8')).text).toContain('a-9.ts');
    expect(faults(lines)).toEqual(['STORAGE_SLOW']);
    gate.resolve();
    for (let i = 0; i < 20; i++) await settled();
    // What fell out left a hole, and the disk begins behind it.
    expect(playlistOf(folder('slow')).segments[0]?.sequence).toBe(0);
    expect(playlistOf(folder('slow')).segments.length).toBeLessThan(6);
  });
});

describe('names by templates', () => {
  it('are served from memory and written to the disk', async () => {
    const { publishSlowly, folder, ask } = await world({
      settings: conf(
        'hls_m3u8_file [vhost]/[app]/[stream]/index.m3u8; hls_ts_file [app]/[2006][01][02]/[stream]-[seq]-[duration].ts;',
      ),
    });
    await publishSlowly(5);

    const { text } = await ask('/__defaultVhost__/live/a/index.m3u8');
    const [, day] = /\n\.\.\/\.\.\/\.\.\/live\/(\d{8})\/a-1-2000\.ts\n/.exec(text ?? '') ?? [];
    expect(day).toMatch(/^2023111[45]$/);
    expect((await ask(`/live/${day}/a-1-2000.ts`)).bytes.length).toBeGreaterThan(100);
    expect([...folder(ROOT).files.keys()]).toContain(`live/${day}/a-1-2000.ts`);
    const elsewhere = await ask('/live/a.m3u8?x=1');
    expect(elsewhere).toMatchObject({ status: 302 });
    expect(elsewhere.headers).toMatchObject({ Location: '/__defaultVhost__/live/a/index.m3u8?x=1' });
  });

  it.each([
    ['hls_ts_file ../../[stream]-[seq].ts;'],
    ['hls_m3u8_file /etc/[stream].m3u8;'],
    [`hls_key_file ${'x'.repeat(300)}[seq].key;`],
    ['hls_fmp4_file [app]/../../../[seq].m4s; hls_use_fmp4 on;'],
  ])('that are not allowed are told, and the stream goes on without HLS: %s', async (more) => {
    const { publishSlowly, lines, ask, hub, folders } = await world({ settings: conf(more) });
    const publication = await publishSlowly(3);

    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'error', fields: expect.objectContaining({ code: 'STORAGE_PATH' }) }),
    );
    expect((await ask('/live/a.m3u8')).taken).toBe(false);
    expect(hub.find(publication.stream.name)?.frames.video).toBe(75);
    expect(folders.size).toBe(0);
  });

  it.each([
    ['http://cdn.example', 'http://cdn.example/live/a-1.ts'],
    ['http://cdn.example/x/', 'http://cdn.example/x/a-1.ts'],
  ])('stand behind hls_entry_prefix %s as in SRS', async (prefix, uri) => {
    const settings = conf(`hls_entry_prefix ${prefix};`);
    const first = await world({ settings });
    await first.publishSlowly(5);
    expect((await first.ask('/live/a.m3u8')).text).toContain(`\n${uri}\n`);

    const { publishSlowly, folder } = await world({ settings, folders: first.folders });
    await publishSlowly(3);
    expect(textOf(folder(ROOT), 'live/a.m3u8')).toContain(`${uri}\n#EXT-X-DISCONTINUITY\n`);
  });

  it('count fragments of the time with hls_ts_floor', async () => {
    const { publishSlowly, folder } = await world({
      settings: conf('hls_ts_floor on; hls_ts_file [app]/[timestamp].ts;'),
    });
    await publishSlowly(9);

    const first = Math.floor(1_700_000_000 / 2);
    const names = [...folder(ROOT).files.keys()].filter((path) => path.endsWith('.ts'));
    expect(names).toEqual([0, 1, 2, 3].map((more) => `live/${first + more}.ts`));
  });
});

describe('vhosts', () => {
  it('have settings of their own', async () => {
    const admit = async ({ name }: { name: StreamName }) => ({ name, policy: 'refuse' as const, mergeWindow: 0 });
    const { publishSlowly, ask } = await world({
      admission: { admit },
      settings: `vhost one.example { hls { enabled on; hls_fragment 2; hls_ctx off; hls_ll on; } }
        vhost two.example { hls { enabled on; hls_fragment 4; hls_ctx off; } } vhost three.example { }`,
    });
    for (const vhost of ['one.example', 'two.example', 'three.example']) {
      await publishSlowly(5, { vhost, app: 'live', stream: 'a' });
    }
    const listed = async (vhost: string): Promise<number | undefined> => {
      const { text } = await ask(`/live/a.m3u8?vhost=${vhost}`);
      return text?.match(/\.ts\n/g)?.length;
    };

    expect(await Promise.all(['one.example', 'two.example', 'three.example'].map(listed))).toEqual([2, 1, undefined]);
    expect((await ask('/live/a.ll.m3u8?vhost=one.example')).status).toBe(200);
    expect((await ask('/live/a.ll.m3u8?vhost=two.example')).taken).toBe(false);
  });
});

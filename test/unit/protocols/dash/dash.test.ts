import { describe, expect, it } from 'vitest';
import { concat } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { type AdmissionRequest, admissionErrors, type Grant } from '../../../../src/core/control/admission.ts';
import { clusterErrors } from '../../../../src/core/control/cluster/errors.ts';
import { ownFiles } from '../../../../src/core/format/dash/index.ts';
import { Fmp4Demuxer } from '../../../../src/core/format/fmp4/index.ts';
import type { Publication } from '../../../../src/core/media/stream.ts';
import { netErrors } from '../../../../src/core/net/errors.ts';
import { type DashConfig, dash } from '../../../../src/core/protocols/dash/index.ts';
import { live } from '../../../tools/builders.ts';
import type { MemoryFolder } from '../../../tools/memory-folder.ts';
import { type WorldOptions, worldOf } from '../hls/world.ts';
import { settled } from '../http-flv/fakes.ts';

const ROOT = './objs/nginx/html';
const conf = (more = ''): string =>
  `vhost __defaultVhost__ { dash { enabled on; dash_fragment 2; ${more} dash_window_size 3; } }`;

const world = ({ settings = conf(), ...more }: WorldOptions = {}, config: Partial<DashConfig> = {}) =>
  worldOf({ settings, ...more }, (host) => dash.serve(host, { ...dash.defaults, ...config }));

const manifestOn = (folder: MemoryFolder): string =>
  new TextDecoder().decode(folder.files.get('live/a.mpd') ?? new Uint8Array());

/** Every file that the manifest on the disk names is there. */
function namedOn(folder: MemoryFolder): string[] {
  const names = ownFiles(manifestOn(folder));
  for (const name of names) expect(folder.files.get(`live/a/${name}`)?.length, name).toBeGreaterThan(0);
  return names;
}

describe('a player of DASH', () => {
  it('gets a manifest and everything that it names', async () => {
    const { publishSlowly, ask } = await world({ settings: conf('dash_disk off;') });
    await publishSlowly(9);

    const manifest = await ask('/live/a.mpd', { headers: { origin: 'http://page.example' } });
    expect(manifest.headers).toMatchObject({
      'Content-Type': 'application/dash+xml',
      'Cache-Control': 'no-cache',
      'Access-Control-Allow-Origin': '*',
    });
    expect(manifest.text).toContain('<BaseURL>a/</BaseURL>');
    const names = ownFiles(manifest.text ?? '');
    expect(names).toHaveLength(8);
    for (const id of ['video', 'audio']) {
      const files = await Promise.all(
        names.filter((name) => name.startsWith(id)).map(async (name) => ask(`/live/a/${name}`)),
      );
      expect(files.map(({ headers }) => (headers as Record<string, unknown>)['Content-Type'])).toEqual([
        'video/mp4',
        ...['video/iso.segment', 'video/iso.segment', 'video/iso.segment'],
      ]);
      const events = new Fmp4Demuxer(defaultLimits).push(concat(files.map(({ bytes }) => bytes)));
      expect(events.filter(({ type }) => type === 'frame').length).toBeGreaterThan(140);
    }
  });

  it('waits for the first segment of a stream that has just begun', async () => {
    const { publish, play, ask } = await world();
    const publication = publish();
    const frames = live({ seconds: 3, gop: 50 });
    play(publication, frames.slice(0, 20));
    const waiting = await ask('/live/a.mpd');
    expect(waiting.answered).toBe(false);

    play(publication, frames.slice(20));

    expect(waiting.status).toBe(200);
  });

  it('is told 503 when the first segment does not come, DASH_WAIT', async () => {
    const { publish, advance, ask } = await world();
    publish();
    const waiting = await ask('/live/a.mpd');
    advance(31_000);

    expect(waiting).toMatchObject({ status: 503, json: { error: 'DASH_WAIT' } });
  });

  it('is refused when too many wait, DASH_BUSY', async () => {
    const { publish, ask } = await world({ limits: { sessions: 0 } });
    publish();

    expect(await ask('/live/a.mpd')).toMatchObject({ status: 503, json: { error: 'DASH_BUSY' } });
  });

  it('is told when the server stops, DASH_STOPPED, or the stream is forgotten, DASH_NO_STREAM', async () => {
    const first = await world();
    first.publish();
    const waiting = await first.ask('/live/a.mpd');
    first.server.close();
    expect(waiting).toMatchObject({ status: 503, json: { error: 'DASH_STOPPED' } });

    const second = await world({ settings: conf('dash_dispose 1;') });
    second.publish().end();
    const other = await second.ask('/live/a.mpd');
    second.advance(2000);
    expect(other).toMatchObject({ status: 404, json: { error: 'DASH_NO_STREAM' } });
  });

  it('is admitted once, and anew when it was away', async () => {
    const { publishSlowly, advance, ask, asked } = await world({ settings: conf('dash_disk off;') });
    await publishSlowly(3);
    for (let i = 0; i < 5; i++) {
      await ask('/live/a.mpd?token=1');
      advance(5000);
    }
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ action: 'play', protocol: 'dash', type: 'dash-play', param: '?token=1' });

    await ask('/live/a.mpd?token=2');
    advance(40_000);
    await ask('/live/a.mpd?token=1');
    expect(asked).toHaveLength(3);
  });

  it('of a stream that another server may have is admitted before the stream is there, and again each 10 s', async () => {
    let publish = (): unknown => undefined;
    const admission = {
      // As a cluster does for who cannot wait.
      admit: async ({ name, atOnce }: AdmissionRequest): Promise<Grant> => {
        if (atOnce === true) publish();
        return { name: { ...name, vhost: '__defaultVhost__' }, policy: 'refuse', mergeWindow: 0 };
      },
    };
    const made = await world({
      settings: conf('dash_disk off; dash_mpd_file [app]/d/[stream].mpd;').replace(
        '{ dash',
        '{ cluster { mode remote; } dash',
      ),
      admission,
    });
    const { ask, asked, advance, play } = made;
    let publication: Publication | undefined;
    publish = () => {
      publication ??= made.publish();
    };

    // It comes to the place that everybody knows, and is sent to the one that the template names.
    expect(await ask('/live/a.mpd?t=1')).toMatchObject({ status: 302, headers: { Location: '/live/d/a.mpd?t=1' } });
    play(publication as Publication, live({ seconds: 3, gop: 50 }));
    const statuses = [];
    for (let i = 0; i < 10; i++) {
      statuses.push((await ask('/live/d/a.mpd?t=1')).status);
      advance(4000);
    }

    expect(statuses).toEqual(Array(10).fill(200));
    expect(asked.map(({ atOnce = false, elsewhere = '' }) => `${atOnce} ${elsewhere}`)).toEqual([
      'true http',
      ...Array(3).fill('false '),
    ]);
  });

  it('is sent to the server of a cluster that has the stream', async () => {
    const { ask } = await world({
      settings: conf().replace('{ dash', '{ cluster { origin_cluster on; } dash'),
      admission: {
        admit: async () => {
          throw clusterErrors.refused('MOVED', { place: '192.0.2.1:80', vhost: '__defaultVhost__', stream: 'a' });
        },
      },
    });

    expect(await ask('/live/a.mpd?t=1')).toMatchObject({
      status: 302,
      headers: { Location: 'http://192.0.2.1:80/live/a.mpd?t=1' },
    });
  });

  it.each([
    ['cluster { mode remote; }', '/live/a.mpd', { method: 'POST' }],
    ['cluster { mode remote; }', '/live/a.mp', {}],
    ['cluster { mode local; }', '/live/a.mpd', {}],
  ])('with %s does not ask for the stream by %s %j', async (cluster, path, request) => {
    const { ask, asked } = await world({ settings: conf().replace('{ dash', `{ ${cluster} dash`) });

    expect((await ask(path, request)).taken).toBe(false);
    expect(asked).toEqual([]);
  });

  it('is refused by the admission in its own words', async () => {
    const admit = async (): Promise<never> => {
      throw admissionErrors.refused('NAME', { why: 'test' });
    };
    const { publishSlowly, ask } = await world({ admission: { admit } });
    await publishSlowly(3);

    expect(await ask('/live/a.mpd')).toMatchObject({ status: 400, json: { error: 'ADMISSION_NAME' } });
  });

  it('finds nothing where DASH is off, and leaves other paths to others', async () => {
    const off = await world({ settings: 'vhost __defaultVhost__ { }' });
    await off.publishSlowly(3);
    expect((await off.ask('/live/a.mpd')).taken).toBe(false);

    const { publishSlowly, ask } = await world();
    await publishSlowly(3);
    for (const path of ['/live/b.mpd', '/live/a/video-1.m4s', '/live/a.m3u8', '/live/%zz.mpd']) {
      expect((await ask(path)).taken, path).toBe(false);
    }
    expect((await ask('/live/a.mpd', { method: 'POST' })).taken).toBe(false);
    expect(await ask('/live/a.mpd', { method: 'OPTIONS' })).toMatchObject({ status: 200 });
  });
});

describe('DASH on the disk', () => {
  it('names only what is there, while it is written and when the window has moved on', async () => {
    const { publishSlowly, folder } = await world();
    const disk = folder(ROOT);
    const write = disk.write.bind(disk);
    disk.write = async (path, chunks) => {
      await write(path, chunks);
      if (path.endsWith('.mpd')) namedOn(disk);
    };
    await publishSlowly(21);

    expect(namedOn(disk)).toHaveLength(8);
    // Two init segments, the manifest, and twice the window of two tracks.
    expect(disk.files.size).toBe(3 + 2 * 6);
  });

  it('removes everything when the stream has been away for dash_dispose', async () => {
    const { publishSlowly, folder, advance, ask } = await world({ settings: conf('dash_dispose 5;') });
    (await publishSlowly(5)).end();
    await settled();
    expect(folder(ROOT).files.size).toBeGreaterThan(3);
    advance(5500);
    await settled();
    await settled();

    expect([...folder(ROOT).files.keys()]).toEqual([]);
    expect((await ask('/live/a.mpd')).taken).toBe(false);
  });

  it('begins with other numbers after a restart, and what was left is removed', async () => {
    const first = await world();
    await first.publishSlowly(9);
    const disk = first.folder(ROOT);
    const before = namedOn(disk);
    const { publishSlowly, clock } = await world({ folders: first.folders });
    clock.advance(60_000_000);
    await publishSlowly(5);

    const now = namedOn(disk);
    expect(now.filter((name) => before.includes(name)).toSorted()).toEqual(['audio-init.mp4', 'video-init.mp4']);
    const left = before.filter((name) => disk.files.has(`live/a/${name}`));
    expect(left.toSorted()).toEqual(['audio-init.mp4', 'video-init.mp4']);
  });

  it('that is full leaves the stream alone, is told once, and names nothing that is missing', async () => {
    const { publishSlowly, goOn, folder, lines, ask } = await world({ settings: conf('dash_window_size 10;') });
    const publication = await publishSlowly(5);
    const disk = folder(ROOT);
    disk.fault = netErrors.system('DISK_FULL', { at: 'x' });
    await goOn(publication, 4, 5);
    disk.fault = undefined;
    await goOn(publication, 4, 9);

    const errors = lines.filter(({ level }) => level === 'error').map(({ fields }) => fields['code']);
    expect(errors).toEqual(['NET_DISK_FULL']);
    expect(namedOn(disk)).toHaveLength(2 + 2 * 2);
    expect(ownFiles((await ask('/live/a.mpd')).text ?? '')).toHaveLength(2 + 2 * 6);
  });

  it('that was full removes what left the window meanwhile', async () => {
    const { publishSlowly, goOn, folder } = await world();
    const publication = await publishSlowly(13);
    const disk = folder(ROOT);
    disk.fault = netErrors.system('DISK_FULL', { at: 'x' });
    await goOn(publication, 20, 13);
    disk.fault = undefined;
    await goOn(publication, 20, 33);

    expect(namedOn(disk)).toHaveLength(8);
    expect(disk.files.size).toBe(3 + 2 * 6);
  });

  it('that cannot remove what left the window tries it again', async () => {
    const { publishSlowly, goOn, folder } = await world();
    const publication = await publishSlowly(13);
    const disk = folder(ROOT);
    const remove = disk.remove.bind(disk);
    disk.remove = () => Promise.reject(netErrors.system('DISK_FULL', { at: 'x' }));
    await goOn(publication, 10, 13);
    disk.remove = remove;
    await goOn(publication, 4, 23);

    expect(namedOn(disk)).toHaveLength(8);
    expect(disk.files.size).toBe(3 + 2 * 6);
  });

  it('that hung names nothing that is missing, and removes what left the window meanwhile', async () => {
    const { publishSlowly, goOn, folder, lines } = await world({}, { queueBytes: 20_000 });
    const publication = await publishSlowly(13);
    const disk = folder(ROOT);
    const gate = Promise.withResolvers<void>();
    disk.gate = gate.promise;
    await goOn(publication, 20, 13);
    gate.resolve();
    await goOn(publication, 4, 33);
    const named = namedOn(disk);
    await goOn(publication, 20, 37);

    expect(lines.filter(({ level }) => level === 'error').map(({ fields }) => fields['code'])).toEqual([
      'STORAGE_SLOW',
    ]);
    expect(named).toHaveLength(2 + 2 * 2);
    expect(namedOn(disk)).toHaveLength(8);
    expect(disk.files.size).toBe(3 + 2 * 6);
  });

  it.each(['../[stream].mpd', '/etc/[stream].mpd', `${'x'.repeat(300)}.mpd`])(
    'has no place at %s, and the stream goes on without DASH',
    async (template) => {
      const { publishSlowly, lines, folders, ask } = await world({ settings: conf(`dash_mpd_file ${template};`) });
      await publishSlowly(3);

      expect(lines).toContainEqual(
        expect.objectContaining({ fields: expect.objectContaining({ code: 'STORAGE_PATH' }) }),
      );
      expect(folders.size).toBe(0);
      expect((await ask('/live/a.mpd')).taken).toBe(false);
    },
  );
});

import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../../src/core/base/bytes.ts';
import { fromSeconds, toMs } from '../../../../src/core/base/time.ts';
import { loadConfig } from '../../../../src/core/control/config/load.ts';
import { Mp4File } from '../../../../src/core/format/fmp4/index.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { netErrors } from '../../../../src/core/net/index.ts';
import { amfNumber, parseAmf0 } from '../../../../src/core/wire/amf0/index.ts';
import { aacTrack, audio, h264Track, live, video } from '../../../tools/builders.ts';
import { MemoryFolder } from '../../../tools/memory-folder.ts';
import { confOf, framesOf, payloads, world } from './world.ts';

const HTML = './objs/nginx/html';

describe('the plan session', () => {
  it.each(['flv', 'mp4', 'ts'])('puts every frame of a publication into one %s file', async (ending) => {
    const { record, told, folder } = world({ dvr: `dvr_path ./rec/[app]/[stream].${ending};` });
    const frames = live({ seconds: 5 });
    await record(frames);

    const found = framesOf(folder('./rec').files.get(`live/a.${ending}`), `a.${ending}`);
    // The small numbers in the pictures look like start codes of a transport stream.
    if (ending !== 'ts') expect(payloads(found, 'video')).toEqual(payloads(frames, 'video'));
    expect(payloads(found, 'video')).toHaveLength(125);
    expect(payloads(found, 'audio')).toEqual(payloads(frames, 'audio'));
    expect([...folder('./rec').files.keys()]).toEqual([`live/a.${ending}`]);
    expect(told).toMatchObject([{ name: { app: 'live', stream: 'a' }, cwd: '/srv', file: `./rec/live/a.${ending}` }]);
    expect(told[0]?.sizeBytes).toBe(folder('./rec').files.get(`live/a.${ending}`)?.length);
    expect(told[0]?.duration).toBeGreaterThan(fromSeconds(4.9));
  });

  it('names files as SRS does when nobody says how', async () => {
    const { record, told } = world();
    await record(live({ seconds: 1 }));

    expect(told.map(({ file }) => file)).toEqual([`${HTML}/live/a.1700000000000.flv`]);
  });

  it('takes a path without an ending as a directory', async () => {
    const { record, told } = world({ dvr: 'dvr_path /data/[app]/[2006];' });
    await record(live({ seconds: 1 }));

    expect(told.map(({ file }) => file)).toEqual(['/data/live/2023/a.1700000000000.flv']);
  });

  it('writes under another name until the end', async () => {
    const { publish, write, server, folder } = world({ dvr: 'dvr_path ./rec/[stream].flv;' });
    const publication = publish();
    write(publication, live({ seconds: 3 }));
    await settled();

    expect([...folder('./rec').files.keys()]).toEqual(['a.flv.tmp']);
    expect(server.list()).toMatchObject([{ stream: '/live/a', file: './rec/a.flv', files: 1, dropped: 0 }]);
    publication.end();
    await server.idle();
    expect(folder('./rec').steps).toEqual(['create a.flv.tmp', 'close a.flv.tmp', 'rename a.flv.tmp a.flv']);
  });

  it('says length and size in the metadata of a complete FLV file', async () => {
    const { record, folder } = world({ dvr: 'dvr_path ./rec/[stream].flv;' });
    await record(live({ seconds: 4 }));

    const bytes = folder('./rec').files.get('a.flv') ?? new Uint8Array();
    const size = ((bytes[14] ?? 0) << 16) | ((bytes[15] ?? 0) << 8) | (bytes[16] ?? 0);
    const [name, properties] = parseAmf0(bytes.subarray(24, 24 + size), { amfDepth: 9, amfValues: 99 });
    expect(name).toBe('onMetaData');
    expect(amfNumber(properties, 'duration')).toBeCloseTo(3.98, 1);
    expect(amfNumber(properties, 'filesize')).toBe(bytes.length);
    expect(amfNumber(properties, 'width')).toBe(640);
  });

  it('makes a plain file of the fragmented MP4, unless the operator does not want it', async () => {
    for (const [dvr, fragmented] of [
      ['', false],
      ['dvr_remux off;', true],
    ] as const) {
      const { record, folder } = world({ dvr: `dvr_path ./rec/[stream].mp4; ${dvr}` });
      await record(live({ seconds: 3 }));

      const bytes = folder('./rec').files.get('a.mp4') ?? new Uint8Array();
      const file = await Mp4File.open({ size: bytes.length, read: async (at, size) => bytes.slice(at, at + size) });
      expect(file.fragmented).toBe(fragmented);
    }
  });

  it('begins at 0, wherever the publisher is', async () => {
    const { record, folder } = world({ dvr: 'dvr_path ./rec/[stream].flv;' });
    await record(live({ seconds: 2 }).map((frame) => ({ ...frame, dts: frame.dts + fromSeconds(5000) })));

    expect(framesOf(folder('./rec').files.get('a.flv'), 'a.flv')[0]?.dts).toBe(0);
  });

  it('keeps the times of the stream when time_jitter is off', async () => {
    const { record, folder } = world({ dvr: 'dvr_path ./rec/[stream].flv; time_jitter off;' });
    await record(live({ seconds: 2 }).map((frame) => ({ ...frame, dts: frame.dts + fromSeconds(50) })));

    expect(framesOf(folder('./rec').files.get('a.flv'), 'a.flv')[0]?.dts).toBe(fromSeconds(50));
  });

  it('makes no file of a publication without media', async () => {
    const { record, told, folders } = world();
    await record([]);

    expect(told).toEqual([]);
    expect(folders.get(HTML)?.files.size ?? 0).toBe(0);
  });

  it('records sound alone', async () => {
    const { record, folder } = world({ dvr: 'dvr_path ./rec/[stream].aac;' });
    const frames = Array.from({ length: 100 }, (_, index) => audio({ at: index * 23 }));
    await record(frames, 'a', [aacTrack]);

    expect(framesOf(folder('./rec').files.get('a.aac'), 'a.aac')).toHaveLength(100);
  });

  it('replaces a file of the same name, as SRS does', async () => {
    const { record, folder } = world({ dvr: 'dvr_path ./rec/[stream].flv;' });
    await record(live({ seconds: 1 }));
    const first = folder('./rec').files.get('a.flv');
    await record(live({ seconds: 2 }));

    expect([...folder('./rec').files.keys()]).toEqual(['a.flv']);
    expect(folder('./rec').files.get('a.flv')?.length).toBeGreaterThan(first?.length ?? 0);
  });

  it('gives a second publisher a name of its own while the file of the first is not complete', async () => {
    const { publish, write, server, told } = world({ dvr: 'dvr_path ./rec/[stream].flv;' });
    const first = publish();
    write(first, live({ seconds: 1 }));
    const second = publish();
    write(second, live({ seconds: 1 }));
    second.end();
    await server.idle();

    expect(told.map(({ file }) => file).sort()).toEqual(['./rec/a-1.flv', './rec/a.flv']);
  });

  it('keeps what a crash left under the temporary name', async () => {
    const folders = new Map([['./rec', new MemoryFolder('./rec')]]);
    folders.get('./rec')?.files.set('a.flv.tmp', utf8('crashed'));
    const { record, folder } = world({ dvr: 'dvr_path ./rec/[stream].flv; dvr_plan append;', folders });
    await record(live({ seconds: 1 }));

    expect(folder('./rec').files.get('a.flv')).toEqual(utf8('crashed'));
  });
});

describe('the plan segment', () => {
  const dvr = 'dvr_plan segment; dvr_duration 4; dvr_path ./rec/[stream].flv;';

  it('cuts at the first key frame behind dvr_duration, and loses nothing', async () => {
    const { record, told, folder } = world({ dvr });
    const frames = live({ seconds: 12, gop: 75 });
    await record(frames);

    expect(told.map(({ file, duration }) => [file, Math.round(toMs(duration) / 100) / 10])).toEqual([
      ['./rec/a.flv', 6],
      ['./rec/a-1.flv', 6],
    ]);
    const files = ['a.flv', 'a-1.flv'].map((path) => framesOf(folder('./rec').files.get(path), path));
    expect(files.flatMap((found) => payloads(found, 'video'))).toEqual(payloads(frames, 'video'));
    expect(files.flatMap((found) => payloads(found, 'audio'))).toEqual(payloads(frames, 'audio'));
    expect(files[1]?.[0]).toMatchObject({ dts: 0, key: true, track: { kind: 'video' } });
  });

  it('cuts anywhere when dvr_wait_keyframe is off', async () => {
    const { record, told, folder } = world({ dvr: `${dvr} dvr_wait_keyframe off;` });
    const frames = live({ seconds: 9, gop: 1000 });
    await record(frames);

    expect(told).toHaveLength(3);
    const paths = ['a.flv', 'a-1.flv', 'a-2.flv'];
    const found = paths.flatMap((path) => payloads(framesOf(folder('./rec').files.get(path), path), 'video'));
    expect(found).toEqual(payloads(frames, 'video'));
  });

  it('cuts sound alone at any frame', async () => {
    const { record, told } = world({ dvr });
    await record(
      Array.from({ length: 500 }, (_, index) => audio({ at: index * 23 })),
      'a',
      [aacTrack],
    );

    expect(told).toHaveLength(3);
  });
});

describe('the plan append', () => {
  it('goes on in the same file with the next publisher', async () => {
    const { publish, write, server, told, folder } = world({ dvr: 'dvr_plan append; dvr_path ./rec/[stream].flv;' });
    for (let round = 0; round < 3; round++) {
      const publication = publish();
      write(publication, live({ seconds: 2 }));
      publication.end();
    }
    expect(told).toEqual([]);
    server.close();
    await server.idle();

    expect(told.map(({ file }) => file)).toEqual(['./rec/a.flv']);
    const frames = framesOf(folder('./rec').files.get('a.flv'), 'a.flv');
    expect(payloads(frames, 'video')).toHaveLength(150);
    const times = frames.filter(({ track }) => track.kind === 'video').map(({ dts }) => dts);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(told[0]?.duration).toBeGreaterThan(fromSeconds(5.9));
  });

  it('keeps a hundred files open for publishers that may come again; the one that has waited longest is complete then', async () => {
    const { publish, write, server, told } = world({ dvr: 'dvr_plan append; dvr_path ./rec/[stream].flv;' });
    for (const stream of ['again', ...Array.from({ length: 99 }, (_, index) => `s${index}`), 'again', 'last']) {
      const publication = publish(stream);
      write(publication, live({ seconds: 1 }));
      publication.end();
      await settled();
    }
    await server.idle();

    expect(server.list()).toHaveLength(100);
    expect(told.map(({ file }) => file)).toEqual(['./rec/s0.flv']);
  });

  it('leaves files alone that are there already', async () => {
    const folders = new Map([['./rec', new MemoryFolder('./rec')]]);
    folders.get('./rec')?.files.set('a.flv', utf8('yesterday'));
    const { record, server, told, folder } = world({ dvr: 'dvr_plan append; dvr_path ./rec/[stream].flv;', folders });
    await record(live({ seconds: 1 }));
    server.close();
    await server.idle();

    expect(folder('./rec').files.get('a.flv')).toEqual(utf8('yesterday'));
    expect(told.map(({ file }) => file)).toEqual(['./rec/a-1.flv']);
  });
});

describe('dvr_apply', () => {
  it.each([
    ['all', ['a', 'cam-1', 'cam-2']],
    ['live/cam-1', ['cam-1']],
    ['live/a live/cam-2', ['a', 'cam-2']],
    ['live/cam-*', ['cam-1', 'cam-2']],
    ['*/*-1', ['cam-1']],
    ['live', []],
    ['vod/*', []],
  ])('%s records %j', async (apply, wanted) => {
    const { record, told } = world({ dvr: `dvr_apply ${apply};` });
    for (const stream of ['a', 'cam-1', 'cam-2']) await record(live({ seconds: 1 }), stream);

    expect(told.map(({ name }) => name.stream)).toEqual(wanted);
  });
});

describe('a change in mid-stream', () => {
  it('of the parameters begins another file at the next key frame', async () => {
    const { publish, write, server, told, folder } = world({ dvr: 'dvr_path ./rec/[stream].mp4;' });
    const publication = publish();
    write(publication, live({ seconds: 2 }));
    const larger = { ...h264Track, epoch: 1, config: h264Track.config.map((byte, at) => (at === 3 ? 0x1f : byte)) };
    publication.retrack([larger, aacTrack]);
    publication.write(video({ at: 2010, track: larger }));
    publication.write(video({ at: 2040, key: true, track: larger }));
    publication.write(video({ at: 2080, track: larger }));
    publication.end();
    await server.idle();

    expect(told.map(({ file }) => file)).toEqual(['./rec/a.mp4', './rec/a-1.mp4']);
    expect(payloads(framesOf(folder('./rec').files.get('a-1.mp4'), 'x.mp4'), 'video')).toHaveLength(2);
  });

  it('that repeats what is known changes nothing', async () => {
    const { publish, write, server, told } = world();
    const publication = publish();
    write(publication, live({ seconds: 1 }));
    publication.retrack([{ ...h264Track }, { ...aacTrack }]);
    publication.write(video({ at: 1000, key: true }));
    publication.end();
    await server.idle();

    expect(told).toHaveLength(1);
  });
});

describe('a reload', () => {
  it('ends recordings that are switched off, and begins those that are switched on', async () => {
    const { publish, write, server, settings, told } = world();
    const publication = publish();
    write(publication, live({ seconds: 1 }));
    settings.replace(reloaded('enabled off;'));
    await server.idle();
    expect(told).toHaveLength(1);

    settings.replace(reloaded('enabled on; dvr_path ./rec/[stream].flv;'));
    publication.write(video({ at: 1000, key: true }));
    publication.end();
    await server.idle();
    expect(told[1]?.file).toBe('./rec/a.flv');
  });

  it('leaves recordings alone whose settings stay', async () => {
    const { publish, write, server, settings, told } = world();
    const publication = publish();
    write(publication, live({ seconds: 1 }));
    settings.replace(reloaded('enabled on;'));
    write(publication, [video({ at: 1000, key: true })]);
    publication.end();
    await server.idle();

    expect(told).toHaveLength(1);
  });
});

describe('a disk', () => {
  it('that is slow loses frames up to a key frame; the stream does not notice', async () => {
    const { publish, write, server, lines, told, folder } = world({
      dvr: 'dvr_path ./rec/[stream].flv;',
      queueBytes: 20_000,
    });
    let open = (): void => undefined;
    folder('./rec').gate = new Promise((resolve) => {
      open = resolve;
    });
    const publication = publish();
    const frames = live({ seconds: 9, size: 1000 });
    write(
      publication,
      frames.filter(({ dts }) => dts < fromSeconds(4.5)),
    );
    expect(server.list()[0]).toMatchObject({ gaps: 1, fault: { code: 'STORAGE_SLOW' } });
    expect(server.list()[0]?.pendingBytes).toBeLessThan(20_000 + 30_000);
    open();
    await settled();
    for (let tenth = 45; tenth < 90; tenth++) {
      const within = ({ dts }: Frame): boolean => Math.floor(dts / fromSeconds(0.1)) === tenth;
      write(publication, frames.filter(within));
      await settled();
    }
    const dropped = server.list()[0]?.dropped ?? 0;
    publication.end();
    await server.idle();

    const found = framesOf(folder('./rec').files.get('a.flv'), 'a.flv').filter(({ track }) => track.kind === 'video');
    const gap = found.findIndex((frame, index) => frame.dts - (found[index - 1]?.dts ?? 0) > fromSeconds(0.05));
    expect(found[gap]).toMatchObject({ key: true, dts: fromSeconds(5) });
    expect(dropped).toBeGreaterThan(100);
    expect(lines.filter(({ fields }) => fields['code'] === 'STORAGE_SLOW')).toHaveLength(1);
    expect(lines.find(({ text }) => text === 'a gap ends')?.fields['frames']).toBe(dropped);
    expect(told).toHaveLength(1);
  });

  it('that hung for longer than anybody wants to seek through begins another file', async () => {
    const { publish, write, server, told, folder } = world({ dvr: 'dvr_path ./rec/[stream].flv;', queueBytes: 20_000 });
    let open = (): void => undefined;
    folder('./rec').gate = new Promise((resolve) => {
      open = resolve;
    });
    const publication = publish();
    const frames = live({ seconds: 20, size: 1000 });
    write(
      publication,
      frames.filter(({ dts }) => dts < fromSeconds(15)),
    );
    open();
    await settled();
    write(
      publication,
      frames.filter(({ dts }) => dts >= fromSeconds(15) && dts < fromSeconds(15.4)),
    );
    publication.end();
    await server.idle();

    expect(told.map(({ file }) => file)).toEqual(['./rec/a.flv', './rec/a-1.flv']);
    expect(framesOf(folder('./rec').files.get('a-1.flv'), 'a.flv')[0]).toMatchObject({ dts: 0, key: true });
  });

  it('that has no room for the plain MP4 keeps the fragmented one', async () => {
    const { publish, write, server, lines, told, folder } = world({ dvr: 'dvr_path ./rec/[stream].mp4;' });
    const publication = publish();
    write(publication, live({ seconds: 3 }));
    const memory = folder('./rec');
    const { open } = memory;
    memory.open = (path, use) => {
      if (path.endsWith('.tmp2')) throw netErrors.system('DISK_FULL', { at: path });
      return open.call(memory, path, use);
    };
    publication.end();
    await server.idle();

    expect(lines.find(({ level }) => level === 'warn')?.fields).toMatchObject({ code: 'NET_DISK_FULL' });
    expect(told.map(({ file }) => file)).toEqual(['./rec/a.mp4']);
    expect(payloads(framesOf(memory.files.get('a.mp4'), 'a.mp4'), 'video')).toHaveLength(75);
    expect([...memory.files.keys()]).toEqual(['a.mp4']);
  });

  it('that cannot remove the fragmented MP4 leaves it beside the plain one, which is told once', async () => {
    const { publish, write, server, lines, told, folder } = world({ dvr: 'dvr_path ./rec/[stream].mp4;' });
    const publication = publish();
    write(publication, live({ seconds: 3 }));
    const memory = folder('./rec');
    memory.remove = (path) => Promise.reject(netErrors.system('FILE_ACCESS', { at: path }));
    publication.end();
    await server.idle();

    const warned = lines.filter(({ level }) => level === 'warn').map(({ text, fields }) => [text, fields['file']]);
    expect(warned).toEqual([['the fragmented MP4 stays beside the plain one', 'a.mp4.tmp']]);
    expect(told.map(({ file, sizeBytes }) => [file, sizeBytes])).toEqual([
      ['./rec/a.mp4', memory.files.get('a.mp4')?.length],
    ]);
    const renamed = memory.steps.filter((step) => step.startsWith('rename'));
    expect(renamed).toEqual(['rename a.mp4.tmp2 a.mp4']);
  });

  it('is not asked for a plain MP4 by a server that stops', async () => {
    const { publish, write, server, told, folder } = world({ dvr: 'dvr_path ./rec/[stream].mp4;' });
    write(publish(), live({ seconds: 3 }));
    server.close();
    await server.idle();

    expect(told).toHaveLength(1);
    expect(folder('./rec').steps).toEqual(['create a.mp4.tmp', 'close a.mp4.tmp', 'rename a.mp4.tmp a.mp4']);
  });

  it('that is full ends the file with what is in it, and another begins when it may be well', async () => {
    const { publish, write, server, lines, told, folder, clock } = world({ dvr: 'dvr_path ./rec/[stream].flv;' });
    const publication = publish();
    write(publication, live({ seconds: 2 }));
    await settled();
    folder('./rec').fault = netErrors.system('DISK_FULL', { at: './rec/a.flv' });
    const later = (from: number, seconds: number) =>
      live({ seconds }).map((frame) => ({ ...frame, dts: frame.dts + fromSeconds(from) }));
    write(publication, later(2, 2));
    await settled();
    write(publication, later(4, 2));
    expect(server.list()[0]).toMatchObject({ fault: { code: 'NET_DISK_FULL' } });
    folder('./rec').fault = undefined;
    clock.advance(fromSeconds(11));
    write(publication, later(6, 3));
    publication.end();
    await server.idle();

    expect(lines.filter(({ fields }) => fields['code'] === 'NET_DISK_FULL')).toHaveLength(1);
    expect(told.map(({ file }) => file)).toEqual(['./rec/a.flv', './rec/a-1.flv']);
    expect(told[0]?.duration).toBeLessThan(fromSeconds(2));
    const left = framesOf(folder('./rec').files.get('a.flv'), 'a.flv');
    expect(payloads(left, 'video').length).toBeGreaterThan(30);
    expect(payloads(framesOf(folder('./rec').files.get('a-1.flv'), 'a.flv'), 'video')).toHaveLength(75);
  });

  it('that may not be written is told once, however long the stream is', async () => {
    const { publish, write, server, lines, told, folder, clock } = world({ dvr: 'dvr_path ./rec/[stream].mp4;' });
    folder('./rec').fault = netErrors.system('FILE_ACCESS', { at: './rec' });
    const publication = publish();
    for (let second = 0; second < 60; second++) {
      write(
        publication,
        live({ seconds: 1 }).map((frame) => ({ ...frame, dts: frame.dts + fromSeconds(second) })),
      );
      clock.advance(fromSeconds(1));
      await settled();
    }
    publication.end();
    await server.idle();

    expect(lines.filter(({ level }) => level === 'error')).toMatchObject([{ fields: { code: 'NET_FILE_ACCESS' } }]);
    expect(told).toEqual([]);
    expect([...folder('./rec').files.keys()]).toEqual([]);
  });
});

describe('settings that are wrong', () => {
  it.each(['./rec/../../[stream].flv', './rec/[app]/../../[stream].flv', '../[stream].flv'])(
    'a template that steps up by .. is refused: %s, STORAGE_PATH',
    async (path) => {
      const { record, lines, told, folders } = world({ dvr: `dvr_path ${path};` });
      await record(live({ seconds: 1 }));

      expect(lines).toMatchObject([{ level: 'error', fields: { code: 'STORAGE_PATH' } }]);
      expect([told, folders.size]).toEqual([[], 0]);
    },
  );

  it('an unknown plan is told, and is session: RECORD_PLAN', async () => {
    const { record, lines, told } = world({ dvr: 'dvr_plan hourly;' });
    await record(live({ seconds: 1 }));

    expect(lines[0]).toMatchObject({ level: 'error', fields: { code: 'RECORD_PLAN' } });
    expect(told).toHaveLength(1);
  });

  it('a container without a place for anything is told: RECORD_NO_TRACK', async () => {
    const { record, lines, told } = world({ dvr: 'dvr_path ./rec/[stream].mp3;' });
    await record(live({ seconds: 1 }));

    expect(lines).toMatchObject([{ level: 'error', fields: { code: 'RECORD_NO_TRACK' } }]);
    expect(told).toEqual([]);
  });
});

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

function reloaded(dvr: string) {
  return loadConfig({ text: confOf('').replace('enabled on;', dvr), file: 'srs.conf', read: () => '' });
}

// The files of HDS: what is there while a stream is live, when it has left, after a restart, and on a bad disk.
import { describe, expect, it } from 'vitest';
import { netErrors } from '../../../../src/core/net/errors.ts';
import { hds } from '../../../../src/core/protocols/hds/index.ts';
import type { MemoryFolder } from '../../../tools/memory-folder.ts';
import { readBootstrap } from '../../format/hds/read.ts';
import { type WorldOptions, worldOf } from '../hls/world.ts';
import { settled } from '../http-flv/fakes.ts';

const ROOT = './objs/nginx/html';
const conf = (more = ''): string =>
  `vhost __defaultVhost__ { hds { enabled on; hds_fragment 2; ${more} hds_window 6; } }`;
const world = ({ settings = conf(), ...more }: WorldOptions = {}) =>
  worldOf({ settings, ...more }, (host) => hds.serve(host, hds.defaults));

const bootstrapOn = (folder: MemoryFolder) => readBootstrap(folder.files.get('live/a.abst') ?? new Uint8Array());

/** Numbers of the fragments that the bootstrap names, all of which are there. */
function named(folder: MemoryFolder): number[] {
  const numbers = bootstrapOn(folder).runs.map(([number]) => number as number);
  for (const number of numbers) expect(folder.files.has(`live/a/Seg1-Frag${number}`), String(number)).toBe(true);
  return numbers;
}

const fragmentsOn = ({ files }: MemoryFolder): string[] => [...files.keys()].filter((path) => path.includes('Frag'));

describe('a live stream', () => {
  it('has a manifest, a bootstrap, and the fragments of the window and no others', async () => {
    const { publishSlowly, folder } = await world();
    const disk = folder(ROOT);
    const write = disk.write.bind(disk);
    disk.write = async (path, chunks) => {
      await write(path, chunks);
      if (path.endsWith('.abst')) named(disk);
    };
    await publishSlowly(21);

    const numbers = named(disk);
    expect(numbers).toHaveLength(3);
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] as number) + index));
    expect(fragmentsOn(disk)).toHaveLength(3);
    expect(new TextDecoder().decode(disk.files.get('live/a.f4m'))).toContain('url="a/"');
    const { runs, version } = bootstrapOn(disk);
    expect(runs.map(([, , length]) => length)).toEqual([2000, 2000, 2000]);
    expect(version).toBe(10);
  });

  it('has nothing where the vhost does not want it', async () => {
    const { publishSlowly, folder } = await world({ settings: 'vhost __defaultVhost__ { }' });
    await publishSlowly(5);

    expect(folder(ROOT).files.size).toBe(0);
  });

  it('is written where hds_path says', async () => {
    const { publishSlowly, folder } = await world({ settings: conf('hds_path /srv/hds;') });
    await publishSlowly(5);

    expect(folder('/srv/hds').files.has('live/a.f4m')).toBe(true);
  });

  it('goes on when the disk is full; that is told once, and nothing is named that is missing', async () => {
    const { publishSlowly, goOn, folder, lines } = await world({ settings: conf('hds_window 60;') });
    const publication = await publishSlowly(5);
    const disk = folder(ROOT);
    disk.fault = netErrors.system('DISK_FULL', { at: 'x' });
    await goOn(publication, 6, 5);
    disk.fault = undefined;
    await goOn(publication, 6, 11);

    expect(lines.filter(({ level }) => level === 'error').map(({ fields }) => fields['code'])).toEqual([
      'NET_DISK_FULL',
    ]);
    expect(named(disk)).toHaveLength(5);
  });
});

describe('a stream that has left', () => {
  it('says its end at once, and is removed one window later', async () => {
    const { publishSlowly, advance, folder } = await world();
    (await publishSlowly(9)).end();
    await settled();
    const disk = folder(ROOT);
    expect(bootstrapOn(disk).ended).toBe(true);
    expect(named(disk).length).toBeGreaterThan(2);

    advance(6500);
    await settled();
    await settled();

    expect([...disk.files.keys()]).toEqual([]);
  });

  it('goes on behind its last fragment when it comes back', async () => {
    const { publishSlowly, folder } = await world();
    (await publishSlowly(5)).end();
    await settled();
    const disk = folder(ROOT);
    const before = named(disk);
    await publishSlowly(5);

    expect(bootstrapOn(disk).ended).toBe(false);
    expect(Math.max(...named(disk))).toBeGreaterThan(Math.max(...before));
  });
});

it.each([
  ['a minute', 60_000_000],
  ['no time, by a clock that was set back', 0],
])('a restart after %s begins with other numbers, and removes what was left', async (_, away) => {
  const first = await world();
  await first.publishSlowly(9);
  const disk = first.folder(ROOT);
  const before = named(disk);
  first.server.close();
  await settled();
  expect(named(disk).length).toBeGreaterThanOrEqual(before.length);

  const second = await world({ folders: first.folders });
  second.clock.advance(away);
  await second.publishSlowly(5);

  const now = named(disk);
  expect(now.filter((number) => before.includes(number))).toEqual([]);
  expect(fragmentsOn(disk)).toHaveLength(now.length);
});

it('a stream whose name leads out of the directory has no HDS and is told so', async () => {
  const { publish, lines, folder } = await world();
  publish(undefined, { vhost: '__defaultVhost__', app: '..', stream: 'a' });
  await settled();

  expect(lines.map(({ text }) => text)).toContain('the stream has no HDS');
  expect(folder(ROOT).files.size).toBe(0);
});

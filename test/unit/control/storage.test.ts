import { describe, expect, it } from 'vitest';
import { DiskQueue } from '../../../src/core/control/storage/disk-queue.ts';
import { checkedPath, fillTemplate, folderOf, relativePath } from '../../../src/core/control/storage/template.ts';
import { netErrors } from '../../../src/core/net/errors.ts';

const name = { vhost: 'v.example', app: 'live', stream: 'a' };
/** 2023-11-14 22:13:20.123 UTC. */
const values = { name, wall: 1_700_000_000_123_000, utc: true };

describe('a template', () => {
  it('has the words of SRS', () => {
    const all = '[vhost]/[app]/[stream].[seq].[duration].[timestamp].[2006]-[01]-[02].[15]-[04]-[05].[999].ts';

    expect(fillTemplate(all, { ...values, sequence: 7, duration: 4_001_900 })).toBe(
      'v.example/live/a.7.4001.1700000000123.2023-11-14.22-13-20.123.ts',
    );
  });

  it('keeps words that have no value, and unknown ones', () => {
    expect(fillTemplate('[seq]-[duration]-[x].ts', values)).toBe('[seq]-[duration]-[x].ts');
  });

  it('says the time of the place when UTC is not wanted', () => {
    const local = new Date(1_700_000_000_123);
    const two = (value: number): string => String(value).padStart(2, '0');

    expect(fillTemplate('[02] [15]:[04]', { ...values, utc: false })).toBe(
      `${two(local.getDate())} ${two(local.getHours())}:${two(local.getMinutes())}`,
    );
  });

  it('takes a counted time stamp for the one of the wall', () => {
    expect(fillTemplate('[timestamp]', { ...values, timestamp: 170 })).toBe('170');
  });
});

describe('a path', () => {
  it.each([
    ['live/a.ts', 'live/a.ts'],
    ['./live//a.ts', 'live/a.ts'],
    ['a..b/c...ts', 'a..b/c...ts'],
  ])('%s is allowed', (path, clean) => {
    expect(checkedPath(path)).toBe(clean);
  });

  it.each([
    '../a.ts',
    'live/../../a.ts',
    'live/..',
    '/etc/passwd',
    'C:\\a.ts',
    'live\\..\\a.ts',
    'live/a\u0000.ts',
    'live/',
    '.',
    '',
    `live/${'x'.repeat(256)}.ts`,
    `${'long/'.repeat(1000)}a.ts`,
  ])('%j is refused, STORAGE_PATH', (path) => {
    expect(() => checkedPath(path)).toThrow(expect.objectContaining({ code: 'STORAGE_PATH' }));
  });

  it('is named from another file of the tree', () => {
    expect(relativePath('live/a.m3u8', 'live/a-0.ts')).toBe('a-0.ts');
    expect(relativePath('live/a.m3u8', 'live/a/init.mp4')).toBe('a/init.mp4');
    expect(relativePath('live/list/a.m3u8', 'live/a-0.ts')).toBe('../a-0.ts');
    expect(relativePath('a.m3u8', 'x/y/a-0.ts')).toBe('x/y/a-0.ts');
    expect(folderOf('live/a.ts')).toBe('live');
    expect(folderOf('a.ts')).toBe('');
  });
});

describe('the queue of a disk', () => {
  const faults: string[] = [];
  const make = (limitBytes = 100) => {
    faults.length = 0;
    return new DiskQueue({
      ...{ root: '/disk', limitBytes },
      onFault: (error, first) => faults.push(first ? error.code : `again ${error.code}`),
      onWell: () => faults.push('well'),
    });
  };
  const full = async (): Promise<void> => {
    throw netErrors.system('DISK_FULL', { at: 'x' });
  };

  it('works in order, and never makes the caller wait', async () => {
    const queue = make();
    const done: number[] = [];
    const gate = Promise.withResolvers<void>();
    queue.push(10, async () => {
      await gate.promise;
      done.push(1);
    });
    queue.push(10, async () => void done.push(2));

    expect(done).toEqual([]);
    gate.resolve();
    await queue.idle();
    expect(done).toEqual([1, 2]);
  });

  it('refuses what is above its bytes, STORAGE_SLOW, and is well when it has caught up', async () => {
    const queue = make();
    const gate = Promise.withResolvers<void>();

    expect([60, 60, 30].map((bytes) => queue.push(bytes, () => gate.promise))).toEqual([true, false, true]);
    expect(queue.push(60, async () => undefined)).toBe(false);
    gate.resolve();
    await queue.idle();

    expect(faults).toEqual(['STORAGE_SLOW', 'again STORAGE_SLOW', 'well']);
    expect(queue.fault).toBeUndefined();
  });

  it('takes one piece however large', async () => {
    const queue = make(1);

    expect(queue.push(1000, async () => undefined)).toBe(true);
    await queue.idle();
  });

  it('tells a failure once for each state, and goes on', async () => {
    const queue = make();
    for (const work of [full, full, async () => undefined, full]) queue.push(1, work);
    await queue.idle();

    expect(faults).toEqual(['NET_DISK_FULL', 'again NET_DISK_FULL', 'well', 'NET_DISK_FULL']);
    expect(queue.fault).toBe('NET_DISK_FULL');
  });
});

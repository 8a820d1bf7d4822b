// Listeners come and go with the settings, all or nothing.
import { beforeEach, describe, expect, test } from 'vitest';
import { formatAddress } from '../../../src/core/base/link.ts';
import { type Door, Doors } from '../../../src/core/control/doors.ts';

const door = (name: string, port: number, cert?: string): Door => ({
  name,
  at: { host: '127.0.0.1', port },
  ...(cert !== undefined && { tls: { cert, key: 'key' } }),
});

let events: string[];
let taken: Set<string>;
let doors: Doors;

beforeEach(() => {
  events = [];
  taken = new Set();
  doors = new Doors(async ({ name, at, tls }) => {
    const place = formatAddress(at);
    if (taken.has(place)) throw new Error(`${place} is in use`);
    if (tls?.cert === 'bad') throw new Error('bad certificate');
    taken.add(place);
    events.push(`open ${name} ${at.port}`);
    const close = (): void => {
      if (taken.delete(place)) events.push(`close ${name} ${at.port}`);
    };
    return { address: at, close };
  });
});

const ports = (): number[] => doors.list().map(({ listener }) => listener.address.port);

describe('Doors', () => {
  test('open what is new and close what is not wanted, and leave the rest alone', async () => {
    await doors.set([door('rtmp', 1), door('http', 2)]);
    events = [];

    await doors.set([door('rtmp', 1), door('http', 3)]);

    expect(events).toEqual(['open http 3', 'close http 2']);
    expect(ports()).toEqual([1, 3]);
  });

  test('keep everything when one cannot be opened', async () => {
    await doors.set([door('rtmp', 1), door('http', 2)]);
    taken.add('127.0.0.1:9');
    events = [];

    await expect(doors.set([door('rtmp', 4), door('http', 9)])).rejects.toThrow('127.0.0.1:9 is in use');

    expect(events).toEqual(['open rtmp 4', 'close rtmp 4']);
    expect(ports()).toEqual([1, 2]);
  });

  test('free a port that gets another certificate before they open it again', async () => {
    await doors.set([door('https', 1, 'old')]);
    events = [];

    await doors.set([door('https', 1, 'new')]);

    expect(events).toEqual(['close https 1', 'open https 1']);
    expect(ports()).toEqual([1]);
  });

  test('open the old one again when the new certificate cannot be used', async () => {
    await doors.set([door('https', 1, 'old')]);

    await expect(doors.set([door('https', 1, 'bad')])).rejects.toThrow('bad certificate');

    expect(ports()).toEqual([1]);
    expect(taken).toEqual(new Set(['127.0.0.1:1']));
  });

  test('take several free ports for one name', async () => {
    await doors.set([door('rtmp', 0)]);
    taken.clear();

    await doors.set([door('rtmp', 0), door('rtmp', 0)]);

    expect(ports()).toEqual([0, 0]);
  });

  test('close all of them', async () => {
    await doors.set([door('rtmp', 1), door('http', 2)]);

    doors.close();

    expect(taken.size).toBe(0);
    expect(doors.list()).toEqual([]);
  });

  test('stay closed whatever is wanted later', async () => {
    await doors.set([door('rtmp', 1)]);
    doors.close();
    events = [];

    await doors.set([door('rtmp', 1), door('http', 2)]);

    expect(events).toEqual([]);
    expect(doors.list()).toEqual([]);
  });

  test('close what was about to open when all are closed', async () => {
    await doors.set([door('rtmp', 1), door('https', 2, 'old')]);
    events = [];

    const set = doors.set([door('rtmp', 3), door('https', 2, 'old'), door('http', 4)]);
    doors.close();
    await set;

    expect(events).toEqual(['open rtmp 3', 'close https 2', 'close rtmp 1', 'close rtmp 3']);
    expect(taken.size).toBe(0);
    expect(doors.list()).toEqual([]);
  });

  test.each([1, 2, 3])('open no old one again when all are closed %i steps into a change that fails', async (steps) => {
    await doors.set([door('https', 1, 'old')]);

    const set = doors.set([door('https', 1, 'bad')]);
    const failed = expect(set).rejects.toThrow('bad certificate');
    for (let step = 1; step < steps; step++) await Promise.resolve();
    doors.close();
    await failed;

    expect(taken.size).toBe(0);
    expect(doors.list()).toEqual([]);
  });
});

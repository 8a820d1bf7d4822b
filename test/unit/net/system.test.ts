// What is read of the machine: the kernel's texts, with the odd ones, and a reading of this machine.
import { describe, expect, it } from 'vitest';
import {
  createSystemReader,
  parseCpu,
  parseDisks,
  parseMemory,
  parseNetwork,
  parseProcess,
} from '../../../src/core/net/system.ts';

describe("the kernel's texts", () => {
  it('/proc/self/stat: a program may have blanks and brackets in its name', () => {
    const rest = Array.from({ length: 41 }, (_, index) => String(index + 100)).join(' ');

    expect(parseProcess(`42 (a) b (c)) S ${rest}\n`)).toMatchObject({
      pid: 42,
      comm: '(a) b (c))',
      state: 'S',
      ppid: 100,
      utime: 110,
      vsize: 119,
      cguest_time: 140,
    });
  });

  it('/proc/stat: the sum of all processors', () => {
    expect(parseCpu('cpu  10 2 3 400 5 6 7 8 9 0\ncpu0 1 1 1 1\n')).toEqual({
      user: 10,
      nice: 2,
      sys: 3,
      idle: 400,
      iowait: 5,
      irq: 6,
      softirq: 7,
      steal: 8,
      guest: 9,
    });
  });

  it('/proc/meminfo: in KiB', () => {
    expect(parseMemory('MemTotal:   24684096 kB\nHugePages_Total:  0\n')).toEqual({
      MemTotal: 24684096,
      HugePages_Total: 0,
    });
  });

  it('/proc/diskstats: the named devices only', () => {
    const text = `   8       0 sda 100 0 2000 30 50 0 4000 60 0 70 90
   8       1 sda1 1 0 2 3 5 0 4 6 0 7 9
 259       0 nvme0n1 1 0 10 0 1 0 20 0 0 5 0`;

    expect(parseDisks(text, ['sda', 'nvme0n1'])).toEqual({ readSectors: 2010, writtenSectors: 4020, busyMs: 75 });
    expect(parseDisks(text, ['sdb'])).toEqual({ readSectors: 0, writtenSectors: 0, busyMs: 0 });
  });

  it('/proc/net/dev: loopback apart', () => {
    const text = `Inter-|   Receive
 face |bytes
    lo: 11 1 0 0 0 0 0 0 22 1 0 0 0 0 0 0
  eth0:100 1 0 0 0 0 0 0 200 1 0 0 0 0 0 0
  eth1: 1 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0`;

    expect(parseNetwork(text)).toEqual({ netReceived: 101, netSent: 202, loopReceived: 11, loopSent: 22 });
  });

  it.each([parseProcess, parseCpu, parseMemory, parseNetwork])('%o: nothing gives zeros', (parse) => {
    const values = Object.values(parse('')).filter((value) => typeof value === 'number');

    expect(values.every((value) => value === 0)).toBe(true);
  });
});

describe('this machine', () => {
  it('tells its numbers', () => {
    const reader = createSystemReader();
    const { pid, system, memKbyte } = reader.read();

    expect(pid).toBe(process.pid);
    expect(memKbyte).toBeGreaterThan(1000);
    expect(system.cpus).toBeGreaterThan(0);
    expect(reader.usage()['ru_maxrss']).toBeGreaterThan(1000);
    expect(reader.name().sysname).not.toBe('');
    expect(reader.read()).toBe(reader.read());
  });

  it('is not read when stats are off, the process still is', () => {
    const { memKbyte, system } = createSystemReader(() => ({ enabled: false, disks: ['sda'] })).read();

    expect(memKbyte).toBeGreaterThan(1000);
    expect(system).toMatchObject({ cpus: 0, ramKbyte: 0, netSampleMs: 0 });
  });
});

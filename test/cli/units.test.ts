import { describe, expect, it } from 'vitest';
import { thresholdOf } from '../../src/cli/fail-if.ts';
import { parseListen } from '../../src/cli/flags.ts';
import {
  formatBitrate,
  formatDuration,
  formatSize,
  parseBitrate,
  parseDuration,
  parseSize,
} from '../../src/cli/units.ts';

describe('durations', () => {
  it.each([
    ['0', 0],
    ['350ms', 350_000],
    ['5s', 5_000_000],
    ['1.5s', 1_500_000],
    ['1m30s', 90_000_000],
    ['2h', 7_200_000_000],
    ['20us', 20],
  ])('%s is %d µs', (text, micros) => {
    expect(parseDuration(text)).toBe(micros);
  });

  it.each(['5', '-5s', 's', '5 s x', '5sec', '', 'soon'])('"%s" is refused with an example', (text) => {
    expect(() => parseDuration(text)).toThrow(/write 350ms/);
  });

  it('takes bare milliseconds where SRS has them', () => {
    expect(parseDuration('350', 'ms')).toBe(350_000);
    expect(parseDuration('2', 's')).toBe(2_000_000);
  });

  it.each([
    [0, '0 ms'],
    [350_000, '350 ms'],
    [5_000_000, '5.0 s'],
    [125_000_000, '2 min 5 s'],
    [7_260_000_000, '2 h 1 min'],
  ])('%d µs are shown as %s', (micros, text) => {
    expect(formatDuration(micros)).toBe(text);
  });
});

describe('sizes and bitrates', () => {
  it('have units', () => {
    expect(parseSize('64KiB')).toBe(65_536);
    expect(parseSize('1.5MB')).toBe(1_500_000);
    expect(parseSize('7')).toBe(7);
    expect(parseBitrate('15Mbps')).toBe(15_000_000);
    expect(parseBitrate('800kbps')).toBe(800_000);
  });

  it('are refused without a unit that is known', () => {
    expect(() => parseSize('5 bananas')).toThrow(/64KiB/);
    expect(() => parseBitrate('15')).toThrow(/15Mbps/);
  });

  it('are shown with one that fits', () => {
    expect(formatSize(999)).toBe('999 B');
    expect(formatSize(1_234_567)).toBe('1.23 MB');
    expect(formatBitrate(25_000_000)).toBe('25.0 Mbit/s');
  });
});

describe('addresses to listen on', () => {
  it('are several, with or without a host', () => {
    expect(parseListen('1935')).toEqual(['1935']);
    expect(parseListen(':1935 127.0.0.1:1936,[::1]:1937')).toEqual([':1935', '127.0.0.1:1936', '[::1]:1937']);
  });

  it.each(['', 'here', '70000', '127.0.0.1', '::1:1935', 'host:port'])('"%s" is refused', (text) => {
    expect(() => parseListen(text)).toThrow(/listen on/);
  });
});

describe('--fail-if', () => {
  it('is the opposite of what the core wants to hold', () => {
    expect(thresholdOf('first-frame.p95>500ms')).toBe('first-frame.p95<=500ms');
    expect(thresholdOf('failed >= 1%')).toBe('failed<1%');
    expect(thresholdOf('served<10')).toBe('served>=10');
    expect(thresholdOf('bitrate.min<=1Mbps')).toBe('bitrate.min>1Mbps');
  });

  it.each(['failed', 'failed=0', '>5', 'failed>'])('"%s" is refused with an example', (text) => {
    expect(() => thresholdOf(text)).toThrow(/first-frame.p95>500ms/);
  });
});

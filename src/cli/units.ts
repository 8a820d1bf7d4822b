// Quantities as people write them on a command line, with their unit, and the way back for reports.
import { Errors } from '@oclif/core';
import { fromMs, fromSeconds, type Micros, toSeconds } from '../core/base/time.ts';
import { exitCode } from './exit-code.ts';

const secondsOf: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86_400 };
const bytesOf: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};
const bpsOf: Readonly<Record<string, number>> = { bps: 1, kbps: 1e3, mbps: 1e6, gbps: 1e9 };

/**
 * A duration such as `350ms`, `5s`, `1.5h` or `1m30s`; `0` needs no unit.
 *
 * @param bareUnit the unit of a number without one, for settings whose SRS variable is a bare number.
 * @throws a usage error that says how to write it.
 */
export function parseDuration(text: string, bareUnit?: 'ms' | 's'): Micros {
  const trimmed = text.trim();
  if (/^0+$/.test(trimmed)) return 0;
  if (bareUnit !== undefined && /^\d+(\.\d+)?$/.test(trimmed)) {
    return bareUnit === 'ms' ? fromMs(Number(trimmed)) : fromSeconds(Number(trimmed));
  }
  if (!/^(\d+(\.\d+)?(us|ms|s|m|h|d))+$/.test(trimmed)) {
    throw usage(`"${text}" is not a duration: write 350ms, 5s, 1m30s or 2h.`);
  }
  let seconds = 0;
  for (const [, count, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(us|ms|s|m|h|d)/g)) {
    seconds += Number(count) * (secondsOf[unit ?? 's'] ?? 1);
  }
  return fromSeconds(seconds);
}

/** Bytes: `64KiB`, `1MB`, or a bare number. */
export const parseSize = (text: string): number =>
  quantity(text, bytesOf, 'b', `"${text}" is not a size: write 64KiB, 1MB or a number of bytes.`);

/** Bits for each second: `15Mbps`, `800kbps`. */
export const parseBitrate = (text: string): number =>
  quantity(text, bpsOf, undefined, `"${text}" is not a bitrate: write 15Mbps or 800kbps.`);

/** A duration for people: `350 ms`, `5.0 s`, `2 min 5 s`. */
export function formatDuration(time: Micros): string {
  const seconds = toSeconds(time);
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Milliseconds for people, as `formatDuration`. */
export const formatMs = (ms: number): string => formatDuration(fromMs(ms));

/** Bytes for people, in powers of 1000: `1.4 MB`. */
export const formatSize = (bytes: number): string => scaled(bytes, ['B', 'kB', 'MB', 'GB', 'TB']);

/** Bits for each second, for people: `2.5 Mbit/s`. */
export const formatBitrate = (bps: number): string => scaled(bps, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s']);

/** An error of whoever typed the command; it exits with the code for usage. */
export const usage = (message: string): Error => new Errors.CLIError(message, { exit: exitCode.usage });

function quantity(
  text: string,
  units: Readonly<Record<string, number>>,
  bare: string | undefined,
  help: string,
): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const name = match?.[2]?.toLowerCase() || bare;
  const factor = name === undefined ? undefined : units[name];
  if (match === null || factor === undefined) throw usage(help);
  return Math.round(Number(match[1]) * factor);
}

function scaled(value: number, units: readonly string[]): string {
  let rest = value;
  let index = 0;
  while (rest >= 1000 && index < units.length - 1) {
    rest /= 1000;
    index++;
  }
  return `${index === 0 ? Math.round(rest) : rest.toFixed(rest < 10 ? 2 : 1)} ${units[index]}`;
}

// Kinds of flags that several commands have: durations, sizes, bitrates and addresses to listen on.
import { Flags } from '@oclif/core';
import { toMs } from '../core/base/time.ts';
import { parseBitrate, parseDuration, parseSize, usage } from './units.ts';

/** `5s`, `350ms`; gives Micros. */
export const durationFlag = Flags.custom<number>({ helpValue: 'TIME', parse: async (text) => parseDuration(text) });

/** A duration whose SRS variable is a bare number of milliseconds; gives milliseconds. */
export const srsMsFlag = Flags.custom<number>({
  helpValue: 'TIME',
  parse: async (text) => toMs(parseDuration(text, 'ms')),
});

/** The value of an SRS variable that is `on` or `off`; anything else counts as not set, as in SRS. */
export function readSwitch(variable: string, otherwise: boolean): boolean {
  const value = process.env[variable];
  return value === 'on' ? true : value === 'off' ? false : otherwise;
}

/** `64KiB`; gives bytes. */
export const sizeFlag = Flags.custom<number>({ helpValue: 'SIZE', parse: async (text) => parseSize(text) });

/** `15Mbps`; gives bits for each second. */
export const bitrateFlag = Flags.custom<number>({ helpValue: 'RATE', parse: async (text) => parseBitrate(text) });

/** One or more `[host:]port`, separated by commas or blanks (as in SRS's variables). */
export const listenFlag = Flags.custom<string[]>({
  helpValue: '[HOST:]PORT',
  parse: async (text) => parseListen(text),
});

/** The addresses of a listen flag, each checked for its form. */
export function parseListen(text: string): string[] {
  const places = text.split(/[\s,]+/).filter((place) => place !== '');
  if (places.length === 0) throw usage('An address to listen on is empty: write 1935, 127.0.0.1:1935 or [::]:1935.');
  for (const place of places) {
    const port = Number(/^(?:(?:\[[0-9a-f:.%]+\]|[^:[\]]*):)?(\d{1,5})$/i.exec(place)?.[1] ?? Number.NaN);
    if (!(port <= 65_535)) {
      throw usage(`"${place}" is not an address to listen on: write 1935, 127.0.0.1:1935 or [::]:1935.`);
    }
  }
  return places;
}

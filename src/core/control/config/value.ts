// Words of a configuration to values, as C and SRS read them: nothing here fails, garbage is 0.

const INT_MAX = 2 ** 31 - 1;

/** C's atoi: a sign and digits at the start, the rest ignored, garbage 0; clamped to 32 bits. */
export function toInt(text: string): number {
  const value = Number(/^\s*([+-]?\d+)/.exec(text)?.[1] ?? 0);
  return Math.max(-INT_MAX - 1, Math.min(INT_MAX, value)) + 0;
}

/** C's atof for decimal numbers; garbage is 0. Always finite. */
export function toFloat(text: string): number {
  const value = Number(/^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/.exec(text)?.[1] ?? 0);
  return Number.isFinite(value) ? value + 0 : 0;
}

/**
 * SRS has two kinds of switches. One that is off by default is on only for `on`; one that is on by default is off
 * only for `off`, and any other word leaves it on.
 */
export function toSwitch(text: string, rule: 'on only for on' | 'off only for off'): boolean {
  return rule === 'on only for on' ? text === 'on' : text !== 'off';
}

/** Words between blanks, as lists in environment variables are. */
export const toWords = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/** An endpoint as it was written, in its parts; `host` is empty for all interfaces. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** `1935`, `:1935`, `1.2.3.4:1935`, `host:1935`, `[::1]:1935`; undefined when it is none of these. */
export function toEndpoint(text: string): Endpoint | undefined {
  const [, bracketed, plain, digits] = /^(?:(?:\[([0-9a-fA-F:.%\w]+)\]|([\w.-]*)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits ?? Number.NaN);
  if (!(port <= 65_535)) return undefined;
  if (bracketed !== undefined) return bracketed.includes(':') ? { host: bracketed, port } : undefined;
  const host = plain ?? '';
  const looksNumeric = /^[\d.]+$/.test(host);
  return looksNumeric && !isIpv4(host) ? undefined : { host, port };
}

const isIpv4 = (text: string): boolean =>
  /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((part) => Number(part) <= 255);

// What `serve` tells: where everything is once it is up, and which flag to change when an address is not free.
import chalk from 'chalk';
import { SystemError } from '../core/base/errors.ts';
import { type Address, formatAddress } from '../core/base/link.ts';
import { facts } from './output.ts';

/** A listener as the engine names it. */
export interface NamedListener {
  readonly name: string;
  readonly address: Address;
}

export interface ServeFacts {
  readonly demo: boolean;
  readonly hls?: { readonly classic?: boolean; readonly lowLatency?: boolean };
  readonly dash?: boolean;
}

/** The URLs that a person needs first, one line each. */
export function serveReport(listeners: readonly NamedListener[], { demo, hls = {}, dash = false }: ServeFacts): string {
  const first = (name: string): Address | undefined => listeners.find((listener) => listener.name === name)?.address;
  const rtmp = first('rtmp');
  const http = first('http');
  const api = first('api');
  const name = demo ? 'demo' : 'livestream';
  const lines: [string, string][] = [];
  if (rtmp !== undefined) lines.push([demo ? 'RTMP' : 'Publish', `rtmp://${reach(rtmp)}/live/${name}`]);
  for (const [kind, scheme] of [
    ['rtmps', 'rtmps'],
    ['https', 'https'],
  ] as const) {
    const address = first(kind);
    if (address !== undefined) lines.push([kind.toUpperCase(), `${scheme}://${reach(address)}/`]);
  }
  const srt = first('srt');
  if (srt !== undefined)
    lines.push(['SRT', `srt://${reach(srt)}?streamid=#!::r=live/${name},m=${demo ? 'request' : 'publish'}`]);
  const rtsp = first('rtsp');
  if (rtsp !== undefined) lines.push(['RTSP', `rtsp://${reach(rtsp)}/live/${name}`]);
  if (first('rtc') !== undefined && http !== undefined) {
    // The demo's name is taken.
    if (!demo) lines.push(['WHIP', `http://${reach(http)}/rtc/v1/whip/?app=live&stream=${name}`]);
    lines.push(['WHEP', `http://${reach(http)}/rtc/v1/whep/?app=live&stream=${name}`]);
  }
  if (http !== undefined) {
    lines.push(['HTTP-FLV', `http://${reach(http)}/live/${name}.flv`]);
    lines.push(['WS-FLV', `ws://${reach(http)}/live/${name}.flv`]);
    if (hls.classic) lines.push(['HLS', `http://${reach(http)}/live/${name}.m3u8`]);
    if (hls.lowLatency) lines.push(['LL-HLS', `http://${reach(http)}/live/${name}.ll.m3u8`]);
    if (dash) lines.push(['DASH', `http://${reach(http)}/live/${name}.mpd`]);
    lines.push(['Player', `http://${reach(http)}/${pageQuery(rtmp, api)}`]);
  }
  if (api !== undefined) lines.push(['API', `http://${reach(api)}/api/v1/versions`]);
  const head = demo ? 'srsx is up, and the demo stream publishes itself.' : 'srsx is up.';
  return `${chalk.green(head)} Stop it with ctrl-C.\n${facts(lines)}`;
}

/** The page cannot ask for ports that are not the usual ones, so its URL says them. */
function pageQuery(rtmp: Address | undefined, api: Address | undefined): string {
  const query = new URLSearchParams();
  if (rtmp !== undefined && rtmp.port !== 1935) query.set('rtmp', String(rtmp.port));
  if (api !== undefined && api.port !== 1985) query.set('api', String(api.port));
  return query.size > 0 ? `?${query}` : '';
}

/** An address to type: an unspecified one stands for this machine. */
function reach({ host, port }: Address): string {
  const open = host === '0.0.0.0' || host === '::' || host === '';
  return formatAddress({ host: open ? 'localhost' : host, port });
}

/** Listeners of UDP, whose ports are not those of TCP. */
const datagrams = ['srt', 'rtc'];

/**
 * Advice for an address that cannot be listened on, naming the flag to change: `--rtmp-listen` for the listener `rtmp`.
 *
 * @param wanted listen texts by listener name, as the command line had them.
 */
export function listenAdvice(error: unknown, wanted: Readonly<Record<string, readonly string[]>>): string | undefined {
  if (!(error instanceof SystemError) || !(error.cause instanceof Error)) return undefined;
  const { code, port, syscall } = error.cause as NodeJS.ErrnoException & { port?: number };
  const kinds = Object.keys(wanted).filter((kind) => datagrams.includes(kind) === (syscall === 'bind'));
  const name = kinds.find((kind) => wanted[kind]?.some((text) => portOf(text) === port));
  if (name === undefined || port === undefined) return undefined;
  const flag = `--${name}-listen`;
  if (code === 'EADDRINUSE')
    return `Something listens on port ${port} already: stop it, or choose another with ${flag}.`;
  if (code === 'EACCES') return `Port ${port} needs more rights: choose one above 1023 with ${flag}, or run as root.`;
  if (code === 'EADDRNOTAVAIL') return `This machine has no such address: change ${flag}.`;
  return undefined;
}

const portOf = (text: string): number => Number(/(\d+)$/.exec(text)?.[1]);

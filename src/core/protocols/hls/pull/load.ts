// Playlists, keys and segments over HTTP, within their sizes and times.
import { concat } from '../../../base/bytes.ts';
import type { SrsxError } from '../../../base/errors.ts';
import { toSrsxError } from '../../../base/session.ts';
import type { Micros } from '../../../base/time.ts';
import type { ClientHost, PullOptions } from '../../../control/host.ts';
import { hlsErrors } from '../errors.ts';

/** What is loaded of a URL, and how much of it. */
export interface LoadOptions {
  readonly limitBytes: number;
  /** First and last byte (RFC 9110 §14.1.2). */
  readonly range?: { readonly first: number; readonly last: number } | undefined;
  /** For the answer to begin; the source's own time otherwise. */
  readonly timeout?: Micros;
  /** Takes the bytes as they come; nothing is kept then. May throw. */
  readonly onData?: (bytes: Uint8Array) => void;
}

/** Chosen: an hour of 2 Mbit/s. A server that knows no ranges gives all of it in front of each piece. */
const MOST_SKIPPED = 1024 * 1024 * 1024;

/** Passwords do not belong into messages. */
const shown = ({ protocol, host, pathname }: URL): string => `${protocol}//${host}${pathname}`;

/** Loads for one pull; every load ends with its signal. */
export class Loader {
  readonly #host: ClientHost;
  readonly #options: PullOptions;

  constructor(host: ClientHost, options: PullOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** Rejects with NET_*, HLS_STATUS, HLS_SIZE, and with what `onData` throws. */
  async load(url: URL, options: LoadOptions): Promise<Uint8Array> {
    return (await this.loadPage(url, options)).bytes;
  }

  /** The same, with the URL from which other URLs in it are to be followed. */
  async loadPage(url: URL, options: LoadOptions): Promise<{ readonly bytes: Uint8Array; readonly base: URL }> {
    const { signal, insecure = false } = this.#options;
    const { range, timeout = this.#host.limits.firstMediaTime } = options;
    const headers = range === undefined ? {} : { Range: `bytes=${range.first}-${range.last}` };
    const asked = { method: 'GET', headers, signal, timeout, insecure };
    const { status, body, url: base = url } = await this.#host.net.request(url, asked);
    const right = status === 200 || (status === 206 && range !== undefined);
    if (!right) {
      body.close();
      throw statusError(url, status);
    }
    // A server that knows no ranges gives the whole file.
    const skip = range !== undefined && status === 200 ? range.first : 0;
    if (skip > MOST_SKIPPED) {
      body.close();
      throw hlsErrors.protocol('SIZE', { url: shown(url), limit: MOST_SKIPPED });
    }
    const most = range === undefined ? Number.POSITIVE_INFINITY : range.last - range.first + 1;
    return { bytes: await this.#read(body, url, { ...options, skip, most }), base };
  }

  #read(
    body: Awaited<ReturnType<ClientHost['net']['request']>>['body'],
    url: URL,
    { limitBytes, onData, skip, most }: LoadOptions & { skip: number; most: number },
  ): Promise<Uint8Array> {
    const { clock, limits } = this.#host;
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const chunks: Uint8Array[] = [];
    let received = 0;
    let kept = 0;
    const stop = (): void => {
      cancel();
      body.onData = () => undefined;
      body.onClose = () => undefined;
      body.close();
    };
    const fail = (error: unknown): void => {
      stop();
      reject(toSrsxError(error));
    };
    const late = (): void => fail(hlsErrors.system('STATUS', { url: shown(url), status: 'nothing more' }));
    let cancel = clock.after(limits.stallTime, late);
    body.onClose = (reason) => {
      cancel();
      if (reason === undefined) resolve(concat(chunks));
      else reject(toSrsxError(reason));
    };
    body.onData = (bytes) => {
      cancel();
      cancel = clock.after(limits.stallTime, late);
      this.#options.onBytes(bytes.length);
      const from = Math.max(0, skip - received);
      received += bytes.length;
      const wanted = bytes.subarray(from, from + Math.max(0, most - kept));
      kept += wanted.length;
      try {
        if (kept > limitBytes) throw hlsErrors.protocol('SIZE', { url: shown(url), limit: limitBytes });
        if (wanted.length > 0) {
          if (onData === undefined) chunks.push(wanted.slice());
          else onData(wanted);
        }
      } catch (error) {
        fail(error);
        return;
      }
      // The rest of a file that is given whole may have no end.
      if (received <= skip + most) return;
      stop();
      resolve(concat(chunks));
    };
    return promise;
  }
}

/** 4xx: it is not there, or we may not. */
function statusError(url: URL, status: number): SrsxError {
  const details = { url: shown(url), status };
  return status >= 400 && status < 500 ? hlsErrors.refused('STATUS', details) : hlsErrors.protocol('STATUS', details);
}

/** What a playlist names, from where it is. Throws HLS_URI: anything else would read what the peer cannot. */
export function follow(uri: string, from: URL): URL {
  const url = URL.parse(uri, from.href);
  if (url === null || !/^https?:$/.test(url.protocol)) throw hlsErrors.protocol('URI', { uri: uri.slice(0, 200) });
  return url;
}

// The route of files: finds the file, then answers with it, or says that it is none of its.
import { type SrsxError, SystemError } from '../../base/errors.ts';
import type { Closer } from '../../base/link.ts';
import { randomId } from '../../base/rng.ts';
import { toSrsxError } from '../../base/session.ts';
import { fromSeconds } from '../../base/time.ts';
import type { FolderFile, Host, Listener } from '../../control/host.ts';
import { vhostsOf } from '../../control/requested-vhosts.ts';
import { containers } from '../../format/container/index.ts';
import { Mp4File } from '../../format/fmp4/index.ts';
import { corsHeaders } from '../../wire/http/cors.ts';
import type { HttpExchange, HttpHeaders } from '../../wire/http/exchange.ts';
import { requestedVhost } from '../../wire/http/stream-path.ts';
import { sendPieces } from './body.ts';
import { conditionStatus, httpDate, rangeHolds, type Validators, validatorsOf } from './conditional.ts';
import type { HttpStaticConfig } from './config.ts';
import { answerTo, httpStaticErrors } from './errors.ts';
import { flvFrom, parseStart } from './flv-start.ts';
import { GzipShelf, isWorthIt, MOST_BYTES, takesGzip } from './gzip-shelf.ts';
import { endingOf, isPlaylist, isText, mediaType } from './media-type.ts';
import { type Target, targetOf } from './mount.ts';
import { sendMp4From } from './mp4-start.ts';
import { contentRange, multipart, type Piece, parseRanges, queryRange, sizeOf } from './ranges.ts';

/** Adds the route; files that are being sent when it closes are sent to their end. */
export function serve(host: Host, config: HttpStaticConfig): Closer & { readonly listeners: readonly Listener[] } {
  return new Server(host, config);
}

/** A file that is open for one answer. */
interface Found extends Target {
  readonly file: FolderFile;
  readonly type: string;
  readonly validators: Validators;
  readonly headers: HttpHeaders;
}

class Server implements Closer {
  readonly listeners = [];
  readonly #host: Host;
  readonly #config: HttpStaticConfig;
  readonly #route: Closer;
  readonly #shelf = new GzipShelf();
  #open = 0;
  #closed = false;

  constructor(host: Host, config: HttpStaticConfig) {
    this.#host = host;
    this.#config = config;
    this.#route = host.http.add((exchange) => this.#offer(exchange));
  }

  close(): void {
    this.#closed = true;
    this.#route.close();
  }

  #offer(exchange: HttpExchange): boolean | Promise<boolean> {
    const { request } = exchange;
    if (request.method === 'OPTIONS') return this.#preflight(exchange);
    const reads = request.method === 'GET' || request.method === 'HEAD';
    if (!reads || request.webSocket || this.#isLive(exchange)) return false;
    return this.#answer(exchange).catch((error: unknown) => this.#refuse(exchange, toSrsxError(error)));
  }

  /** A page of another origin asks before it sends headers of its own. */
  #preflight(exchange: HttpExchange): boolean {
    const headers = this.#cors(exchange);
    if (Object.keys(headers).length === 0) return false;
    exchange.reply(200, headers);
    return true;
  }

  /** Streams have the endings that files have; one that is published is meant. */
  #isLive({ request }: HttpExchange): boolean {
    const { hub, settings } = this.#host;
    const [, app, stream, ending] = /^\/+(?:(.*)\/)?([^/]+)\.(\w+)$/.exec(request.path) ?? [];
    if (app === undefined || stream === undefined || ending === undefined || !(ending in containers)) return false;
    return vhostsOf(request, settings).some((vhost) => hub.find({ vhost, app, stream })?.published === true);
  }

  async #answer(exchange: HttpExchange): Promise<boolean> {
    const { path } = exchange.request;
    const target = targetOf(this.#host.settings, requestedVhost(exchange.request), path);
    const directory = target.path === '' || target.path.endsWith('/');
    const found = directory ? { ...target, path: `${target.path}index.html` } : target;
    if (this.#open >= this.#config.openFiles) {
      throw httpStaticErrors.limit('BUSY', { limit: this.#config.openFiles });
    }
    this.#open++;
    let file: FolderFile | undefined;
    try {
      file = await this.#host.net.folder(target.root).open(found.path, 'read');
      if (this.#closed) return false;
      await this.#give(exchange, this.#describe(exchange, found, file));
      return true;
    } catch (error) {
      return this.#absent(exchange, target, toSrsxError(error));
    } finally {
      this.#open--;
      await file?.close();
    }
  }

  /** False when there is no such file, and another route may have something. */
  #absent(exchange: HttpExchange, { root, path }: Target, error: SrsxError): boolean {
    if (error.code === 'NET_NO_FILE') return false;
    if (error.code === 'NET_NOT_A_FILE') {
      // What a page names relatively is in the directory.
      const place = `${exchange.request.path.replace(/^\/+/, '/')}/`;
      if (!path.endsWith('/') && path !== '') {
        exchange.reply(301, { Location: place + exchange.request.search, ...this.#cors(exchange) });
        return true;
      }
      return false;
    }
    if (error.code === 'NET_OUTSIDE') {
      this.#host.log.warn('http-static', 'a link leads outside', { root, path });
      return false;
    }
    throw error;
  }

  #describe(exchange: HttpExchange, target: Target, file: FolderFile): Found {
    const validators = validatorsOf(file);
    const type = mediaType(target.path);
    return {
      ...{ ...target, file, type, validators },
      headers: {
        'Content-Type': type,
        'Last-Modified': httpDate(file.modified),
        ETag: validators.etag,
        'Accept-Ranges': 'bytes',
        'X-Content-Type-Options': 'nosniff',
        ...(isPlaylist(target.path) && { 'Cache-Control': 'no-cache' }),
        ...this.#cors(exchange),
      },
    };
  }

  #cors({ request }: HttpExchange): HttpHeaders {
    return this.#host.settings.root.get('http_server.crossdomain') ? corsHeaders(request) : {};
  }

  async #give(exchange: HttpExchange, found: Found): Promise<void> {
    const { request } = exchange;
    const status = conditionStatus(request, found.validators);
    if (status !== undefined) {
      exchange.reply(status, status === 304 ? withoutType(found.headers) : this.#cors(exchange));
      return;
    }
    const ending = endingOf(found.path);
    const start = parseStart(request.query);
    if (start !== undefined && ending === 'flv') return this.#giveFlv(exchange, found, start);
    if (start !== undefined && (ending === 'mp4' || ending === 'm4v')) return this.#giveMp4(exchange, found, start);
    const range = request.header('range') ?? (ending === 'mp4' ? queryRange(request.query) : undefined);
    if (range !== undefined && rangeHolds(request, found.validators)) return this.#giveRanges(exchange, found, range);
    if (isText(found.type) && isWorthIt(found.file.size)) return this.#giveText(exchange, found);
    return this.#givePieces(exchange, found, whole(found.file));
  }

  async #giveRanges(exchange: HttpExchange, found: Found, range: string): Promise<void> {
    const { size } = found.file;
    const spans = parseRanges(range, size);
    if (spans === 'none') {
      const { status, body } = answerTo(httpStaticErrors.protocol('RANGE', { size, range: range.slice(0, 100) }));
      const type = { 'Content-Type': 'application/json', 'Content-Range': `bytes */${size}` };
      exchange.reply(status, { ...type, ...this.#cors(exchange) }, body);
      return;
    }
    const [only] = spans;
    if (spans === 'whole' || only === undefined || typeof only === 'string') {
      return this.#givePieces(exchange, found, whole(found.file));
    }
    if (spans.length === 1) {
      const headers = { ...found.headers, 'Content-Range': contentRange(only, size) };
      return this.#givePieces(exchange, { ...found, headers }, { status: 206, pieces: [only] });
    }
    const boundary = randomId(this.#host.rng, 24);
    const pieces = multipart(spans, size, found.type, boundary);
    const headers = { ...found.headers, 'Content-Type': `multipart/byteranges; boundary=${boundary}` };
    return this.#givePieces(exchange, { ...found, headers }, { status: 206, pieces });
  }

  async #giveText(exchange: HttpExchange, found: Found): Promise<void> {
    const headers = { ...found.headers, Vary: 'Accept-Encoding' };
    if (!takesGzip(exchange.request)) {
      return this.#givePieces(exchange, { ...found, headers }, whole(found.file));
    }
    const key = `${found.root}/${found.path} ${found.validators.etag}`;
    let bytes = this.#shelf.get(key);
    if (bytes === undefined) {
      bytes = await this.#host.net.gzip(await found.file.read(0, MOST_BYTES));
      this.#shelf.put(key, bytes);
    }
    // Other bytes than the file's: the tag is weak (RFC 9110 §8.8.3.3), as nginx has it.
    const coded = { ...headers, 'Content-Encoding': 'gzip', ETag: `W/${found.validators.etag}` };
    exchange.reply(200, coded, bytes);
  }

  async #giveFlv(exchange: HttpExchange, found: Found, start: number): Promise<void> {
    const pieces = await flvFrom(found.file, start);
    if (pieces === undefined) return this.#givePieces(exchange, found, whole(found.file));
    // The offsets of this body are others than those of the file.
    const headers = { ...found.headers, 'Accept-Ranges': 'none' };
    return this.#givePieces(exchange, { ...found, headers }, { status: 200, pieces });
  }

  async #giveMp4(exchange: HttpExchange, found: Found, seconds: number): Promise<void> {
    const { limits } = this.#host;
    const movie = await Mp4File.open(found.file, limits);
    const { 'Accept-Ranges': _, ...headers } = found.headers;
    if (exchange.request.method === 'HEAD') exchange.reply(200, headers);
    else await sendMp4From(movie, fromSeconds(seconds), exchange.stream(200, headers), this.#pace(exchange));
  }

  async #givePieces(
    exchange: HttpExchange,
    { file, headers }: Found,
    { status, pieces }: { status: number; pieces: readonly Piece[] },
  ): Promise<void> {
    const all = { ...headers, 'Content-Length': sizeOf(pieces) };
    if (exchange.request.method === 'HEAD') exchange.reply(status, all);
    else await sendPieces(file, pieces, exchange.send(status, all), this.#pace(exchange));
  }

  #pace({ request: { path } }: HttpExchange) {
    return { clock: this.#host.clock, stallTime: this.#host.limits.stallTime, path };
  }

  #refuse(exchange: HttpExchange, error: SrsxError): boolean {
    const { status, headers, body } = answerTo(error);
    const { path } = exchange.request;
    // Only the operator can do something about his disk; what peers send is their own affair.
    if (error instanceof SystemError) this.#host.log.warn('http-static', 'a file cannot be served', { path, error });
    else this.#host.log.debug('http-static', () => `refused ${path}: ${error.code} ${error.message}`);
    exchange.reply(status, { ...headers, ...this.#cors(exchange) }, body);
    return true;
  }
}

/** A 304 says nothing of a body (RFC 9110 §15.4.5). */
function withoutType({ 'Content-Type': _, ...headers }: HttpHeaders): HttpHeaders {
  return headers;
}

const whole = ({ size }: FolderFile): { status: number; pieces: readonly Piece[] } => ({
  status: 200,
  pieces: [{ start: 0, end: size }],
});

// The files of the player page, read once at the start and served from memory.
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { HttpExchange } from '../wire/http/exchange.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The pages load nothing from elsewhere and may be put into no frame. */
const headers = {
  'Content-Security-Policy':
    "default-src 'self'; connect-src 'self' ws: wss: http: https:; media-src 'self' blob:; worker-src 'self' blob:; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-cache',
};

export class Pages {
  readonly #files = new Map<string, { type: string; body: Uint8Array }>();

  /** @param files URL path to file; every file is read before the server starts, so a missing one is told at once. */
  async load(files: Readonly<Record<string, string | URL>>): Promise<void> {
    for (const [path, file] of Object.entries(files)) {
      const type = types[extname(String(file))] ?? 'application/octet-stream';
      this.#files.set(path, { type, body: await readFile(file) });
    }
  }

  /** Answers when the path is one of its files. */
  serve(exchange: HttpExchange): boolean {
    const { request } = exchange;
    const file = this.#files.get(request.path);
    if (file === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
    exchange.reply(200, { ...headers, 'Content-Type': file.type }, file.body);
    return true;
  }
}

// N HLS players in one process over connections that stay: playlists and what they name, counted and thrown away.
// Usage: node hls-players.ts KIND PORT COUNT PERIOD_MS PLAYLIST [FILE]; `report` on standard input prints a line of JSON.
//   classic: the playlist every period, and each new segment once
//   low: the playlist held back until there is another part, and that part, at once again
//   timed: PLAYLIST and then FILE each period, all players at the same moment, as the answers that were held back come
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

const [kind = 'classic', port = '0', count = '1', period = '2000', playlist = '/', file = '/'] = process.argv.slice(2);
const PERIOD_MS = Number(period);
const state = { playing: 0, requests: 0, bytes: 0, bad: 0, closed: 0, late: 0 };
/** The first three bytes of a body tell a playlist, whose text is wanted, from media, which is only counted. */
const HASH = 0x23;

/** One connection, one request at a time. */
class Client {
  readonly #socket: Socket;
  #head = '';
  #left = -1;
  #text: Buffer[] = [];
  #done: ((text: string) => void) | undefined;

  constructor(opened: () => void) {
    this.#socket = connect(Number(port), '127.0.0.1', opened);
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (bytes) => this.#take(bytes));
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      state.closed++;
    });
  }

  get busy(): boolean {
    return this.#done !== undefined;
  }

  get(path: string, done: (text: string) => void): void {
    this.#done = done;
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n`);
  }

  #take(bytes: Buffer): void {
    state.bytes += bytes.length;
    let body = bytes;
    if (this.#left < 0) {
      this.#head += bytes.toString('latin1', 0, Math.min(bytes.length, 2048));
      const end = this.#head.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!this.#head.startsWith('HTTP/1.1 200')) state.bad++;
      this.#left = Number(/content-length: *(\d+)/i.exec(this.#head)?.[1] ?? 0);
      body = bytes.subarray(end + 4);
      this.#head = '';
    }
    this.#left -= body.length;
    if (this.#text.length > 0 || body[0] === HASH) this.#text.push(body);
    if (this.#left <= 0) this.#finish();
  }

  #finish(): void {
    const { length } = this.#text;
    const text =
      length === 0 ? '' : (length === 1 ? (this.#text[0] as Buffer) : Buffer.concat(this.#text)).toString('latin1');
    const done = this.#done;
    this.#text = [];
    this.#left = -1;
    this.#done = undefined;
    state.requests++;
    done?.(text);
  }
}

const beside = (path: string, uri: string): string =>
  uri.startsWith('/') ? uri : path.slice(0, path.lastIndexOf('/') + 1) + uri;

/** The playlist of the session: the answer itself when it is one already. */
function begin(client: Client, then: (path: string, text: string) => void): void {
  client.get(playlist, (text) => {
    state.playing++;
    if (!text.includes('#EXT-X-STREAM-INF')) then(playlist, text);
    else then(beside(playlist, text.trim().split('\n').at(-1) ?? ''), '');
  });
}

const lastLine = (text: string): string => text.slice(text.lastIndexOf('\n', text.length - 2) + 1).trim();

function playClassic(client: Client): void {
  begin(client, (path) => {
    let newest = '';
    setInterval(() => {
      if (client.busy) {
        state.late++;
        return;
      }
      client.get(path, (text) => {
        const uri = lastLine(text);
        if (uri === newest) return;
        newest = uri;
        client.get(beside(path, uri), () => undefined);
      });
    }, PERIOD_MS);
  });
}

/** The part that comes next, as `msn` and `part`, and the newest one that is there. */
function parseLow(text: string): { msn: string; part: string; newest: string } {
  const hint = /PRELOAD-HINT:TYPE=PART,URI="[^"]*-(\d+)\.(\d+)\.m4s/.exec(text.slice(-400));
  const at = text.lastIndexOf('#EXT-X-PART:');
  return { msn: hint?.[1] ?? '0', part: hint?.[2] ?? '0', newest: /URI="([^"]+)"/.exec(text.slice(at))?.[1] ?? '' };
}

function playLow(client: Client): void {
  begin(client, (path) => {
    const mark = path.includes('?') ? '&' : '?';
    const follow = (text: string): void => {
      const { msn, part, newest } = parseLow(text);
      const next = (): void => client.get(`${path}${mark}_HLS_msn=${msn}&_HLS_part=${part}`, follow);
      if (newest === '') setTimeout(next, PERIOD_MS);
      else client.get(beside(path, newest), next);
    };
    client.get(path, follow);
  });
}

function playTimed(clients: readonly Client[]): void {
  setInterval(() => {
    for (const client of clients) {
      if (client.busy) state.late++;
      else client.get(playlist, () => client.get(file, () => undefined));
    }
  }, PERIOD_MS);
}

const timed: Client[] = [];
/** Spread over the period, so that classic players come at any time. */
const ramp = Math.max(1, PERIOD_MS / Number(count));
for (let i = 0; i < Number(count); i++) {
  setTimeout(() => {
    const client = new Client(() => {
      if (kind === 'classic') playClassic(client);
      else if (kind === 'low') playLow(client);
      else {
        state.playing++;
        timed.push(client);
      }
    });
  }, i * ramp);
}
if (kind === 'timed') playTimed(timed);
createInterface({ input: process.stdin })
  .on('line', () => console.log(JSON.stringify(state)))
  .on('close', () => process.exit(0));

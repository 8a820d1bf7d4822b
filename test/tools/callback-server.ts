// A callback server as SRS users write them: records every request, answers as the test says, well or badly.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEnd } from './interop.ts';

/** One request of a hook. */
export interface HookRequest {
  readonly method: string;
  /** Path with its query. */
  readonly url: string;
  /** Names and values as they came, in their order. */
  readonly rawHeaders: readonly string[];
  readonly text: string;
  /** The body, when it is JSON. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** What the server does with a request. */
export type Behaviour =
  | { readonly status?: number; readonly text: string }
  | 'hang'
  | 'reset'
  | 'gigabyte'
  | 'redirect'
  | 'slow head';

export const yes: Behaviour = { text: '0' };
export const no: Behaviour = { text: '{"code":1}' };

export interface CallbackServer {
  /** Without a path. */
  readonly url: string;
  readonly requests: HookRequest[];
  /** Of each request; may be set again. */
  answer: (request: HookRequest) => Behaviour;
  /** Connections that are open. */
  readonly open: number;
  /** Bytes of gigabytes that were taken off our hands. */
  readonly taken: number;
  /** The values of `action`, in order. */
  readonly actions: readonly string[];
  named(action: string): readonly HookRequest[];
}

/** Listens on a free loopback port until the tests of the file are over. */
export async function callbackServer(answer: (request: HookRequest) => Behaviour = () => yes): Promise<CallbackServer> {
  const requests: HookRequest[] = [];
  let taken = 0;
  const server = createServer((incoming, response) => {
    void take(incoming).then((request) => {
      requests.push(request);
      behave(self.answer(request), incoming, response, (bytes) => {
        taken += bytes;
      });
    });
  });
  const sockets = new Set<object>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  const self: CallbackServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer,
    get open() {
      return sockets.size;
    },
    get taken() {
      return taken;
    },
    get actions() {
      return requests.map(({ body }) => String(body['action']));
    },
    named: (action) => requests.filter(({ body }) => body['action'] === action),
  };
  return self;
}

async function take(incoming: IncomingMessage): Promise<HookRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const { method = '', url = '', rawHeaders } = incoming;
  return { method, url, rawHeaders, text, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

function behave(
  behaviour: Behaviour,
  { socket, url = '' }: IncomingMessage,
  response: ServerResponse,
  took: (bytes: number) => void,
): void {
  switch (behaviour) {
    case 'hang':
      return;
    case 'reset':
      socket.resetAndDestroy();
      return;
    case 'slow head':
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\n');
      return;
    case 'redirect':
      response.writeHead(302, { Location: `${url}/elsewhere` }).end();
      return;
    case 'gigabyte':
      response.writeHead(200);
      pour(response, 1024, took);
      return;
    default:
      response.writeHead(behaviour.status ?? 200).end(behaviour.text);
  }
}

/** Megabytes until nobody takes them any more. */
function pour(response: ServerResponse, megabytes: number, took: (bytes: number) => void): void {
  if (megabytes === 0 || response.destroyed) return;
  const piece = Buffer.alloc(1024 * 1024, 0x20);
  response.write(piece, (error) => {
    if (error !== null && error !== undefined) return;
    took(piece.length);
    pour(response, megabytes - 1, took);
  });
}

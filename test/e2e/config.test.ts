// Servers by SRS's configuration, side by side in one process, on ports of their own.
import { expect, it } from 'vitest';
import { createEngine, Log, loadConfig, planServe, type Server, silentLog } from '../../src/core/index.ts';
import { atEnd, until } from '../tools/interop.ts';

const read = (): string => {
  throw new Error('no file');
};

async function serveBy(source: { text?: string; environment?: Record<string, string>; environmentOnly?: boolean }) {
  const plan = planServe(loadConfig({ read, ...source }));
  const engine = createEngine({ log: silentLog, limits: plan.limits });
  const server = await engine.serve(plan.settings);
  return { engine, server };
}

const names = ({ listeners }: Server): string[] => listeners.map(({ name }) => name);
const portOf = ({ listeners }: Server, name: string): number | undefined =>
  listeners.find((listener) => listener.name === name)?.address.port;

it('one by a file and one by variables alone, each with what it names and nothing else', async () => {
  const byFile = await serveBy({
    text: `listen 127.0.0.1:0; http_api { enabled on; listen 127.0.0.1:0; }
      vhost __defaultVhost__ { hls { enabled on; } }`,
  });
  const byVariables = await serveBy({
    environmentOnly: true,
    environment: {
      SRS_LISTEN: '127.0.0.1:0 127.0.0.1:0',
      SRS_HTTP_SERVER_ENABLED: 'on',
      SRS_HTTP_SERVER_LISTEN: '127.0.0.1:0',
    },
  });

  expect(names(byFile.server)).toEqual(['rtmp', 'api']);
  expect(names(byVariables.server)).toEqual(['rtmp', 'rtmp', 'http']);
  const answer = await fetch(`http://127.0.0.1:${portOf(byFile.server, 'api')}/api/v1/versions`);
  expect(await answer.json()).toMatchObject({ code: 0 });

  for (const { engine, server } of [byFile, byVariables]) {
    await server.close();
    engine.close();
  }
});

it('nothing listens when nothing is named', async () => {
  const { engine, server } = await serveBy({ environmentOnly: true });

  expect(server.listeners).toEqual([]);

  await server.close();
  engine.close();
});

it('the API answers at the HTTP port when it has no other', async () => {
  const engine = createEngine({ log: silentLog });
  const local = { listen: ['127.0.0.1:0'] };
  const server = await engine.serve({ rtmp: local, http: local, api: { listen: [] }, apiOnHttp: true });
  const at = `http://127.0.0.1:${portOf(server, 'http')}`;

  expect(names(server)).toEqual(['rtmp', 'http']);
  expect(await (await fetch(`${at}/api/v1/streams/`)).json()).toMatchObject({ code: 0, streams: [] });
  expect((await fetch(`${at}/nothing`)).status).toBe(404);

  await server.close();
  engine.close();
});

it('lines for sessions that go on are in the log, unless whoever starts the server wants none', async () => {
  const text = 'pithy_print_ms 1; vhost __defaultVhost__ { }';
  const serve = async (statusLines: boolean): Promise<string[]> => {
    const lines: string[] = [];
    const engine = createEngine({ log: new Log(({ topic }) => lines.push(topic)) });
    const server = await engine.serve({ config: loadConfig({ read, text }), statusLines });
    atEnd(async () => {
      await server.close();
      engine.close();
    });
    server.host.sessions.open(
      {
        ...{ protocol: 'x', type: 'x-play', publish: false, peer: { host: '192.0.2.1', port: 1 }, shownName: 'a' },
        ...{ name: { vhost: '__defaultVhost__', app: 'live', stream: 'a' }, tcUrl: '', pageUrl: '', swfUrl: '' },
        end: () => undefined,
      },
      {},
    );
    return lines;
  };
  const [without, with_] = [await serve(false), await serve(true)];

  await until('two lines', () => with_.filter((topic) => topic === 'status').length === 2);

  expect(without).not.toContain('status');
});

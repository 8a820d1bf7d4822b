// Forwards between real servers, with FFmpeg at both ends.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { confServer } from '../tools/conf-server.ts';
import { atEnd, codecsOf, describeWith, sources, start, type TestServer, testServer, until } from '../tools/interop.ts';

const find = (server: TestServer, name: string) =>
  [...server.host.hub.streams()].find(({ name: { stream }, published }) => stream === name && published);

const place = ({ rtmp }: TestServer): string => rtmp.replace('rtmp://', '');

/** In an object: a child is a promise of its own end. */
async function publish(server: TestServer, name: string) {
  const file = await sources.h264Aac();
  const to = `${server.rtmp}/live/${name}`;
  return { child: start('ffmpeg', ['-re', '-stream_loop', '-1', '-i', file, '-c', 'copy', '-f', 'flv', to]) };
}

interface Forward {
  readonly state: string;
  readonly url: string;
  readonly last_error: string | null;
}

async function forwards(server: TestServer): Promise<Forward[]> {
  const answer = await fetch(`${server.api}/api/srsx/v1/programs`);
  return ((await answer.json()) as { forwards: Forward[] }).forwards;
}

describeWith(['ffmpeg', 'ffprobe'], 'forward', () => {
  it('reaches two servers with parameters, comes back after a cut, and changes by a reload', async () => {
    const [b, c] = [await testServer(), await testServer()];
    const forward = (...to: TestServer[]): string =>
      `vhost __defaultVhost__ { forward { enabled on; destination ${to.map(place).join(' ')}; } }`;
    const a = await confServer(forward(b, c));
    const { child } = await publish(a, 'one?token=x');
    await until('both have it', () => find(b, 'one') !== undefined && find(c, 'one') !== undefined);

    expect(await codecsOf(`${c.rtmp}/live/one`)).toEqual(['aac', 'h264']);
    const [session] = [...b.host.sessions.list()];
    expect(session?.info.param).toBe('?token=x');
    await until('the API says so', async () => (await forwards(a)).every(({ state }) => state === 'running'));

    b.host.sessions.kick(session?.id ?? '');
    await until('it is away', () => find(b, 'one') === undefined);
    await until('it is back', () => find(b, 'one') !== undefined);

    await a.change(forward(c));
    await until('it is taken away', () => find(b, 'one') === undefined);
    expect(find(c, 'one')?.published).toBe(true);

    child.kill('SIGTERM');
    await until('it ends with the publisher', () => find(c, 'one') === undefined);
    expect(await forwards(a)).toEqual([]);
  });

  it('goes where a backend says', async () => {
    const target = await testServer();
    const bodies: string[] = [];
    const backend = createServer((request, response) => {
      request.on('data', (data) => bodies.push(String(data)));
      request.on('end', () => response.end(JSON.stringify({ code: 0, data: { urls: [`${target.rtmp}/x/y`] } })));
    });
    await new Promise<void>((done) => backend.listen(0, '127.0.0.1', done));
    atEnd(() => void backend.close());
    const { port } = backend.address() as AddressInfo;
    const server = await confServer(
      `vhost __defaultVhost__ { forward { enabled on; destination 127.0.0.1:1; backend http://127.0.0.1:${port}/f; } }`,
    );
    await publish(server, 'two');
    await until('it is there', () => find(target, 'y') !== undefined);

    expect(JSON.parse(bodies.join(''))).toMatchObject({ action: 'on_forward', app: 'live', stream: 'two' });
  });

  it('between two servers that forward to each other does not run in circles', async () => {
    const a = await confServer('vhost __defaultVhost__ { }');
    const b = await confServer(`vhost __defaultVhost__ { forward { enabled on; destination ${place(a)}; } }`);
    await a.change(`vhost __defaultVhost__ { forward { enabled on; destination ${place(b)} ${place(a)}; } }`);
    await publish(a, 'loop');
    await until('b has it', () => find(b, 'loop') !== undefined);
    await until('b waits for a', async () => (await forwards(b)).some(({ state }) => state === 'waiting'));

    expect((await forwards(a)).map(({ url }) => url)).toEqual([`${b.rtmp}/live/loop`]);
    expect([a.host.hub.size, b.host.hub.size]).toEqual([1, 1]);
  });
});

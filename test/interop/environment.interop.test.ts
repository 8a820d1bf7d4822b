// Servers by variables of the environment alone, started as a script starts SRS: the built program with -e, variables with
// SRS's names, a working directory for each. Real clients publish and play; two servers run side by side.
import { createSocket } from 'node:dgram';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { type Running, start as startProgram } from '../cli/run.ts';
import { type Child, codecsOf, describeWith, sources, start, until } from '../tools/interop.ts';

const names = ['rtmp', 'http', 'api', 'exporter', 'srt'] as const;
type Ports = Readonly<Record<(typeof names)[number], number>>;

interface Machine {
  readonly folder: string;
  readonly ports: Ports;
  readonly server: Running;
}

const machines: Machine[] = [];

afterAll(async () => {
  for (const { server } of machines) server.signal('SIGKILL');
  await Promise.all(machines.map(({ server }) => server.ended));
  for (const { folder } of machines) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Ports of TCP and UDP that were free a moment ago; all are held until the last is found, so that no two are one. */
async function freePorts(): Promise<Ports> {
  const held = await Promise.all(names.map((name) => (name === 'srt' ? udpPort() : tcpPort())));
  for (const { free } of held) free();
  return Object.fromEntries(names.map((name, at) => [name, held[at]?.port])) as Ports;
}

async function tcpPort(): Promise<{ port: number; free: () => void }> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, free: () => void server.close() };
}

async function udpPort(): Promise<{ port: number; free: () => void }> {
  const socket = createSocket('udp4');
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  return { port: socket.address().port, free: () => void socket.close() };
}

/** What both servers are told; only the ports differ. */
const common = (ports: Ports): Record<string, string> => ({
  SRS_LISTEN: String(ports.rtmp),
  SRS_MAX_CONNECTIONS: '200',
  SRS_HTTP_SERVER_ENABLED: 'on',
  SRS_HTTP_SERVER_LISTEN: String(ports.http),
  SRS_HTTP_API_ENABLED: 'on',
  SRS_HTTP_API_LISTEN: String(ports.api),
  SRS_HTTP_API_AUTH_ENABLED: 'on',
  SRS_HTTP_API_AUTH_USERNAME: 'admin',
  SRS_HTTP_API_AUTH_PASSWORD: 'a:b c',
  SRS_EXPORTER_ENABLED: 'on',
  SRS_EXPORTER_LISTEN: String(ports.exporter),
  SRS_SRT_SERVER_ENABLED: 'on',
  SRS_SRT_SERVER_LISTEN: String(ports.srt),
  SRS_SRT_SERVER_TLPKTDROP: 'off',
  SRS_VHOST_SRT_ENABLED: 'on',
  SRS_VHOST_SRT_SRT_TO_RTMP: 'on',
  SRS_VHOST_PLAY_MW_LATENCY: '100',
  SRS_VHOST_DVR_ENABLED: 'on',
  SRS_VHOST_DVR_DVR_PLAN: 'session',
});

/** @param more variables beside the common ones; an object without them is a server like the others. */
async function machine(more: Readonly<Record<string, string>>): Promise<Machine> {
  const folder = mkdtempSync(join(tmpdir(), 'srsx-env-'));
  const ports = await freePorts();
  const server = startProgram(['serve', '-e'], { env: { ...common(ports), ...more }, cwd: folder });
  const made = { folder, ports, server };
  machines.push(made);
  await until('the server', async () => (await ask(made, '/api/v1/versions', 'admin:a:b c')) === 200);
  return made;
}

async function ask({ ports }: Machine, path: string, credential?: string): Promise<number> {
  const headers: Record<string, string> =
    credential === undefined ? {} : { Authorization: `Basic ${Buffer.from(credential).toString('base64')}` };
  try {
    return (await fetch(`http://127.0.0.1:${ports.api}${path}`, { headers })).status;
  } catch {
    // Not up yet.
    return 0;
  }
}

const publish = (source: string, url: string, format: string): Child =>
  start('ffmpeg', [...'-loglevel error -re -i'.split(' '), source, ...`-c copy -f ${format}`.split(' '), url]);

/** As ffprobe finds them at a URL. */
const probe = async (url: string): Promise<string> => (await codecsOf(url)).join(' ');

/** Asks again while nobody publishes there yet. */
async function eventually(url: string): Promise<string> {
  let found = '';
  await until(url, async () => {
    found = await probe(url).catch(() => '');
    return found !== '';
  });
  return found;
}

const flv = {
  SRS_VHOST_HTTP_REMUX_ENABLED: 'on',
  SRS_VHOST_HTTP_REMUX_MOUNT: '[vhost]/[app]/[stream].flv',
  SRS_VHOST_HLS_ENABLED: 'on',
  SRS_VHOST_HLS_HLS_FRAGMENT: '2',
  SRS_VHOST_HLS_HLS_WINDOW: '20',
  SRS_VHOST_DVR_DVR_PATH: './objs/nginx/html/[app]/[stream].[timestamp].flv',
};

describeWith(['ffmpeg', 'ffprobe'], 'a server by variables alone', () => {
  it('has RTMP, HTTP-FLV, HLS, DVR, SRT, API and exporter, and so has another one beside it', async () => {
    const [one, two] = await Promise.all([machine(flv), machine(flv)]);
    const source = await sources.h264Aac();
    const { ports } = one;
    const publishers = [
      publish(source, `rtmp://127.0.0.1:${ports.rtmp}/live/one`, 'flv'),
      publish(source, `rtmp://127.0.0.1:${two.ports.rtmp}/live/two`, 'flv'),
      publish(source, `srt://127.0.0.1:${ports.srt}?streamid=#!::r=live/by-srt,m=publish`, 'mpegts'),
    ];

    const places = [
      `rtmp://127.0.0.1:${ports.rtmp}/live/one`,
      `http://127.0.0.1:${ports.http}/live/one.flv`,
      `http://127.0.0.1:${ports.http}/live/one.m3u8`,
      `rtmp://127.0.0.1:${two.ports.rtmp}/live/two`,
      `http://127.0.0.1:${ports.http}/live/by-srt.flv`,
      `srt://127.0.0.1:${ports.srt}?streamid=#!::r=live/by-srt,m=request`,
    ];
    expect(await Promise.all(places.map(eventually))).toEqual(places.map(() => 'aac h264'));
    expect((await fetch(`http://127.0.0.1:${two.ports.http}/live/one.m3u8`)).status).toBe(404);
    const metrics = await (await fetch(`http://127.0.0.1:${ports.exporter}/metrics`)).text();
    expect(metrics).toMatch(/^srs_streams\S* 2$/m);

    await Promise.all(publishers);
    for (const { folder, name } of [
      { ...one, name: 'one' },
      { ...two, name: 'two' },
    ]) {
      const recorded = join(folder, 'objs/nginx/html/live');
      await until('the recording', () => readdirSync(recorded).some((file) => /\.\d+\.flv$/.test(file)));
      const file = readdirSync(recorded).find((one) => one.startsWith(`${name}.`) && one.endsWith('.flv')) ?? '';
      expect(await probe(join(recorded, file))).toBe('aac h264');
    }
    expect(readdirSync(join(two.folder, 'objs/nginx/html/live')).join()).not.toContain('one');
  });

  it('asks for the credential at its API, whose parts are all behind it', async () => {
    const server = machines[0] ?? (await machine(flv));

    for (const path of ['/api/v1/summaries', '/api/v1/streams/', '/api/v1/clients/', '/api/srsx/v1/settings/']) {
      expect([path, await ask(server, path)]).toEqual([path, 401]);
      expect([path, await ask(server, path, 'admin:wrong')]).toEqual([path, 401]);
      expect([path, await ask(server, path, 'admin:a:b c')]).toEqual([path, 200]);
    }
  });

  it('has HTTP-TS, and records MP4', async () => {
    const server = await machine({
      SRS_VHOST_HTTP_REMUX_ENABLED: 'on',
      SRS_VHOST_HTTP_REMUX_MOUNT: '[vhost]/[app]/[stream].ts',
      SRS_VHOST_DVR_DVR_PATH: './rec/[app]/[stream].[timestamp].mp4',
    });
    const publisher = publish(await sources.h264Aac(), `rtmp://127.0.0.1:${server.ports.rtmp}/live/a`, 'flv');

    expect(await eventually(`http://127.0.0.1:${server.ports.http}/live/a.ts`)).toBe('aac h264');

    await publisher;
    const recorded = join(server.folder, 'rec/live');
    await until('the recording', () => readdirSync(recorded).some((file) => /^a\.\d+\.mp4$/.test(file)));
    expect(await probe(join(recorded, readdirSync(recorded)[0] ?? ''))).toBe('aac h264');
  });

  it('has HTTP-MP3', async () => {
    const server = await machine({
      SRS_VHOST_HTTP_REMUX_ENABLED: 'on',
      SRS_VHOST_HTTP_REMUX_MOUNT: '[vhost]/[app]/[stream].mp3',
    });
    void publish(await sources.h264Mp3(), `rtmp://127.0.0.1:${server.ports.rtmp}/live/a`, 'flv');

    expect(await eventually(`http://127.0.0.1:${server.ports.http}/live/a.mp3`)).toBe('mp3');
    expect(await eventually(`rtmp://127.0.0.1:${server.ports.rtmp}/live/a`)).toBe('h264 mp3');
  });
});

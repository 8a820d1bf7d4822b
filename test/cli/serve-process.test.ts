// A server as a process by SRS's configuration: reload, log, pid file, graceful quit, and a link named srs.
import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from '../../scripts/run.ts';
import { demoSample } from '../../src/cli/assets.ts';
import { wantsBackground } from '../../src/cli/background.ts';
import { settingsOf } from '../../src/core/control/config/settings.ts';
import { until } from '../tools/interop.ts';
import { freePort } from '../tools/ports.ts';
import { type Running, start } from './run.ts';

let directory: string;
let running: Running[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'srsx-serve-'));
  running = [];
});

afterEach(async () => {
  for (const server of running) server.signal('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  rmSync(directory, { recursive: true });
});

const path = (name: string): string => join(directory, name);
const log = (name = 'srs.log'): string => readFileSync(path(name), 'utf8');

function write(lines: string): void {
  writeFileSync(
    path('srs.conf'),
    `work_dir "${directory}"; pid ./srs.pid; srs_log_tank file; srs_log_file ./srs.log;
     grace_start_wait 1; grace_final_wait 1;\n${lines}`,
  );
}

/** The server, up. */
async function serve(): Promise<Running> {
  const server = start(['serve', '-c', path('srs.conf')]);
  running.push(server);
  await server.firstLine;
  return server;
}

const minimal = 'listen 127.0.0.1:0; vhost __defaultVhost__ { }';

describe('SIGHUP', () => {
  it('puts a changed configuration in force, a new address included', async () => {
    write(minimal);
    const server = await serve();
    const port = await freePort();
    write(`${minimal.replace('{ }', '{ hls { hls_fragment 3; } }')}
      http_api { enabled on; listen 127.0.0.1:${port}; }`);

    server.signal('SIGHUP');
    await until('a reload', () => log().includes('reloaded'));

    expect(log()).toContain('vhost __defaultVhost__: vhost.hls.hls_fragment 10 -> 3');
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/versions`);
    expect(answer.status).toBe(200);
  });

  it('keeps what is in force when the configuration is wrong, and says why', async () => {
    const port = await freePort();
    const api = `http_api { enabled on; listen 127.0.0.1:${port}; }`;
    write(minimal + api);
    const server = await serve();
    write(`${minimal}${api.replace('listen', 'listten')}`);

    server.signal('SIGHUP');
    await until('a refusal', () => log().includes('not reloaded'));

    expect(log()).toMatch(
      /\[ERROR\]\[\d+\]\[-\]\[0\] config: not reloaded.*srs\.conf:\d+: "listten" is not a directive/,
    );
    expect((await fetch(`http://127.0.0.1:${port}/api/v1/versions`)).status).toBe(200);
  });
});

it('SIGUSR1 opens the log again after it was moved away, and opens no port of a debugger', async () => {
  write(minimal);
  const server = await serve();
  await until('the log', () => log().includes('listens'));
  renameSync(path('srs.log'), path('old.log'));

  server.signal('SIGUSR1');
  await until('a line in the new file', () => {
    server.signal('SIGHUP');
    try {
      return log().includes('reloaded');
    } catch {
      // Not opened yet.
      return false;
    }
  });
  server.signal('SIGTERM');

  expect((await server.ended).stderr).toBe('');
});

describe('the pid file', () => {
  it('is there while the server runs, with an id that the next one has again', async () => {
    write(minimal);
    const first = await serve();
    expect(Number(readFileSync(path('srs.pid'), 'utf8'))).toBeGreaterThan(0);
    const id = readFileSync(path('srs.id'), 'utf8');

    first.signal('SIGTERM');
    await first.ended;
    await serve();

    expect(id).toMatch(/^vid-[0-9a-z]{7}$/);
    expect(readFileSync(path('srs.id'), 'utf8')).toBe(id);
  });

  it('refuses a second server', async () => {
    write(minimal);
    await serve();

    const second = await start(['serve', '-c', path('srs.conf')]).ended;

    expect(second.code).toBe(3);
    expect(second.stderr).toContain('a server runs already');
  });
});

describe('the end', () => {
  it('comes with SIGQUIT when nobody is there', async () => {
    write(minimal);
    const server = await serve();

    server.signal('SIGQUIT');

    expect((await server.ended).code).toBe(0);
    expect(log()).toContain('quits when everybody has left');
  });

  it('comes with SIGTERM when nobody is there and the configuration wants it graceful', async () => {
    write(`${minimal} force_grace_quit on;`);
    const server = await serve();

    server.signal('SIGTERM');

    expect((await server.ended).code).toBe(0);
    expect(log()).toContain('quits when everybody has left');
  });

  /** A server with a publisher. */
  async function served(directives: string): Promise<{ server: Running; publisher: Running }> {
    const port = await freePort();
    write(`listen 127.0.0.1:${port}; ${directives} vhost __defaultVhost__ { }`);
    const server = await serve();
    const publisher = start(['relay', demoSample, `rtmp://127.0.0.1:${port}/live/a`, '--loop', '--pace', 'realtime']);
    running.push(publisher);
    await until('a publisher', () => log().includes('publish /live/a'));
    return { server, publisher };
  }

  const waiting = (): Promise<void> => until('a wait', () => log().includes('waits for 1 sessions to end'));

  it.each([
    ['SIGQUIT', ''],
    ['SIGTERM', 'force_grace_quit on;'],
  ] as const)('comes with %s when the last one has left', async (signal, directives) => {
    const { server, publisher } = await served(directives);

    server.signal(signal);
    await waiting();
    publisher.signal('SIGINT');

    // It was not dropped before: that would be a failure of its own.
    expect((await publisher.ended).code).toBe(130);
    expect((await server.ended).code).toBe(0);
  });

  it.each([
    ['SIGQUIT', 'SIGQUIT'],
    ['SIGTERM', 'SIGTERM'],
    ['SIGQUIT', 'SIGTERM'],
    ['SIGTERM', 'SIGINT'],
  ] as const)('comes with %s and then %s at once, whoever is there', async (first, second) => {
    const { server, publisher } = await served('force_grace_quit on;');

    server.signal(first);
    await waiting();
    server.signal(second);

    expect((await server.ended).code).toBe(0);
    expect((await publisher.ended).code).not.toBe(130);
  });

  it('comes with SIGTERM at once, whoever is there, unless the configuration wants it graceful', async () => {
    const { server, publisher } = await served('');

    server.signal('SIGTERM');

    expect((await server.ended).code).toBe(0);
    expect((await publisher.ended).code).not.toBe(130);
  });
});

it('a link named srs takes the command line of SRS', async () => {
  write(minimal);
  symlinkSync(join(root, 'bin/run.js'), path('srs'));
  const srs = (...args: string[]) => start(args, { program: path('srs') }).ended;

  expect((await srs('-v')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect((await srs('-g')).stdout).toMatch(/^SRS\/\d/);
  expect(await srs('-t', '-c', path('srs.conf'))).toMatchObject({ code: 0 });
  expect((await srs()).stdout).toContain('$ srsx serve');
});

describe('in the background', () => {
  const pid = (): number => Number(readFileSync(path('srs.pid'), 'utf8'));
  const isThere = (one: number): boolean => {
    try {
      return process.kill(one, 0);
    } catch {
      return false;
    }
  };

  it('the command ends when the server is up, which goes on without it and ends by its pid', async () => {
    const port = await freePort();
    write(
      `daemon on; listen 127.0.0.1:0; http_api { enabled on; listen 127.0.0.1:${port}; } vhost __defaultVhost__ { }`,
    );
    const command = start(['serve', '-c', path('srs.conf')]);

    const { code, stderr } = await command.ended;
    const server = pid();
    try {
      expect([code, stderr]).toEqual([0, '']);
      const { data } = (await (await fetch(`http://127.0.0.1:${port}/api/v1/summaries`)).json()) as {
        data: { self: { pid: number } };
      };
      expect(data.self.pid).toBe(server);
      expect(log()).toContain('rtmp listens at');
    } finally {
      process.kill(server, 'SIGTERM');
    }
    await until('its end', () => !isThere(server));
  });

  it('its pid and its log are where SRS has them, when nobody says where', async () => {
    writeFileSync(path('srs.conf'), `daemon on; work_dir "${directory}"; ${minimal}`);

    const { code } = await start(['serve', '-c', path('srs.conf')]).ended;
    const server = Number(readFileSync(path('objs/srs.pid'), 'utf8'));
    process.kill(server, 'SIGTERM');
    await until('its end', () => !isThere(server));

    expect(code).toBe(0);
    expect(log('objs/srs.log')).toContain('rtmp listens at');
  });

  it('a server that cannot start says why, and the command ends with its code', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    write(`daemon on; listen 127.0.0.1:${port}; vhost __defaultVhost__ { }`);

    const { code, stderr } = await start(['serve', '-c', path('srs.conf')]).ended;
    taken.close();

    expect(code).toBe(5);
    expect(stderr).toContain(String(port));
  });

  it.each([
    ['daemon off;', 100, false],
    ['', 100, false],
    ['daemon on;', 100, true],
    ['daemon on; in_docker on;', 100, false],
    ['daemon on; in_docker on; disable_daemon_for_docker off;', 100, true],
    ['daemon on;', 1, false],
  ])('%j for process %i: %s', (text, id, wanted) => {
    expect(wantsBackground(settingsOf(`${text} vhost v {}`).config, id)).toBe(wanted);
  });
});

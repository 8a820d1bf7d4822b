// What a server without flags and without a configuration shows to the network: run in a network namespace of its own, where
// SRS's ports are free and an address stands for the network. Prints one JSON object; see test/e2e/default-install.test.ts.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [program = '', network = '', folder = '.', ...args] = process.argv.slice(2);

/** `tcp 0.0.0.0:1935` for each socket that listens (proc(5), /proc/net/tcp: state 0A). */
function listening(): string[] {
  return ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((kind) =>
    readFileSync(join('/proc/net', kind), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state]) => kind.startsWith('udp') || state === '0A')
      .map(([, local = '']) => `${kind} ${address(local)}`),
  );
}

/** Hexadecimal, four bytes at a time in the order of the machine. */
function address(hex: string): string {
  const [host = '', port = ''] = hex.split(':');
  const shown =
    host.length === 8
      ? (host.match(/../g) ?? [])
          .reverse()
          .map((byte) => Number.parseInt(byte, 16))
          .join('.')
      : host;
  return `${shown}:${Number.parseInt(port, 16)}`;
}

async function ask(url: string, method: string): Promise<string> {
  try {
    const signal = AbortSignal.timeout(3000);
    const body = method === 'POST' || method === 'PUT' ? 'v=0' : null;
    const answer = await fetch(url, { method, signal, redirect: 'manual', body });
    const text = method === 'GET' ? (await answer.text()).slice(0, 300) : '';
    return `${answer.status} ${text}`.trim();
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    return String(cause?.code ?? error);
  }
}

const server: ChildProcess = spawn(process.execPath, [program, 'serve', ...args], { cwd: folder });
let said = '';
server.stdout?.on('data', (text) => {
  said += String(text);
});
server.stderr?.on('data', (text) => {
  said += String(text);
});
const patience = performance.now() + 20_000;
// Doors are opened one after the other, the API's last.
while (!listening().some((one) => one.endsWith(':1985')) && performance.now() < patience) {
  await new Promise((done) => setTimeout(done, 50));
}

const paths: readonly (readonly [method: string, path: string])[] = [
  ...['/api/v1/versions', '/api/v1/streams/', '/api/v1/clients/', '/api/v1/summaries', '/api/v1/raw?rpc=reload'].map(
    (path) => ['GET', path] as const,
  ),
  ['HEAD', '/api/v1/events'],
  ...['/api/srsx/v1/settings/', '/api/srsx/v1/programs', '/metrics', '/console/'].map((path) => ['GET', path] as const),
  ['DELETE', '/api/v1/clients/x'],
  ['GET', '/api/v1/clients/x?callback=f&method=DELETE'],
  ['PUT', '/api/srsx/v1/settings/vhost.hls.hls_fragment'],
  ['POST', '/rtc/v1/whip/?app=live&stream=a'],
  ['POST', '/rtc/v1/publish/'],
  ['DELETE', '/rtc/v1/whip/x?session=y'],
  ['PUT', '/index.html'],
  ['DELETE', '/index.html'],
];
const answers: Record<string, string> = {};
for (const host of [network, '127.0.0.1']) {
  for (const port of [8080, 1985]) {
    for (const [method, path] of paths) {
      answers[`${method} ${host}:${port}${path}`] = await ask(`http://${host}:${port}${path}`, method);
    }
  }
}
process.stdout.write(JSON.stringify({ listening: listening().toSorted(), answers, said }));
server.kill('SIGKILL');

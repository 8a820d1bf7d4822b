// The route alone: what it takes, what it leaves to others, and its bounds.
import { expect, it } from 'vitest';
import { utf8 } from '../../../../src/core/base/bytes.ts';
import type { Folder } from '../../../../src/core/control/host.ts';
import { netErrors } from '../../../../src/core/net/index.ts';
import { httpStatic } from '../../../../src/core/protocols/http-static/index.ts';
import type { HttpExchange } from '../../../../src/core/wire/http/exchange.ts';
import { MemoryFolder } from '../../../tools/memory-folder.ts';
import { type AskOptions, FakeExchange, publish, settled, setUp } from '../http-flv/fakes.ts';

async function world({ openFiles = 10, folder = new MemoryFolder('html') as Folder } = {}) {
  const { host, hub, lines } = await setUp({ net: { folder: () => folder } });
  const routes: ((exchange: HttpExchange) => boolean | Promise<boolean>)[] = [];
  const http = {
    add: (on: (typeof routes)[number]) => {
      routes.push(on);
      return { close: () => void routes.splice(0) };
    },
  };
  await httpStatic.serve({ ...host, http }, { openFiles });
  const ask = (target: string, options?: AskOptions) => {
    const exchange = new FakeExchange(target, options);
    return { exchange, taken: Promise.resolve(routes[0]?.(exchange)) };
  };
  return { ask, hub, lines, folder };
}

it('leaves streams that are published to their protocol, and files of other names to nobody', async () => {
  const folder = new MemoryFolder('html');
  folder.files.set('live/a.flv', utf8('recorded'));
  const { ask, hub } = await world({ folder });
  expect(await ask('/live/a.flv').taken).toBe(true);
  publish({ hub });

  expect(await ask('/live/a.flv').taken).toBe(false);
  expect(await ask('/live/b.flv').taken).toBe(false);
  expect(await ask('/live/a.flv', { method: 'POST' }).taken).toBe(false);
  expect(await ask('/live/a.flv', { webSocket: true }).taken).toBe(false);
});

it('opens no more files than it may: HTTP_STATIC_BUSY', async () => {
  const folder = new MemoryFolder('html');
  folder.files.set('a.bin', new Uint8Array(1000));
  const { ask } = await world({ openFiles: 2, folder });
  const slow = [ask('/a.bin', { capacity: 10 }), ask('/a.bin', { capacity: 10 })];
  await settled();
  const third = ask('/a.bin');
  await third.taken;
  expect([third.exchange.status, third.exchange.json]).toMatchObject([503, { error: 'HTTP_STATIC_BUSY' }]);

  slow[0]?.exchange.link.onClose(undefined);
  await settled();
  const fourth = ask('/a.bin');
  await fourth.taken;
  expect(fourth.exchange.status).toBe(200);
  expect(folder.steps.filter((step) => step === 'close a.bin')).toHaveLength(2);
});

it.each([
  ['FILE_ACCESS', 403],
  ['FILES_OPEN', 503],
  ['FAILED', 500],
  ['OUTSIDE', undefined],
  ['NO_FILE', undefined],
] as const)('a disk that says %s is answered with %s', async (name, status) => {
  const folder = new MemoryFolder('html');
  folder.fault = netErrors.system(name, { at: 'html/a', why: 'broken', root: 'html' });
  const { ask, lines } = await world({ folder });
  const { exchange, taken } = ask('/a.bin');

  expect([await taken, exchange.status]).toEqual([status !== undefined, status]);
  expect(exchange.text ?? '').not.toContain('html');
  expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(name === 'NO_FILE' ? 0 : 1);
});

// Which sockets the server opens (SRS: rtc_server.listen, reuseport).
import { expect, it } from 'vitest';
import type { Address } from '../../../../src/core/base/link.ts';
import { defaults } from '../../../../src/core/protocols/webrtc/config.ts';
import { serve } from '../../../../src/core/protocols/webrtc/serve.ts';
import { World } from './world.ts';

/** Sockets that a server opens at one address. */
async function opened(settings: string) {
  const { host } = new World({ settings });
  const sockets: { at: Address; shared: boolean }[] = [];
  let open = 0;
  const net = {
    ...host.net,
    listenUdp: async (at: Address, { shared = false } = {}) => {
      sockets.push({ at, shared });
      open++;
      const local = { ...at, port: at.port === 0 ? 8123 : at.port };
      return {
        local,
        send: () => undefined,
        sendBatch: () => undefined,
        close: () => void open--,
        onDatagram: () => undefined,
      };
    },
  };
  const server = await serve({ ...host, net }, { ...defaults, listen: [{ host: '127.0.0.1', port: 0 }] });
  const listeners = server.listeners.length;
  server.close();
  return { sockets, listeners, left: open };
}

it('one for each address, which is not shared', async () => {
  expect(await opened('')).toEqual({
    ...{ listeners: 1, left: 0 },
    sockets: [{ at: { host: '127.0.0.1', port: 0 }, shared: false }],
  });
});

it('as many as reuseport says, at the port of the first one; they are one listener and close together', async () => {
  const { sockets, listeners, left } = await opened('reuseport 3;');

  expect(sockets.map(({ at: { port } }) => port)).toEqual([0, 8123, 8123]);
  expect(sockets.every(({ shared }) => shared)).toBe(true);
  expect([listeners, left]).toEqual([1, 0]);
});

it('a count without sense opens one, and never more than 64', async () => {
  expect((await opened('reuseport 0;')).sockets).toHaveLength(1);
  expect((await opened('reuseport 100000;')).sockets).toHaveLength(64);
});

// What the ends of a relay leave behind: a relay tries again for ever with one signal.
import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Port } from '../../../../src/core/base/link.ts';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import { pull, push } from '../../../../src/core/protocols/mpegts-udp/dial.ts';
import { liveName, publish, settled, setUp } from '../http-flv/fakes.ts';

async function world() {
  let open = 0;
  const listenUdp = async ({ host, port }: { host: string; port: number }): Promise<Port> => {
    open++;
    return {
      local: { host, port },
      send: () => undefined,
      sendBatch: () => undefined,
      close: () => void open--,
      onDatagram: () => undefined,
    };
  };
  const base = await setUp({ net: { listenUdp, lookup: async (name) => name } });
  const abort = new AbortController();
  const listeners = (): number => getEventListeners(abort.signal, 'abort').length;
  const shared = { signal: abort.signal, onBytes: () => undefined };
  return { ...base, abort, shared, listeners, ports: () => open };
}

const url = new URL('udp://127.0.0.1:8935');

describe('the signal of a relay', () => {
  it('is let go by a source that nothing comes from', async () => {
    const { host, clock, shared, listeners, ports } = await world();
    const pulling = pull(host, url, { on: () => undefined }, { ...shared, ready: () => Promise.resolve() });
    await settled();
    expect([listeners(), ports()]).toEqual([1, 1]);
    clock.advance(fromSeconds(60));

    await expect(pulling).rejects.toMatchObject({ code: 'UDP_NO_MEDIA' });
    expect([listeners(), ports()]).toEqual([0, 0]);
  });

  it('is let go by a target whose stream ends', async () => {
    const { host, hub, shared, listeners, ports } = await world();
    const publication = publish({ hub });
    const pushing = push(host, hub.stream(liveName), url, { ...shared, mergeWindow: 0 });
    await settled();
    expect([listeners(), ports()]).toEqual([1, 1]);
    publication.end();
    await pushing;

    expect([listeners(), ports()]).toEqual([0, 0]);
  });

  it('ends both', async () => {
    const { host, hub, abort, shared, listeners, ports } = await world();
    publish({ hub });
    const pulling = pull(host, url, { on: () => undefined }, { ...shared, ready: () => Promise.resolve() });
    const pushing = push(host, hub.stream(liveName), url, { ...shared, mergeWindow: 0 });
    await settled();
    abort.abort();
    await Promise.all([pulling, pushing]);

    expect([listeners(), ports()]).toEqual([0, 0]);
  });
});

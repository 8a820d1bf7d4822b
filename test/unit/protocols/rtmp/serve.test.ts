// Listening, the limit of connections, and the end of the server.
import { describe, expect, it } from 'vitest';
import { SystemError } from '../../../../src/core/base/errors.ts';
import type { Address, Link } from '../../../../src/core/base/link.ts';
import type { TlsFiles } from '../../../../src/core/control/host.ts';
import { rtmp } from '../../../../src/core/protocols/rtmp/index.ts';
import { FakeLink } from '../../../tools/fakes.ts';
import { World, type WorldOptions } from './world.ts';

function setUp(options: WorldOptions = {}, busy?: number) {
  const world = new World(options);
  const open: { at: Address; on: (link: Link) => void; tls: TlsFiles | undefined; closed: boolean }[] = [];
  const listenTcp = async (at: Address, on: (link: Link) => void, tls?: TlsFiles) => {
    if (at.port === busy) throw new SystemError({ code: 'TESTNET_BUSY', text: 'in use' });
    const entry = { at, on, tls, closed: false };
    open.push(entry);
    return {
      address: at,
      close: () => {
        entry.closed = true;
      },
    };
  };
  return { world, open, host: { ...world.host, net: { ...world.host.net, listenTcp } } };
}

const at = (port: number): Address => ({ host: '127.0.0.1', port });
const config = {
  ...rtmp.defaults,
  listen: [at(1), at(2)],
  tls: { listen: [at(3)], cert: 'c.pem', key: 'k.pem' },
};

describe('serve', () => {
  it('listens on all addresses, with TLS where it is asked for', async () => {
    const { host, open } = setUp();
    const server = await rtmp.serve(host, config);

    expect(open.map(({ at: { port }, tls }) => [port, tls?.cert])).toEqual([
      [1, undefined],
      [2, undefined],
      [3, 'c.pem'],
    ]);
    expect(server.listeners.map(({ address }) => address.port)).toEqual([1, 2, 3]);
  });

  it('closes what it opened when an address is not free', async () => {
    const { host, open } = setUp({}, 2);

    await expect(rtmp.serve(host, config)).rejects.toMatchObject({ code: 'TESTNET_BUSY' });

    expect(open.map(({ closed }) => closed)).toEqual([true]);
  });

  it('refuses connections above the limit (RTMP_SESSIONS), and accepts again when one has left', async () => {
    const { host, open } = setUp({ limits: { sessions: 1 } });
    await rtmp.serve(host, config);
    const links = [new FakeLink(), new FakeLink(), new FakeLink()];
    open[0]!.on(links[0]!);
    open[1]!.on(links[1]!);
    expect(links[1]!.reason?.code).toBe('RTMP_SESSIONS');

    links[0]!.close();
    open[0]!.on(links[2]!);

    expect(links[2]!.closed).toBe(false);
  });

  it('counts a session for which there is no room once', async () => {
    const world = new World({ limits: { sessions: 1 } });
    await world.publisher('a');
    const second = await world.publisher('b');

    expect(second.reason?.code).toBe('ADMISSION_SESSIONS');
    expect(world.sessions.failed).toBe(1);
  });

  it('ends all sessions when it is closed (RTMP_SHUTDOWN)', async () => {
    const { host, open, world } = setUp();
    const server = await rtmp.serve(host, config);
    const link = new FakeLink();
    open[0]!.on(link);

    server.close();
    server.close();

    expect(link.reason?.code).toBe('RTMP_SHUTDOWN');
    expect(open.every(({ closed }) => closed)).toBe(true);
    expect(world.wheel.size).toBe(0);
  });

  it('writes one line when a session ends, with its code', async () => {
    const { host, open, world } = setUp();
    await rtmp.serve(host, config);
    const link = new FakeLink();
    open[0]!.on(link);
    link.onData(Uint8Array.of(6));

    expect(world.lines.filter(({ level }) => level === 'info')).toHaveLength(1);
    expect(world.codes).toEqual(['RTMP_ENCRYPTED']);
  });
});

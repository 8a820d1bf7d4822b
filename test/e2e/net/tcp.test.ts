// TCP links over real sockets: order, backpressure, ends, and every error of listening and dialling.
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/core/base/bytes.ts';
import type { Link } from '../../../src/core/base/link.ts';
import { fromMs } from '../../../src/core/base/time.ts';
import { anyPort, closed, drained, finally_, makeNet, never, patience, readAll, readSome, readText } from './tools.ts';

async function pair(limits: Parameters<typeof makeNet>[0] = {}) {
  const { net } = makeNet(limits);
  const { promise: accepted, resolve } = Promise.withResolvers<Link>();
  const listener = finally_(await net.listenTcp(anyPort, resolve));
  const client = await net.dial(listener.address, { signal: never(), timeout: patience });
  const server = await accepted;
  finally_(client);
  finally_(server);
  return { net, listener, client, server };
}

describe('a TCP link', () => {
  it('gives bytes in order, one chunk or many, and ends when the other end closes', async () => {
    const { client, server } = await pair();
    const received = readText(server);

    client.send([utf8('a')]);
    client.send([utf8('b'), utf8('c')]);
    client.close();

    expect(await received).toBe('abc');
  });

  it.each([true, false])('loses nothing to a peer that reads slowly, accelerators %s', async (accelerators) => {
    const { net } = makeNet({}, accelerators);
    const { promise: accepted, resolve } = Promise.withResolvers<Link>();
    const listener = finally_(await net.listenTcp(anyPort, resolve));
    const client = finally_(await net.dial(listener.address, { signal: never(), timeout: patience }));
    const server = await accepted;
    const sent: Uint8Array[] = [];
    const received: Uint8Array[] = [];
    client.onData = (bytes) => {
      received.push(bytes.slice());
      client.pause();
      setImmediate(() => client.resume());
    };
    const over = closed(client);

    // Sizes around what a fresh socket takes at once, in one piece and in several.
    for (let i = 0; i < 60; i++) {
      const chunks = Array.from({ length: 1 + (i % 4) }, (_, part) =>
        new Uint8Array(1 + ((i * 7919) % 90_000)).fill(i + part),
      );
      sent.push(...chunks);
      server.send(chunks);
      if (i % 7 === 0) await new Promise(setImmediate);
    }
    server.close();
    await over;

    expect(Buffer.concat(received).equals(Buffer.concat(sent))).toBe(true);
  });

  it('knows both ends', async () => {
    const { client, server, listener } = await pair();

    expect(client.peer).toEqual(listener.address);
    expect(server.peer).toEqual(client.local);
  });

  it('keeps what a server says before anybody listens', async () => {
    const { net } = makeNet();
    const listener = finally_(await net.listenTcp(anyPort, (link) => link.send([utf8('hello')])));
    const client = finally_(await net.dial(listener.address, { signal: never(), timeout: patience }));
    // A round trip through the loop: the bytes have arrived by now.
    await net.dial(listener.address, { signal: never(), timeout: patience }).then((other) => other.close());

    expect(new TextDecoder().decode(await readSome(client, 5))).toBe('hello');
  });

  it.each([
    // Below and above the mark at which a socket of Node's tells by itself that it has drained.
    [1024, 4096],
    [1024 * 1024, 256 * 1024],
  ])('is full above %i waiting bytes, and tells when it has drained', async (linkBytes, chunkBytes) => {
    const { client, server } = await pair({ linkBytes });
    server.onData = () => undefined;
    server.pause();
    const chunk = new Uint8Array(chunkBytes);

    let sends = 0;
    while (client.send([chunk])) sends++;
    const full = client.pending;
    server.resume();
    await drained(client);

    expect(sends * chunkBytes).toBeLessThan(50_000_000);
    expect(full).toBeGreaterThan(linkBytes);
    expect(client.pending).toBe(0);
  });

  it('flushes what waits before it closes', async () => {
    const { client, server } = await pair();
    server.onData = () => undefined;
    server.pause();
    const chunk = new Uint8Array(8 * 1024 * 1024).fill(7);

    client.send([chunk]);
    client.close();
    const all = readAll(server);
    server.resume();

    expect((await all).length).toBe(chunk.length);
  });

  it('gives its last words to a peer that is still sending', async () => {
    const { client, server } = await pair();
    server.onData = () => server.pause();
    client.send([new Uint8Array(3 * 1024 * 1024)]);
    const words = readText(client);

    server.send([utf8('enough')]);
    server.close();

    expect(await words).toBe('enough');
  });

  it('calls nothing after its close, and its close may come twice', async () => {
    const { client, server } = await pair();
    let closes = 0;
    client.onClose = () => closes++;
    client.onData = () => expect.unreachable();

    client.close();
    client.close();
    server.send([utf8('late')]);
    await closed(server);

    expect(closes).toBe(1);
    expect(client.send([utf8('x')])).toBe(true);
  });

  it('takes a reset of the peer as its leaving', async () => {
    const { net } = makeNet();
    const { promise: accepted, resolve } = Promise.withResolvers<Link>();
    const listener = finally_(await net.listenTcp(anyPort, resolve));
    const socket = connect(listener.address.port, listener.address.host);
    const server = await accepted;

    socket.resetAndDestroy();

    expect(await closed(server)).toBeUndefined();
  });
});

describe('listening', () => {
  it('is refused with NET_ADDRESS_IN_USE when the port is taken', async () => {
    const { net } = makeNet();
    const first = finally_(await net.listenTcp(anyPort, () => undefined));

    const second = net.listenTcp(first.address, () => undefined);

    await expect(second).rejects.toMatchObject({ code: 'NET_ADDRESS_IN_USE', name: 'SystemError' });
  });

  it('is refused with NET_ADDRESS_ABSENT for an address of another machine', async () => {
    const { net } = makeNet();

    const listening = net.listenTcp({ host: '192.0.2.1', port: 0 }, () => undefined);

    await expect(listening).rejects.toMatchObject({ code: 'NET_ADDRESS_ABSENT' });
  });

  it('is refused with NET_DNS for a name that is none', async () => {
    const { net } = makeNet();

    const listening = net.listenTcp({ host: 'no-such-name.invalid', port: 0 }, () => undefined);

    await expect(listening).rejects.toMatchObject({ code: 'NET_DNS' });
  });
});

describe('dialling', () => {
  it('fails with NET_REFUSED where nobody listens', async () => {
    const { net } = makeNet();
    const listener = await net.listenTcp(anyPort, () => undefined);
    listener.close();

    const dialling = net.dial(listener.address, { signal: never(), timeout: patience });

    await expect(dialling).rejects.toMatchObject({ code: 'NET_REFUSED', name: 'SystemError' });
  });

  it('fails with NET_ABORTED before and while it connects', async () => {
    const { net } = makeNet();
    const listener = finally_(await net.listenTcp(anyPort, () => undefined));
    const stop = new AbortController();

    const during = net.dial(listener.address, { signal: stop.signal, timeout: patience });
    stop.abort();
    const after = net.dial(listener.address, { signal: stop.signal, timeout: patience });

    await expect(during).rejects.toMatchObject({ code: 'NET_ABORTED' });
    await expect(after).rejects.toMatchObject({ code: 'NET_ABORTED' });
  });

  it('fails with NET_TIMEOUT when TLS is not answered', async () => {
    const { net } = makeNet();
    const listener = finally_(await net.listenTcp(anyPort, (link) => finally_(link)));

    const dialling = net.dial(listener.address, {
      signal: never(),
      timeout: fromMs(20),
      tls: { serverName: 'localhost' },
    });

    await expect(dialling).rejects.toMatchObject({ code: 'NET_TIMEOUT' });
  });

  it('fails with NET_TLS when the other end speaks something else', async () => {
    const { net } = makeNet();
    const listener = finally_(
      await net.listenTcp(anyPort, (link) => {
        link.onData = () => link.close();
        link.send([utf8('HTTP/1.1 400 Bad Request\r\n\r\n')]);
      }),
    );

    const dialling = net.dial(listener.address, {
      signal: never(),
      timeout: patience,
      tls: { serverName: 'localhost' },
    });

    await expect(dialling).rejects.toMatchObject({ code: 'NET_TLS' });
  });
});

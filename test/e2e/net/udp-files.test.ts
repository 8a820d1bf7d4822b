// Datagrams, and files as links.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/core/base/bytes.ts';
import { anyPort, closed, finally_, makeNet, readAll, temporaryDirectory } from './tools.ts';

describe('a UDP port', () => {
  it('gives datagrams with their sender, and answers it', async () => {
    const { net } = makeNet();
    const a = finally_(await net.listenUdp(anyPort));
    const b = finally_(await net.listenUdp(anyPort));
    const answered = new Promise<string>((resolve) => {
      a.onDatagram = (datagram) => resolve(new TextDecoder().decode(datagram));
    });
    b.onDatagram = (datagram, from) => {
      expect(from).toEqual(a.local);
      b.send(datagram, from);
    };

    a.send(utf8('ping'), b.local);

    expect(await answered).toBe('ping');
  });

  it('of both families answers a sender of IPv4', async () => {
    const { net } = makeNet();
    const both = finally_(await net.listenUdp({ host: '::', port: 0 }));
    const four = finally_(await net.listenUdp(anyPort));
    const answered = new Promise<string>((resolve) => {
      four.onDatagram = (datagram) => resolve(new TextDecoder().decode(datagram));
    });
    both.onDatagram = (datagram, from) => both.send(datagram, from);

    four.send(utf8('ping'), { host: '127.0.0.1', port: both.local.port });

    expect(await answered).toBe('ping');
  });

  it('that is shared has several sockets, and each peer keeps to one of them', async () => {
    const { net } = makeNet();
    const first = finally_(await net.listenUdp(anyPort, { shared: true }));
    const second = finally_(await net.listenUdp(first.local, { shared: true }));
    const peers = await Promise.all(Array.from({ length: 24 }, async () => finally_(await net.listenUdp(anyPort))));
    const got = new Map<number, number[]>();
    for (const [index, port] of [first, second].entries()) {
      port.onDatagram = (_, from) => void got.set(from.port, [...(got.get(from.port) ?? []), index]);
    }

    for (let round = 0; round < 3; round++) for (const peer of peers) peer.send(utf8('x'), first.local);

    await expect.poll(() => [...got.values()].flat().length).toBe(72);
    for (const sockets of got.values()) expect(new Set(sockets).size).toBe(1);
    expect(new Set([...got.values()].flat())).toEqual(new Set([0, 1]));
  });

  it('is refused with NET_ADDRESS_IN_USE, and may be closed twice', async () => {
    const { net } = makeNet();
    const first = await net.listenUdp(anyPort);

    await expect(net.listenUdp(first.local)).rejects.toMatchObject({ code: 'NET_ADDRESS_IN_USE' });
    first.close();
    first.close();
    first.send(utf8('x'), first.local);
  });
});

describe('a file', () => {
  it('is written and read back, with pauses', async () => {
    const { net } = makeNet({ linkBytes: 1000 });
    const path = join(await temporaryDirectory(), 'a.bin');
    const bytes = new Uint8Array(1_000_000).map((_, index) => index % 251);
    const output = await net.createFile(path);
    expect(output.send([bytes.subarray(0, 10), bytes.subarray(10)])).toBe(false);
    output.close();
    await closed(output);

    const input = await net.openFile(path);
    input.pause();
    const all = readAll(input);
    input.resume();

    expect(Buffer.compare(await all, bytes)).toBe(0);
    expect(readFileSync(path).length).toBe(bytes.length);
  });

  it('may be read anywhere until it is closed, beside its own reading', async () => {
    const { net } = makeNet();
    const path = join(await temporaryDirectory(), 'a.bin');
    const bytes = new Uint8Array(300_000).map((_, index) => index % 251);
    writeFileSync(path, bytes);
    const input = await net.openFile(path);
    const { anywhere } = input;

    const [last, middle] = [await anywhere?.read(299_990, 100), await anywhere?.read(1000, 5)];
    const all = await readAll(input);
    const behind = await anywhere?.read(300_000, 5);
    input.close();

    expect(anywhere?.size).toBe(300_000);
    expect([last, middle]).toEqual([bytes.slice(299_990), bytes.slice(1000, 1005)]);
    expect([all.length, behind?.length]).toEqual([300_000, 0]);
    await expect(anywhere?.read(0, 1)).rejects.toMatchObject({ code: 'NET_FAILED' });
  });

  it('that is a pipe may not', async () => {
    const { net } = makeNet();
    const path = join(await temporaryDirectory(), 'pipe');
    execFileSync('mkfifo', [path]);
    // Opened for both, so that neither end waits for the other.
    const writer = openSync(path, 'r+');
    const input = finally_(await net.openFile(path));
    closeSync(writer);

    expect(input.anywhere).toBeUndefined();
  });

  it('gives nothing while it is paused', async () => {
    const { net } = makeNet();
    const path = join(await temporaryDirectory(), 'a.bin');
    writeFileSync(path, new Uint8Array(2_000_000));
    const input = finally_(await net.openFile(path));
    let received = 0;
    const first = new Promise<number>((resolve) => {
      input.onData = (bytes) => {
        received += bytes.length;
        input.pause();
        resolve(received);
      };
    });

    const before = await first;
    // Long enough for all of the file to be read.
    await readAll(await net.openFile(path));

    expect(received).toBe(before);
  });

  it('fails with NET_NO_FILE when it is not there', async () => {
    const { net } = makeNet();
    const path = join(await temporaryDirectory(), 'none', 'x');

    await expect(net.openFile(path)).rejects.toMatchObject({ code: 'NET_NO_FILE', name: 'SystemError' });
    await expect(net.createFile(path)).rejects.toMatchObject({ code: 'NET_NO_FILE' });
  });

  it('fails with NET_NOT_A_FILE for a directory', async () => {
    const { net } = makeNet();

    const path = await temporaryDirectory();

    await expect(net.openFile(path)).rejects.toMatchObject({ code: 'NET_NOT_A_FILE' });
    await expect(net.createFile(path)).rejects.toMatchObject({ code: 'NET_NOT_A_FILE' });
  });

  it.skipIf(process.getuid?.() === 0)('fails with NET_FILE_ACCESS without the right', async () => {
    const { net } = makeNet();
    const path = join(await temporaryDirectory(), 'secret');
    writeFileSync(path, 'x');
    chmodSync(path, 0);

    await expect(net.openFile(path)).rejects.toMatchObject({ code: 'NET_FILE_ACCESS' });
  });

  it.skipIf(process.platform !== 'linux')('tells NET_DISK_FULL when it is written', async () => {
    const { net } = makeNet();
    const output = await net.createFile('/dev/full');

    output.send([utf8('x')]);

    expect(await closed(output)).toMatchObject({ code: 'NET_DISK_FULL' });
  });

  it.skipIf(process.platform === 'win32')('ends without an error when the reader of a pipe goes away', async () => {
    const { net } = makeNet();
    const path = join(await temporaryDirectory(), 'fifo');
    execFileSync('mkfifo', [path]);
    const reader = spawn('head', ['-c', '1', path]);
    const output = await net.createFile(path);
    const end = closed(output);

    const more = (): void => {
      while (output.send([new Uint8Array(65_536)]));
    };
    output.onDrain = more;
    more();

    expect(await end).toBeUndefined();
    expect(reader.pid).toBeDefined();
  });
});

// Files as links.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/core/base/bytes.ts';
import { closed, finally_, makeNet, readAll, temporaryDirectory } from './tools.ts';

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

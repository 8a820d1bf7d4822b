import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/core/base/bytes.ts';
import { RealFolder } from '../../../src/core/net/folder.ts';
import { run, scratchFolder } from '../../tools/interop.ts';

const scratch = await scratchFolder();
let count = 0;
const fresh = (): string => join(scratch, `root-${count++}`);

describe('a folder', () => {
  it('writes a file whole, with the directories for it, and leaves nothing beside it', async () => {
    const root = fresh();
    const folder = new RealFolder(root);

    await folder.write('live/deep/a.ts', [utf8('one '), utf8('two')]);
    await folder.write('live/deep/a.ts', [utf8('three')]);

    expect(await readFile(join(root, 'live/deep/a.ts'), 'utf8')).toBe('three');
    expect(await readdir(join(root, 'live/deep'))).toEqual(['a.ts']);
    expect(await folder.size('live/deep/a.ts')).toBe(5);
    expect(new TextDecoder().decode(await folder.read('live/deep/a.ts', 5))).toBe('three');
    await expect(folder.read('live/deep/a.ts', 4)).rejects.toMatchObject({ code: 'NET_FAILED' });
  });

  it('opens a new file, writes it piece by piece, and gives it its name at the end', async () => {
    const root = fresh();
    const folder = new RealFolder(root);
    const file = await folder.open('live/a.flv.tmp', 'create');
    await file.append([utf8('head '), utf8('tail')]);
    await file.write(0, utf8('HEAD'));

    expect(new TextDecoder().decode(await file.read(2, 100))).toBe('AD tail');
    expect(file.size).toBe(9);
    await file.close();
    await file.close();
    await folder.rename('live/a.flv.tmp', 'live/a.flv');
    expect(await readdir(join(root, 'live'))).toEqual(['a.flv']);
    const again = await folder.open('live/a.flv', 'read');
    expect(again.size).toBe(9);
    expect(Math.abs(again.modified / 1000 - (await stat(join(root, 'live/a.flv'))).mtimeMs)).toBeLessThan(1);
    await again.close();
  });

  it('opens no directory, no pipe, nothing outside, and says what is missing', async () => {
    const root = fresh();
    const folder = new RealFolder(root);
    await folder.write('live/a.ts', [utf8('x')]);
    await writeFile(`${root}-secret`, 'secret');
    await symlink(`${root}-secret`, join(root, 'out.ts'));
    await run('mkfifo', [join(root, 'pipe')]);

    await expect(folder.open('live', 'read')).rejects.toMatchObject({ code: 'NET_NOT_A_FILE' });
    await expect(folder.open('pipe', 'read')).rejects.toMatchObject({ code: 'NET_NOT_A_FILE' });
    await expect(folder.open('none', 'read')).rejects.toMatchObject({ code: 'NET_NO_FILE' });
    await expect(folder.open('out.ts', 'read')).rejects.toMatchObject({ code: 'NET_OUTSIDE' });
    await expect(folder.open('../x', 'create')).rejects.toMatchObject({ code: 'NET_OUTSIDE' });
    await expect(folder.rename('live/a.ts', '../a.ts')).rejects.toMatchObject({ code: 'NET_OUTSIDE' });
  });

  it('removes what is there, and does not mind what is not', async () => {
    const folder = new RealFolder(fresh());
    await folder.remove('live/none.ts');
    await folder.write('a.ts', [utf8('x')]);
    await folder.remove('a.ts');

    expect(await folder.size('a.ts')).toBeUndefined();
    expect(await folder.size('a.ts/b')).toBeUndefined();
  });

  it('writes over what a crash left half', async () => {
    const root = fresh();
    const folder = new RealFolder(root);
    await mkdir(root);
    await writeFile(join(root, 'a.ts.tmp'), 'much longer than the new one');
    await folder.write('a.ts', [utf8('new')]);

    expect(await readFile(join(root, 'a.ts'), 'utf8')).toBe('new');
  });

  it.each(['../x.ts', 'live/../../x.ts', '/tmp/x.ts', '..'])(
    'does not leave itself by %s, NET_OUTSIDE',
    async (path) => {
      const folder = new RealFolder(fresh());

      await expect(folder.write(path, [utf8('x')])).rejects.toMatchObject({ code: 'NET_OUTSIDE' });
      await expect(folder.remove(path)).rejects.toMatchObject({ code: 'NET_OUTSIDE' });
    },
  );

  it('does not leave itself by a symbolic link to a directory, NET_OUTSIDE', async () => {
    const [root, elsewhere] = [fresh(), fresh()];
    await mkdir(root);
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, 'secret'), 'secret');
    await symlink(elsewhere, join(root, 'live'));
    const folder = new RealFolder(root);

    await expect(folder.write('live/x.ts', [utf8('x')])).rejects.toMatchObject({ code: 'NET_OUTSIDE' });
    await expect(folder.write('live/new/deep/x.ts', [utf8('x')])).rejects.toMatchObject({ code: 'NET_OUTSIDE' });
    await expect(folder.open('live/newer/x.ts', 'create')).rejects.toMatchObject({ code: 'NET_OUTSIDE' });
    await expect(folder.read('live/secret', 100)).rejects.toMatchObject({ code: 'NET_OUTSIDE' });
    await expect(folder.remove('live/secret')).rejects.toMatchObject({ code: 'NET_OUTSIDE' });
    expect(await readdir(elsewhere)).toEqual(['secret']);
  });

  it('makes its root again when somebody has removed it', async () => {
    const root = fresh();
    const folder = new RealFolder(root);
    await folder.write('live/a.ts', [utf8('x')]);
    await rm(root, { recursive: true });
    await folder.write('live/deep/a.ts', [utf8('x')]);

    expect(await readdir(join(root, 'live/deep'))).toEqual(['a.ts']);
  });

  it('makes nothing where a symbolic link leads that has no end', async () => {
    const [root, elsewhere] = [fresh(), fresh()];
    await mkdir(root);
    await symlink(elsewhere, join(root, 'live'));

    await expect(new RealFolder(root).write('live/deep/x.ts', [utf8('x')])).rejects.toMatchObject({ code: /^NET_/ });
    await expect(stat(elsewhere)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('replaces a symbolic link instead of writing through it', async () => {
    const root = fresh();
    const target = fresh();
    await mkdir(root);
    await writeFile(target, 'kept');
    await symlink(target, join(root, 'a.ts'));
    await symlink(target, join(root, 'b.ts.tmp'));
    const folder = new RealFolder(root);

    await folder.write('a.ts', [utf8('new')]);
    await expect(folder.write('b.ts', [utf8('new')])).rejects.toMatchObject({ code: 'NET_FAILED' });

    expect(await readFile(target, 'utf8')).toBe('kept');
    expect((await stat(join(root, 'a.ts'))).size).toBe(3);
  });

  it("a root that is a link is the operator's wish", async () => {
    const [real, link] = [fresh(), fresh()];
    await mkdir(real);
    await symlink(real, link);

    await new RealFolder(link).write('live/a.ts', [utf8('x')]);

    expect(await readdir(join(real, 'live'))).toEqual(['a.ts']);
  });

  it('says why it cannot write, and leaves no half file', async () => {
    const root = fresh();
    await mkdir(root);
    await writeFile(join(root, 'file'), '');
    const folder = new RealFolder(root);

    await expect(folder.write('file/a.ts', [utf8('x')])).rejects.toMatchObject({
      code: expect.stringMatching(/^NET_(NO_FILE|FAILED)$/),
    });
    await mkdir(join(root, 'a.ts'));
    await expect(folder.write('a.ts', [utf8('x')])).rejects.toMatchObject({
      code: expect.stringMatching(/^NET_/),
    });
    expect((await readdir(root)).toSorted()).toEqual(['a.ts', 'file']);
    if (process.getuid?.() === 0) return;
    await chmod(root, 0o500);
    await expect(folder.write('b.ts', [utf8('x')])).rejects.toMatchObject({ code: 'NET_FILE_ACCESS' });
  });
});

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { demoSample } from '../../src/cli/assets.ts';
import { srsx } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'srsx-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('every command', () => {
  it.each(['serve', 'probe', 'relay', 'ingest', 'snapshot', 'record', 'bench play', 'bench publish'])(
    '%s explains itself',
    async (command) => {
      const { code, stdout } = await srsx(...command.split(' '), '--help');

      expect(code).toBe(0);
      expect(stdout).toContain('EXAMPLES');
      expect(stdout).toContain(`$ srsx ${command}`);
      expect(stdout).toContain('--json');
    },
  );

  it('is listed with the exit codes', async () => {
    const { stdout } = await srsx('--help');

    expect(stdout).toContain('EXIT CODES');
    expect(stdout).toMatch(/99\s+a --fail-if threshold was broken/);
    for (const command of ['serve', 'probe', 'relay', 'bench']) expect(stdout).toContain(command);
  });

  it.each([
    ['serve', '--nonsense'],
    ['probe', 'x.flv', '--nonsense'],
    ['relay', 'a.flv', 'b.flv', '--nonsense'],
    ['record', 'a.flv', 'b.flv', '--nonsense'],
    ['record', 'a.flv', 'b.flv', '--segment', 'soon'],
    ['record', 'a.flv'],
    ['bench', 'play', 'rtmp://127.0.0.1/live/a', '--nonsense'],
    ['bench', 'publish', 'rtmp://127.0.0.1/live/a', '--nonsense'],
    ['probe'],
    ['relay', 'a.flv'],
    ['ingest', 'a.flv'],
    ['ingest', 'a.flv', 'b.flv', '--nonsense'],
    ['ingest', 'a.flv', 'rtmp://127.0.0.1/live/a', '--retries', '-1'],
    ['snapshot', 'a.flv'],
    ['snapshot', 'a.flv', 'a.jpg', '--timeout', 'soon'],
    ['bench', 'play'],
    ['serve', '--merge-window', 'soon'],
    ['serve', '--rtmp-listen', 'here'],
    ['serve', '--publisher', 'maybe'],
    ['serve', '--cert', demoSample],
    ['serve', '--log', 'loud'],
    ['probe', 'x.flv', '--duration', '5'],
    ['bench', 'play', 'rtmp://127.0.0.1/live/a', '--clients', '0'],
    ['bench', 'play', 'rtmp://127.0.0.1/live/a', '--fail-if', 'nothing'],
  ])('exits with 2 for a wrong command line: %s %s %s %s %s', async (...args) => {
    const { code, stdout, stderr } = await srsx(...args.filter((arg) => arg !== undefined));

    expect(code).toBe(2);
    expect(stderr).toMatch(/^Error: /);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stdout).toBe('');
  });

  it('gives an error as JSON on stdout when JSON is asked for', async () => {
    const { code, stdout, stderr } = await srsx('probe', join(folder, 'missing.flv'), '--json');

    expect(code).toBe(5);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'NET_NO_FILE', message: expect.stringContaining('missing.flv'), advice: expect.any(String) },
    });
    expect(stderr).toBe('');
  });

  it('shows the stack only with --debug', async () => {
    const { stderr } = await srsx('probe', join(folder, 'missing.flv'), '--debug');

    expect(stderr).toMatch(/\n\s+at /);
  });
});

describe('probe', () => {
  it('reports a file in words', async () => {
    const { code, stdout } = await srsx('probe', demoSample, '--duration', '0');

    expect(code).toBe(0);
    expect(stdout).toMatch(/video 0 .*640x360, 25\.00 fps/);
    expect(stdout).toMatch(/audio 256 .*48000 Hz/);
    expect(stdout).toContain('Verdict');
  });

  it('reports a file in JSON', async () => {
    const { code, stdout } = await srsx('probe', demoSample, '--duration', '0', '--json');

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      live: false,
      tracks: expect.arrayContaining([
        expect.objectContaining({ codec: 'h264', width: 640, height: 360, frames: 400, keyFrames: 8 }),
        expect.objectContaining({ codec: 'aac', sampleRateHz: 48_000, frames: 750 }),
      ]),
    });
  });

  it('says with its exit code what kind of failure it was', async () => {
    const damaged = join(folder, 'damaged.flv');
    writeFileSync(damaged, 'FLV but not really, and long enough to be looked at');

    expect((await srsx('probe', join(folder, 'missing.flv'))).code).toBe(5);
    expect((await srsx('probe', 'gopher://127.0.0.1/x')).code).toBe(3);
    expect((await srsx('probe', 'rtmp://127.0.0.1:1/live/a')).code).toBe(5);
    expect([6, 8]).toContain((await srsx('probe', damaged)).code);
  });
});

describe('relay', () => {
  it('copies a file whole, with JSON lines where there is no terminal', async () => {
    const copy = join(folder, 'copy.flv');

    const { code, stdout } = await srsx('relay', demoSample, copy);
    const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');

    expect(code).toBe(0);
    expect(last).toMatchObject({ endedBy: 'end', frames: { video: 400, audio: 750 }, dropped: 0 });
    expect(statSync(copy).size).toBeGreaterThan(500_000);
  });

  it('gives one document with --json', async () => {
    const { code, stdout } = await srsx('relay', demoSample, join(folder, 'short.flv'), '--duration', '2s', '--json');

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ endedBy: 'duration' });
  });

  it('refuses to read and write one file', async () => {
    expect((await srsx('relay', demoSample, demoSample)).code).toBe(3);
  });
});

describe('record', () => {
  it('makes a file for each piece, with one document about them', async () => {
    const { code, stdout } = await srsx('record', demoSample, join(folder, 'r.mp4'), '--segment', '5s', '--json');
    const result = JSON.parse(stdout);

    expect(code).toBe(0);
    expect(result).toMatchObject({ endedBy: 'end', frames: { video: 400, audio: 750 }, dropped: 0, gaps: 0 });
    const files = result.recordings.map(({ file }: { file: string }) => file);
    expect(files).toEqual(['r-0.mp4', 'r-1.mp4', 'r-2.mp4'].map((name) => join(folder, name)));
    for (const { file, bytes } of result.recordings) expect(statSync(file).size).toBe(bytes);
  });

  it('says with its exit code what kind of failure it was', async () => {
    const missing = join(folder, 'missing.flv');

    expect((await srsx('record', missing, join(folder, 'x.mp4'))).code).toBe(5);
    expect((await srsx('record', demoSample, join(folder, 'x.doc'))).code).toBe(3);
    expect((await srsx('record', demoSample, '-')).code).toBe(3);
    expect((await srsx('record', demoSample, `${folder}/[app]/../../x.mp4`)).code).toBe(3);
    expect((await srsx('record', demoSample, join(demoSample, 'x.mp4'))).code).toBe(5);
    expect((await srsx('record', demoSample, join(folder, 'x.mp4'), '--duration', '0s')).code).toBe(0);
  });
});

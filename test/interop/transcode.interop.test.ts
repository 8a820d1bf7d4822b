// Real FFmpeg under a real server: ingest, transcode and exec blocks, and what becomes of them when somebody is killed.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type ConfServer, confServer } from '../tools/conf-server.ts';
import { atEnd, describeWith, published, run, scratchFolder, sources, start, until } from '../tools/interop.ts';
import { membersOf, runs } from '../tools/processes.ts';

interface Program {
  readonly kind: string;
  readonly title: string;
  readonly state: string;
  readonly pid: number | null;
  readonly restarts: number;
  readonly stderr: readonly string[];
}

async function programs(server: Pick<ConfServer, 'api'>): Promise<Program[]> {
  const answer = await fetch(`${server.api}/api/srsx/v1/programs`);
  return ((await answer.json()) as { programs: Program[] }).programs;
}

async function codecs(url: string): Promise<string> {
  const text = await run('ffprobe', [
    '-v',
    'error',
    '-show_entries',
    'stream=codec_name,width,height',
    '-of',
    'csv=p=0',
    url,
  ]);
  return text.trim().replaceAll('\n', ' ');
}

const transcoder = `transcode live { enabled on; ffmpeg ffmpeg;
  engine small { enabled on; vfilter { } vcodec libx264; vbitrate 200; vfps 25; vwidth 160; vheight 90; vthreads 1;
    vprofile baseline; vpreset ultrafast; vparams { g 25; tune zerolatency; } acodec copy;
    output rtmp://127.0.0.1:[port]/[app]?vhost=[vhost]/[stream]_[engine]; } }`;

describeWith(['ffmpeg', 'ffprobe'], 'transcode', () => {
  it('publishes a second form of a stream, once, and again when FFmpeg is killed', async () => {
    const server = await confServer(`ff_log_level warning; vhost __defaultVhost__ { ${transcoder} }`);
    void start('ffmpeg', [
      '-re',
      '-stream_loop',
      '-1',
      '-i',
      await sources.h264Aac(),
      '-c',
      'copy',
      '-f',
      'flv',
      `${server.rtmp}/live/one`,
    ]);
    await until('the small form is there', () => published(server, 'one_small'));

    expect(await codecs(`${server.rtmp}/live/one_small`)).toMatch(/h264,160,90/);
    const [program, ...others] = await programs(server);
    expect(others).toEqual([]);
    expect(program).toMatchObject({ kind: 'transcode', title: '/live/one small', state: 'running', restarts: 0 });

    process.kill(program?.pid as number, 'SIGKILL');
    await until('it is started again', async () => (await programs(server))[0]?.restarts === 1, 10_000);
    await until('another one runs', async () => {
      const next = (await programs(server))[0];
      return next?.state === 'running' && next.pid !== program?.pid;
    });
    await until('the small form is there again', () => published(server, 'one_small'));

    await server.change('vhost __defaultVhost__ { }');
    const last = (await programs(server)).length;
    expect(last).toBe(0);
    await until('the small form is gone', () => !published(server, 'one_small'));
    expect(published(server, 'one')).toBe(true);
  });
});

describeWith(['ffmpeg', 'ffprobe'], 'exec', () => {
  it('records what is published, and ends with it', async () => {
    const folder = await scratchFolder();
    const server = await confServer(`vhost __defaultVhost__ { exec { enabled on;
      publish ffmpeg -v error -y -i [url] -c copy -f flv ${folder}/[stream].flv 2>${folder}/[app].log; } }`);
    const publisher = start('ffmpeg', [
      '-re',
      '-i',
      await sources.h264Aac(),
      '-c',
      'copy',
      '-f',
      'flv',
      `${server.rtmp}/live/rec`,
    ]);
    await until('it writes', () => existsSync(join(folder, 'rec.flv')));
    const [program] = await programs(server);
    expect(program).toMatchObject({ kind: 'exec', state: 'running' });

    await publisher;
    await until('it has ended', () => !runs(program?.pid as number));
    expect(await codecs(join(folder, 'rec.flv'))).toContain('h264,320,180');
  });
});

describeWith(['ffmpeg', 'ffprobe'], 'a server with children', () => {
  it('leaves none behind when it is killed', async () => {
    const folder = await scratchFolder();
    await writeFile(
      join(folder, 'srs.conf'),
      `listen 127.0.0.1:0; vhost __defaultVhost__ {
        ingest a { enabled on; input { type file; url ${await sources.h264Aac()}; } ffmpeg ffmpeg;
          engine { enabled on; vcodec libx264; vprofile baseline; vpreset ultrafast; acodec copy; output rtmp://127.0.0.1:[port]/live/a; } }
        exec { enabled on; publish sh -c "sleep 600 & sleep 600"; } }`,
    );
    const bin = join(import.meta.dirname, '../../bin/dev.js');
    const server = spawn(process.execPath, [bin, 'serve', '-c', 'srs.conf', '--log', 'info'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    atEnd(() => void server.kill('SIGKILL'));
    let log = '';
    server.stderr.on('data', (data) => {
      log += String(data);
    });
    const started = (): number[] => [...log.matchAll(/started.*pid[=:" ]+(\d+)/g)].map(([, pid]) => Number(pid));
    await until(`FFmpeg and the command run: ${log}`, () => started().length >= 2, 30_000);
    const pids = started();
    expect(pids.every(runs)).toBe(true);

    server.kill('SIGKILL');

    await until('all have ended, and whom they had started', () => pids.flatMap(membersOf).length === 0, 3000);
  });
});

describeWith(['ffmpeg', 'ffprobe'], 'ingest blocks', () => {
  it('publish a file natively without FFmpeg, again and again, and stop by a reload', async () => {
    const block = `ingest a { enabled on; input { type file; url ${await sources.h264Aac()}; } ffmpeg /no/such/ffmpeg;
      engine { enabled off; output rtmp://127.0.0.1:[port]/live?vhost=[vhost]/a; } }`;
    const server = await confServer(`vhost __defaultVhost__ { ${block} }`);
    await until('it is there', () => published(server, 'a'));

    expect(await codecs(`${server.rtmp}/live/a`)).toMatch(/h264,320,180 aac$/);
    expect(await programs(server)).toMatchObject([{ kind: 'ingest', state: 'running', pid: null }]);

    await server.change('vhost __defaultVhost__ { }');
    await until('it is gone', () => !published(server, 'a'));
  });

  it('read by FFmpeg what srsx does not, and start it again when it is killed', async () => {
    const folder = await scratchFolder();
    const movie = join(folder, 'movie.mkv');
    await run('ffmpeg', ['-v', 'error', '-i', await sources.h264Aac(), '-c', 'copy', movie]);
    const server = await confServer(`ff_log_dir ${folder}/logs; vhost __defaultVhost__ {
      ingest a { enabled on; input { type file; url ${movie}; } ffmpeg ffmpeg; engine { output rtmp://127.0.0.1:[port]/live/mkv; } } }`);
    await until('it is there', () => published(server, 'mkv'));
    const [program] = await programs(server);
    expect(await codecs(`${server.rtmp}/live/mkv`)).toMatch(/h264,320,180 aac$/);

    process.kill(program?.pid as number, 'SIGKILL');
    await until('it is gone', () => !published(server, 'mkv'));
    await until('it is there again', () => published(server, 'mkv'));
    expect(
      (await readFile(join(folder, 'logs/ffmpeg-ingest-__defaultVhost__-live-mkv.log'), 'utf8')).length,
    ).toBeGreaterThan(0);
  });
});

import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import { type Endpoint, endpoints } from '../../../../src/core/control/api/endpoints.ts';
import { answerSchema } from '../../../../src/core/control/api/openapi.ts';
import type { Feeder } from '../../../../src/core/control/children/workshop.ts';
import { vhost, world } from './tools.ts';

const engine = (
  name: string,
  more = '',
  output = 'rtmp://127.0.0.1:[port]/[app]?vhost=[vhost]/[stream]_[engine]',
): string => `engine ${name} { enabled on; vcodec copy; acodec copy; output ${output}; ${more} }`;

describe('transcode', () => {
  it('gives FFmpeg the arguments that SRS gives, in the same order', () => {
    const { publish, children } = world(
      vhost(`transcode {
        enabled on; ffmpeg ffmpeg;
        engine hd {
          enabled on;
          perfile { re; rtsp_transport tcp; }
          iformat flv;
          vfilter { i ./logo.png; filter_complex 'overlay=10:10'; }
          vcodec libx264; vbitrate 1200; vfps 25; vwidth 768; vheight 320; vthreads 4;
          vprofile main; vpreset medium; vparams { t 100; coder 1; }
          acodec aac; abitrate 70; asample_rate 44100; achannels 2; aparams { profile:a aac_low; }
          oformat flv;
          output rtmp://127.0.0.1:[port]/[app]?vhost=[vhost]/[stream]_[engine];
        }
      }`),
    );
    publish('one');

    expect(children.running[0]?.command.args).toEqual([
      ...['-loglevel', 'info', '-re', '-rtsp_transport', 'tcp', '-f', 'flv', '-i', 'rtmp://127.0.0.1:1935/live/one'],
      ...['-i', './logo.png', '-filter_complex', 'overlay=10:10'],
      ...['-vcodec', 'libx264', '-b:v', '1200000', '-r', '25', '-s', '768x320', '-aspect', '768:320', '-threads', '4'],
      ...['-profile:v', 'main', '-preset', 'medium', '-t', '100', '-coder', '1'],
      ...['-acodec', 'aac', '-b:a', '70000', '-ar', '44100', '-ac', '2', '-profile:a', 'aac_low'],
      ...['-f', 'flv', '-y', 'rtmp://127.0.0.1:1935/live?vhost=__defaultVhost__/one_hd'],
    ]);
  });

  it('skips what a copied or missing track does not need', () => {
    const server = world(
      vhost(`transcode {
        enabled on;
        engine a { enabled on; vcodec vn; vbitrate 1; acodec copy; abitrate 1; iformat off; oformat off; output rtmp://h/a/b;
          aparams { x y; bsf:a aac_adtstoasc; } }
        engine b { enabled on; vcodec copy; acodec an; output rtmp://h/a/c; }
      }`),
    );
    server.publish('one');

    expect(server.commands).toEqual([
      'ffmpeg -loglevel info -i rtmp://127.0.0.1:1935/live/one -vn -acodec copy -bsf:a aac_adtstoasc -y rtmp://h/a/b',
      'ffmpeg -loglevel info -f flv -i rtmp://127.0.0.1:1935/live/one -vcodec copy -an -f flv -y rtmp://h/a/c',
    ]);
  });

  it('follows the scopes: whole vhost, app, stream', () => {
    const config = vhost(`
      transcode { enabled on; ${engine('all')} }
      transcode live { enabled on; ${engine('app')} }
      transcode live/one { enabled on; ${engine('stream')} }
      transcode other { enabled on; ${engine('other')} }
      transcode off { ${engine('off')} }`);
    const one = world(config);
    one.publish('one');
    expect(one.commands.map((line) => line.split('_').at(-1))).toEqual(['all', 'app', 'stream']);

    const two = world(config);
    two.publish('two');
    expect(two.commands.map((line) => line.split('_').at(-1))).toEqual(['all', 'app']);
  });

  it('leaves its own outputs alone', () => {
    const server = world(vhost(`transcode { enabled on; ${engine('hd')} ${engine('sd')} }`));
    server.publish('one');
    const out = server.publish('one_hd');
    server.publish('one_sd');

    expect(server.children.all).toHaveLength(2);

    out.end();
    server.publish('one_hd');
    expect(server.children.all).toHaveLength(2);
  });

  it('knows an output only as long as its transcoder is wanted', () => {
    const server = world(vhost(`transcode { enabled on; ${engine('hd')} }`));
    server.publish('one').end();
    server.publish('one_hd');

    expect(server.commands).toHaveLength(1);
    expect(server.commands[0]).toMatch(/one_hd_hd$/);
  });

  it('refuses an engine whose output is its input', () => {
    const server = world(vhost(`transcode { enabled on; ${engine('x', '', 'rtmp://127.0.0.1/[app]/[stream]')} }`));
    server.publish('one');

    expect(server.children.all).toHaveLength(0);
    expect(server.errors.join()).toContain('is its own input');
  });

  it('ends with the stream, and begins again with the next one', () => {
    const server = world(vhost(`transcode { enabled on; ${engine('hd')} }`));
    const first = server.publish('one');
    first.end();
    expect(server.children.running).toHaveLength(0);
    expect(server.children.all[0]?.stopped).toBe(true);

    server.publish('one');
    expect(server.children.running).toHaveLength(1);
  });

  it('is restarted while the stream is there', () => {
    const server = world(vhost(`transcode { enabled on; ${engine('hd')} }`));
    server.publish('one');
    server.children.all[0]?.end({ code: undefined, signal: 'SIGKILL' });
    server.clock.advance(fromSeconds(3));

    expect(server.children.running).toHaveLength(1);
  });

  it('changes at a reload only what changed', () => {
    const server = world(vhost(`transcode { enabled on; ${engine('hd')} ${engine('sd')} }`));
    server.publish('one');
    server.reload(vhost(`transcode { enabled on; ${engine('hd')} ${engine('sd', 'vthreads 2;')} ${engine('x')} }`));

    expect(server.children.all.map(({ stopped }) => stopped)).toEqual([false, true, false, false]);

    server.reload(vhost(''));
    expect(server.children.running).toHaveLength(0);
  });

  it.each([
    ['vcodec libx264; vpreset x;', 'vprofile is missing'],
    ['vcodec libx264; vprofile x;', 'vpreset is missing'],
    ['vcodec libx264; vprofile x; vpreset x; vbitrate -1;', 'vbitrate is -1'],
    ['acodec aac; achannels 3;', 'achannels is 3'],
    ['acodec aac; abitrate -1;', 'abitrate is -1'],
    ['acodec libaacplus; abitrate 100;', 'abitrate is 100'],
    ['', 'both empty'],
  ])('refuses what SRS refuses: %s', (codecs, why) => {
    const server = world(
      vhost(`transcode { enabled on; engine a { enabled on; ${codecs} output rtmp://127.0.0.1/live/[stream]_a; } }`),
    );
    server.publish('one');

    expect(server.children.all).toHaveLength(0);
    expect(server.errors.join()).toContain(why);
  });

  it('takes the FFmpeg in PATH when the written one is not there, and says when there is none', () => {
    const server = world(vhost(`transcode { enabled on; ffmpeg ./objs/ffmpeg; ${engine('hd')} }`));
    server.publish('one');
    expect(server.children.running[0]?.command.program).toBe('ffmpeg');

    const none = world(vhost(`transcode { enabled on; ffmpeg ./objs/ffmpeg; ${engine('hd')} }`));
    none.children.installed.clear();
    none.publish('one');
    expect(none.errors.join()).toContain('no program ./objs/ffmpeg');
  });

  it('writes logs of FFmpeg only where ff_log_dir is written', () => {
    const server = world(vhost(`transcode { enabled on; ${engine('hd')} }`, 'ff_log_dir ./logs;'));
    server.publish('one', { app: 'a/b' });
    expect(server.children.running[0]?.command.stderrFile).toBe('./logs/ffmpeg-encoder-__defaultVhost__-a-b-one.log');

    const without = world(vhost(`transcode { enabled on; ${engine('hd')} }`));
    without.publish('one');
    expect(without.children.running[0]?.command.stderrFile).toBeUndefined();
  });

  it('starts no more than 500 programs', () => {
    const server = world(vhost(`transcode { enabled on; ${engine('hd')} }`));
    const first = Array.from({ length: 97 }, (_, i) => server.publish(`${i}`));
    for (const one of first) one.end();
    for (let i = 0; i < 6; i++) {
      // Sessions are bounded too: a stream stays when its session is gone.
      for (let j = 0; j < 97; j++) {
        const name = { vhost: '__defaultVhost__', app: 'live', stream: `s${i}x${j}` };
        server.hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
      }
    }

    expect(server.children.running).toHaveLength(500);
    expect(server.errors[0]).toContain('500 programs');
  });
});

describe('ingest', () => {
  const ingest = (body: string): string => vhost(`ingest a { enabled on; ffmpeg ffmpeg; ${body} }`);
  const input = 'input { type file; url ./movie.mkv; }';

  it('starts with the server, at the pace of the input, and copies without an engine', () => {
    const server = world(
      ingest(`${input} engine { enabled off; output rtmp://127.0.0.1:[port]/live?vhost=[vhost]/movie; }`),
    );

    expect(server.commands).toEqual([
      'ffmpeg -loglevel info -re -i ./movie.mkv -vcodec copy -acodec copy -f flv -y rtmp://127.0.0.1:1935/live?vhost=__defaultVhost__/movie',
    ]);
  });

  it('encodes with an engine that is on', () => {
    const server = world(
      ingest(`${input} engine { enabled on; iformat off; vcodec libx264; vprofile main; vpreset fast; acodec an;
        output rtmp://127.0.0.1/live/movie; }`),
    );

    expect(server.commands[0]).toContain(
      '-re -i ./movie.mkv -vcodec libx264 -threads 1 -profile:v main -preset fast -an',
    );
  });

  it('never gives up an input', () => {
    const server = world(ingest(`${input} engine { output rtmp://127.0.0.1/live/movie; }`));
    for (let i = 0; i < 200; i++) {
      server.children.all.at(-1)?.end({ code: 1 });
      server.clock.advance(fromSeconds(60));
    }

    expect(server.children.running).toHaveLength(1);
  });

  it('reads by itself what needs no FFmpeg', () => {
    const fed: string[] = [];
    const stopped: string[] = [];
    const feeder: Feeder = {
      reads: (url) => url.endsWith('.flv'),
      feed: (from, to) => {
        fed.push(`${from} ${to}`);
        return { stop: () => void stopped.push(from), describe: () => ({ state: 'running' }) };
      },
    };
    const text = ingest('input { type file; url ./a.flv; } engine { output rtmp://127.0.0.1:[port]/live/a; }');
    const server = world(text, feeder);

    expect(fed).toEqual(['./a.flv rtmp://127.0.0.1:1935/live/a']);
    expect(server.children.all).toHaveLength(0);
    expect(server.programs.describe()).toEqual([{ kind: 'ingest', state: 'running' }]);

    server.reload(text);
    expect(stopped).toEqual([]);

    server.programs.close();
    expect(stopped).toEqual(['./a.flv']);
  });

  it('ends when the server quits, and does not come back by a reload', () => {
    const text = ingest(`${input} engine { output rtmp://127.0.0.1/live/a; }`);
    const server = world(text);
    server.programs.stopInputs();
    server.reload(ingest(`${input} engine { output rtmp://127.0.0.1/live/b; }`));

    expect(server.children.all.map(({ stopped }) => stopped)).toEqual([true]);
  });

  it('starts, stops and changes by a reload', () => {
    const server = world(vhost(''));
    const one = ingest(`${input} engine { output rtmp://127.0.0.1/live/a; }`);
    server.reload(one);
    expect(server.children.running).toHaveLength(1);
    server.reload(ingest(`${input} engine { output rtmp://127.0.0.1/live/b; }`));
    expect(server.commands).toHaveLength(1);
    expect(server.commands[0]).toMatch(/live\/b$/);
    server.reload(vhost(''));
    expect(server.children.running).toHaveLength(0);
  });

  it.each([
    ['engine { output rtmp://h/a/b; }', 'no input url'],
    ['input { type camera; url x; } engine { output rtmp://h/a/b; }', 'camera'],
    [`${input} engine { }`, 'no output'],
    [input, 'no output'],
  ])('says what is missing: %s', (body, why) => {
    const server = world(ingest(body));
    expect(server.errors.join()).toContain(why);
  });
});

describe('exec', () => {
  it('runs each command with its variables while somebody publishes', () => {
    const server = world(
      vhost(`exec { enabled on;
        publish ./record -i [url] -n [vhost]:[port]:[app]:[stream] [tcUrl] [pageUrl] [swfUrl] [engine] 2>./[stream].log;
        publish ./other >./out.log;
      }`),
    );
    const one = server.publish('one', { tcUrl: 'rtmp://h/live', pageUrl: 'http://p', swfUrl: 'http://s' });

    expect(server.children.running.map(({ command }) => command)).toEqual([
      {
        program: './record',
        args: [
          ...['-i', 'rtmp://127.0.0.1:1935/live/one', '-n', '__defaultVhost__:1935:live:one'],
          ...['rtmp://h/live', 'http://p', 'http://s', '[engine]'],
        ],
        stderrFile: './one.log',
      },
      { program: './other', args: [], stdoutFile: './out.log' },
    ]);

    one.end();
    expect(server.children.running).toHaveLength(0);
  });

  it('does not read a value of a peer as a template, and leaves unknown words', () => {
    const server = world(vhost('exec { enabled on; publish ./a [tcUrl] [constructor]; }'));
    server.publish('one', { tcUrl: '[stream] $(id) ; [port]' });

    expect(server.children.running[0]?.command.args).toEqual(['[stream] $(id) ; [port]', '[constructor]']);
  });

  it.each([
    ['publish ./a [stream];', '-rf'],
    ['publish ./a [tcUrl];', 'one', '-x'],
    ['publish ./a >./[tcUrl].log;', 'one', '../../etc/passwd'],
    ['publish ./a >[tcUrl];', 'one', '/etc/passwd'],
  ])('refuses a value that would be an option or leave a folder: %s', (body, stream, tcUrl = '') => {
    const server = world(vhost(`exec { enabled on; ${body} }`));
    server.publish(stream, { tcUrl });

    expect(server.children.all).toHaveLength(0);
    expect(server.errors).toHaveLength(1);
  });

  it('keeps what an operator wrote as an option or an absolute file', () => {
    const server = world(vhost('exec { enabled on; publish ./a -[stream] >/tmp/[stream].log; }'));
    server.publish('one');

    expect(server.children.running[0]?.command).toMatchObject({ args: ['-one'], stdoutFile: '/tmp/one.log' });
  });
});

describe('what the API shows', () => {
  it('has the shape that its document says', () => {
    const feeder: Feeder = {
      reads: (url) => url.endsWith('.flv'),
      feed: () => ({
        stop: () => undefined,
        describe: () => ({
          ...{ title: 'b', state: 'running', via: 'native', pid: null, seconds: 1, restarts: 0 },
          ...{ last_error: null, input: 'b.flv', output: 'rtmp://127.0.0.1/live/b', stderr: [] },
        }),
      }),
    };
    const server = world(
      vhost(`transcode { enabled on; ${engine('hd')} }
        ingest b { enabled on; input { type file; url b.flv; } engine { output rtmp://127.0.0.1/live/b; } }`),
      feeder,
    );
    server.publish('one');
    server.children.all[0]?.say('rtmp://platform.example/app/key');
    server.children.all[0]?.end({ code: 1 });
    const programs = server.programs.describe();
    const body = { code: 0, server: 's', service: 's', pid: '1', programs, forwards: [] };
    const endpoint = endpoints.find(({ name }) => name === 'programs');
    const validate = new Ajv2020({ allErrors: true }).compile(answerSchema(endpoint as Endpoint) as object);

    expect(validate(body), JSON.stringify(validate.errors)).toBe(true);
    expect(programs).toHaveLength(2);
    expect(JSON.stringify(programs)).not.toContain('key');
    expect(programs[1]).toMatchObject({ kind: 'transcode', state: 'waiting', last_end: 'code 1', restarts: 1 });
  });
});

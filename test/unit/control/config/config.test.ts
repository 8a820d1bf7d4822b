import { describe, expect, it } from 'vitest';
import { explainValue, listValues } from '../../../../src/core/control/config/explain.ts';
import { fault, load } from './tools.ts';

const text = `
listen 1935;
http_api { enabled on; listen 1985; }
rtc_server { candidate $CANDIDATE; }
stream_caster { enabled on; caster flv; listen 8936; }
stream_caster { enabled off; caster mpegts_over_udp; listen 8935; }
vhost __defaultVhost__ {
  hls { enabled on; hls_fragment 2.5; hls_dispose 9.9; }
  exec { publish a -x; publish b; }
  ingest one { enabled on; input { url a.flv; } engine { output x; } engine { output y; } }
  ingest two { }
}
vhost a.example {
  hls { hls_window 30; }
  hls { enabled on; }
}`;

describe('a lookup', () => {
  it('gives the value of the file, else the default', () => {
    const config = load(text);

    expect(config.global('listen')).toEqual(['1935']);
    expect(config.global('http_api.enabled')).toBe(true);
    expect(config.global('max_connections')).toBe(1000);
    expect(config.global('http_api.crossdomain')).toBe(true);
  });

  it('cuts the fraction of an int and keeps that of a float', () => {
    const vhost = load(text).vhost('x');

    expect(vhost?.get('vhost.hls.hls_fragment')).toBe(2.5);
    expect(vhost?.get('vhost.hls.hls_dispose')).toBe(9);
  });

  it('finds a vhost by its exact name, else the fallback, and inherits nothing', () => {
    const config = load(text);

    expect(config.vhost('a.example')?.name).toBe('a.example');
    expect(config.vhost('b.a.example')?.name).toBe('__defaultVhost__');
    expect(config.vhost('a.example')?.get('vhost.hls.hls_fragment')).toBe(10);
    expect(load('vhost v { }').vhost('w')).toBeUndefined();
  });

  it('reads the first of duplicates and tells of the others', () => {
    const config = load(text);

    expect(config.vhost('a.example')?.get('vhost.hls.hls_window')).toBe(30);
    expect(config.vhost('a.example')?.get('vhost.hls.enabled')).toBe(false);
    expect(config.notices.map(({ text: said }) => said)).toContain('has no effect: line 14 of a.conf comes first');
  });

  it('gives all of those that may be repeated', () => {
    const config = load(text);
    const ingests = config.vhost('')?.sections('vhost.ingest') ?? [];

    expect(config.vhost('')?.get('vhost.exec.publish')).toEqual([['a', '-x'], ['b']]);
    expect(ingests.map(({ name }) => name)).toEqual(['one', 'two']);
    expect(ingests[0]?.get('vhost.ingest.input.url')).toBe('a.flv');
    expect(
      ingests[0]?.sections('vhost.ingest.engine').map((engine) => engine.get('vhost.ingest.engine.output')),
    ).toEqual(['x', 'y']);
    expect(config.streamCasters().map((caster) => caster.get('stream_caster.listen'))).toEqual([8936, 8935]);
  });

  it('follows another directive where its default is that', () => {
    const config = load('chunk_size 4096; vhost v { hls { hls_path /x; } }');

    expect(config.vhost('v')?.look('vhost.chunk_size')).toEqual({
      value: 4096,
      origin: { kind: 'same', path: 'rtmp.chunk_size', of: { kind: 'file', file: 'a.conf', line: 1 } },
    });
    expect(config.vhost('v')?.get('vhost.hls.hls_key_file_path')).toBe('/x');
  });

  it('gives the HTTPS API the port of the server when they share the HTTP port', () => {
    const shared = load('http_api { listen 8080; } http_server { https { listen 443; } }');

    expect(shared.global('http_api.https.listen')).toEqual(['443']);
    expect(load('daemon off;').global('http_api.https.listen')).toEqual(['1990']);
  });

  it('takes a directive without a word as not written', () => {
    expect(load('max_connections "";').global('max_connections')).toBe(1000);
  });

  it('reads a switch that is off by default by the other rule where SRS does', () => {
    expect(load('query_latest_version yes;').global('query_latest_version')).toBe(true);
    expect(load('utc_time yes;').global('utc_time')).toBe(false);
    expect(load('daemon no;').global('daemon')).toBe(true);
  });
});

describe('a variable', () => {
  it.each<[string, string, unknown]>([
    ['SRS_MAX_CONNECTIONS', 'max_connections', 7],
    ['SRS_SRS_LOG_TANK', 'srs_log_tank', '7'],
    ['SRS_LOG_TANK', 'srs_log_tank', '7'],
    ['SRS_LOG_LEVEL', 'srs_log_level', '7'],
    ['SRS_LOG_LEVEL_V2', 'srs_log_level_v2', '7'],
    ['SRS_LOG_FILE', 'srs_log_file', '7'],
    ['SRS_CHUNK_SIZE', 'rtmp.chunk_size', 7],
    ['SRS_VHOST_CHUNK_SIZE', 'rtmp.chunk_size', 7],
    ['SRS_VHOST_CHUNK_SIZE', 'vhost.chunk_size', 7],
    ['SRS_HTTP_API_AUTH_USERNAME', 'http_api.auth.username', '7'],
    ['SRS_VHOST_HLS_HLS_WINDOW', 'vhost.hls.hls_window', 7],
    ['SRS_VHOST_DASH_DASH_PATH', 'vhost.dash.dash_path', '7'],
    ['SRS_VHOST_SRT_TO_RTMP', 'vhost.srt.srt_to_rtmp', true],
    ['SRS_VHOST_FORWARD_DESTINATION', 'vhost.forward.destination', ['7']],
  ])('%s sets %s', (name, path, value) => {
    const config = load('max_connections 1; vhost v { chunk_size 1; }', { [name]: '7' });
    const scope = path.startsWith('vhost.') ? config.vhosts()[0]! : config.root;

    expect(scope.look(path as 'vhost.srt.enabled')).toEqual({ value, origin: { kind: 'environment', name } });
  });

  it('that is empty is not set', () => {
    expect(load('max_connections 5;', { SRS_MAX_CONNECTIONS: '' }).global('max_connections')).toBe(5);
  });

  it('is read on each lookup', () => {
    const environment: Record<string, string> = {};
    const config = load('daemon off;', environment);

    environment['SRS_MAX_CONNECTIONS'] = '12';

    expect(config.global('max_connections')).toBe(12);
  });

  it('splits lists on blanks', () => {
    const config = load('vhost v { }', {
      SRS_LISTEN: '1935 [::]:1935',
      SRS_VHOST_HTTP_HOOKS_ON_PLAY: 'http://a http://b',
    });

    expect(config.global('rtmp.listen')).toEqual(['1935', '[::]:1935']);
    expect(config.vhost('v')?.get('vhost.http_hooks.on_play')).toEqual(['http://a', 'http://b']);
  });

  it('sets nothing in clusters, ingests, security and the like', () => {
    const config = load('vhost v { }', { SRS_VHOST_CLUSTER_MODE: 'remote', SRS_VHOST_ENABLED: 'off' });

    expect(config.vhost('v')?.get('vhost.cluster.mode')).toBe('local');
    expect(config.vhost('v')?.get('vhost.enabled')).toBe(true);
  });

  it.each<[string, Record<string, string>, string]>([
    ['$CANDIDATE', { CANDIDATE: '10.0.0.1' }, '10.0.0.1'],
    ['$CANDIDATE', {}, '*'],
    ['$CANDIDATE', { SRS_RTC_SERVER_CANDIDATE: '$X', X: '10.0.0.2' }, '10.0.0.2'],
    ['192.168.0.1', {}, '192.168.0.1'],
  ])('named by a candidate is read: %s %j', (word, environment, candidate) => {
    const config = load(`rtc_server { candidate ${word}; } stream_caster { sip { candidate ${word}; } }`, environment);

    expect(config.global('rtc_server.candidate')).toEqual([candidate]);
    if (!('X' in environment)) expect(config.streamCasters()[0]?.get('stream_caster.sip.candidate')).toBe(candidate);
  });

  it('that sets nothing is told, with the nearest', () => {
    const { notices } = load('daemon off;', {
      SRS_VHOST_HLS_FRAGMENT: '2',
      SRS_CONFIG_FILE: 'x',
      SRS_EMPTY: '',
      OTHER: '1',
    });

    expect(notices.filter(({ file }) => file.startsWith('SRS_'))).toEqual([
      {
        file: 'SRS_VHOST_HLS_FRAGMENT',
        line: 0,
        directive: 'SRS_VHOST_HLS_FRAGMENT',
        text: 'sets no directive; did you mean SRS_VHOST_HLS_HLS_FRAGMENT?',
      },
    ]);
  });
});

it('a few stray variables are told, not thousands', () => {
  const stray = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`SRS_STRAY_${at}`, '1']));

  expect(load('listen 1;', stray).notices).toHaveLength(20);
});

describe('the environment alone', () => {
  it('stays in the foreground, logs to the console and serves every vhost', () => {
    const config = load('', {}, { environmentOnly: true });

    expect(config.global('daemon')).toBe(false);
    expect(config.global('srs_log_tank')).toBe('console');
    expect(config.vhost('any')?.name).toBe('__defaultVhost__');
    expect(config.global('rtmp.listen')).toEqual([]);
  });

  it('may say otherwise', () => {
    const environment = { SRS_DAEMON: 'on', SRS_LOG_TANK: 'file', SRS_LISTEN: '0' };
    const config = load('', environment, { environmentOnly: true });

    expect([config.global('daemon'), config.global('srs_log_tank'), config.global('listen')]).toEqual([
      true,
      'file',
      ['0'],
    ]);
  });
});

describe('explain', () => {
  it('lists what is set, each with its origin', () => {
    const config = load('listen 1935;\nvhost v {\n gop_cache off;\n}', { SRS_DAEMON: 'off' });

    expect(listValues(config)).toEqual([
      { directive: 'daemon', vhost: '', value: 'off', from: 'SRS_DAEMON' },
      { directive: 'rtmp.listen', vhost: '', value: '1935', from: 'a.conf:1' },
      { directive: 'vhost.play.gop_cache', vhost: 'v', value: 'off', from: 'a.conf:3' },
    ]);
    expect(listValues(config, { all: true }).length).toBeGreaterThan(250);
  });

  it('finds a directive by its last words', () => {
    expect(explainValue(load(text), 'hls_fragment', 'x')).toMatchObject({
      directive: 'vhost.hls.hls_fragment',
      vhost: '__defaultVhost__',
      value: '2.5',
      default: '10',
      from: 'a.conf:8',
      variables: ['SRS_VHOST_HLS_HLS_FRAGMENT'],
    });
    expect(explainValue(load(text), 'listen', '').from).toBe('same as rtmp.listen (a.conf:2)');
    expect(explainValue(load('daemon off;'), 'gop_cache', 'v')).toMatchObject({
      vhost: 'v',
      value: 'on',
      from: 'default',
    });
  });

  it.each([
    ['hls_fragmnt', 'Did you mean hls_fragment?'],
    ['key', 'There are rtmps.key'],
    ['vhost.ingest.ffmpeg', 'may stand several times'],
  ])('refuses what is no directive or has no single value: %s', (asked, advice) => {
    const found = fault(() => explainValue(load(text), asked, ''));

    expect(found.code).toBe('CONFIG_ASK');
    expect(found.advice).toContain(advice);
  });
});

import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../../src/core/control/config/load.ts';
import { fault, load, readFrom } from './tools.ts';

describe('names', () => {
  it.each<[string, string, string]>([
    [
      '\nmax_conections 1;',
      'a.conf:2: "max_conections" is not a directive of the root',
      'Did you mean max_connections?',
    ],
    [
      'vhost v {\n hls { hls_fragmnt 1; }\n}',
      'a.conf:2: "hls_fragmnt" is not a directive of vhost.hls',
      'hls_fragment?',
    ],
    ['vhost v { hls_window 1; }', '"hls_window" is not a directive of vhost', 'It belongs to vhost.hls.'],
    ['hls { }', '"hls" is not a directive of the root', 'It belongs to vhost.'],
    ['vhost v { transcode { engine e { vcodecs x; } } }', 'of vhost.transcode.engine', 'Did you mean vcodec?'],
    ['constructor 1;', '"constructor" is not a directive of the root', ''],
    ['vhost v { __proto__ 1; }', '"__proto__" is not a directive of vhost', ''],
    ['zzzzzzzzzzzzzzzzzz 1;', '"zzzzzzzzzzzzzzzzzz"', ''],
  ])('%j is refused', (text, sentence, advice) => {
    const found = fault(() => load(text));

    expect(found.code).toBe('CONFIG_UNKNOWN');
    expect(found.text).toContain(sentence);
    expect(found.advice).toContain(advice);
  });

  it.each([
    'http_api { https { any 1; } }',
    'http_server { https { any 1; } }',
    'rtc_server { tcp { any 1; } black_hole { any 1; } }',
    'threads { any 1; }',
    'circuit_breaker { any 1; }',
    'tencentcloud_cls { any 1; }',
    'tencentcloud_apm { any 1; }',
    'vhost v { ingest i { input { any 1; } engine { any 1; } } }',
  ])('in a block that SRS does not check are only told: %s', (text) => {
    expect(
      load(text)
        .notices.map(({ text: said }) => said)
        .join(),
    ).toContain('it has no effect');
  });

  it.each([
    'vhost v { transcode { engine { perfile { re; } vfilter { vf "x"; } vparams { t 1; } aparams { x { } } } } }',
    'vhost v { bandcheck { enabled on; key x; } }',
  ])('are free where they are options of another program: %s', (text) => {
    expect(load(text).vhosts()).toHaveLength(1);
  });

  it('of a block without braces, and of a value with them, are told', () => {
    const { notices } = load('http_api 1985;\npid { }');

    expect(notices.map(({ line, text }) => [line, text])).toEqual(
      expect.arrayContaining([
        [1, 'is a block, and has no { ... } here'],
        [2, 'is no block: what is in its { ... } has no effect'],
      ]),
    );
  });
});

const https = (name: string, port: number, tls: number): string =>
  `${name} { enabled on; listen ${port}; https { enabled on; listen ${tls}; } }`;

describe('values', () => {
  it.each<[string, string, string]>([
    ['is_full on;', 'CONFIG_VALUE', 'full.conf'],
    ['max_connections 0;', 'CONFIG_VALUE', 'max_connections: 0 is not above 0'],
    ['\nmax_connections many;', 'CONFIG_VALUE', 'a.conf:2:'],
    ['heartbeat { interval 0.9; }', 'CONFIG_VALUE', 'heartbeat.interval'],
    ['stats { network -1; }', 'CONFIG_VALUE', '-1 is below 0'],
    ['listen 1935 rtmp;', 'CONFIG_VALUE', 'listen: rtmp is not PORT'],
    ['http_server { listen 1.2.3.400:80; }', 'CONFIG_VALUE', 'http_server.listen'],
    ['srt_server { listen 70000; }', 'CONFIG_VALUE', 'srt_server.listen'],
    ['stream_caster { enabled on; caster flv; }', 'CONFIG_VALUE', 'a port above 0'],
    ['asprocess on;', 'CONFIG_CONFLICT', 'daemon off'],
    ['http_api { https { enabled on; } }', 'CONFIG_CONFLICT', 'on needs http_api.enabled on'],
    [`${https('http_api', 80, 443)} ${https('http_server', 80, 444)}`, 'CONFIG_CONFLICT', 'must share HTTPS too'],
    [`${https('http_api', 80, 443)} ${https('http_server', 81, 443)}`, 'CONFIG_CONFLICT', 'must share HTTP too'],
    ['vhost v { http_remux { } http_remux { } }', 'CONFIG_CONFLICT', '2 http_remux blocks'],
    [
      'vhost v { hls { enabled on; } http_remux { enabled on; mount [vhost]/[app]/[stream].ts; } }',
      'CONFIG_CONFLICT',
      '.ts and HLS',
    ],
    ['rtc_server { black_hole { enabled on; } }', 'CONFIG_VALUE', 'black_hole.addr: must be IP:PORT'],
    ['rtc_server { black_hole { enabled on; addr host:1; } }', 'CONFIG_VALUE', 'must be IP:PORT'],
    ['rtc_server { black_hole { enabled on; addr 127.0.0.1:0; } }', 'CONFIG_VALUE', 'must be IP:PORT'],
    [
      'vhost v {\nrtc { enabled on;\ndtls_version dtls1.0; } }',
      'CONFIG_VALUE',
      'a.conf:3: vhost.rtc.dtls_version: DTLS 1.0',
    ],
    ['vhost v { forward a; publish { kickoff_for_idle 0.5; } }', 'CONFIG_CONFLICT', 'together with forward'],
    ['vhost v {\ningest a { }\ningest a { }\n}', 'CONFIG_CONFLICT', 'a.conf:3: vhost.ingest: two ingests of vhost v'],
  ])('%j is refused', (text, code, sentence) => {
    const found = fault(() => load(text));

    expect(found.code).toBe(code);
    expect(found.text).toContain(sentence);
  });

  it.each([
    'asprocess on; daemon off;',
    `${https('http_api', 80, 443)} ${https('http_server', 80, 443)}`,
    `${https('http_api', 80, 443)} ${https('http_server', 81, 444)}`,
    'vhost v { ingest a { } ingest b { } } vhost w { ingest a { } }',
    'vhost v { hls { enabled on; } http_remux { enabled on; } }',
    'rtc_server { black_hole { enabled on; addr [::1]:10000; } }',
    'vhost v { rtc { enabled on; dtls_version dtls1.2; } } vhost w { rtc { dtls_version dtls1.0; } }',
    'vhost v { forward a; } vhost w { publish { kickoff_for_idle 1; } }',
  ])('%j is allowed', (text) => {
    expect(load(text).root.path).toBe('');
  });

  it('from the environment are checked too, and named', () => {
    expect(fault(() => load('daemon off;', { SRS_MAX_CONNECTIONS: 'x' })).text).toContain('SRS_MAX_CONNECTIONS');
    expect(fault(() => load('daemon off;', { SRS_HTTP_API_LISTEN: 'x' })).code).toBe('CONFIG_VALUE');
  });

  it('that the machine does not allow are refused', () => {
    const machine = { addresses: 1, openFiles: 1128 };

    expect(fault(() => load('max_connections 1000;', {}, { machine })).code).toBe('CONFIG_MACHINE');
    expect(load('max_connections 999;', {}, { machine }).global('max_connections')).toBe(999);
    const network = 'max_connections 1; stats { network 1; }';
    expect(fault(() => load(network, {}, { machine })).text).toContain('this machine has 1');
  });

  it('of rules and URLs that fit nothing are told', () => {
    const { notices } = load(`listen 1; vhost v {
      security { allow publish all; allow plays all; deny play 10.0.0.0/40; deny play ::1 x; }
      http_hooks { on_publish http://a/ ftp://b/; on_hls_notify https://[x]/; on_close c; } }`);

    expect(notices.map(({ line, text }) => [line, text.slice(0, 30)])).toEqual([
      [2, '"plays all" fits nobody: write'],
      [2, '"play 10.0.0.0/40" fits nobody'],
      [2, '"play ::1 x" fits nobody: write'.slice(0, 30)],
      [3, 'c is no http:// or https:// UR'],
      [3, 'ftp://b/ is no http:// or http'],
    ]);
  });

  it('of a doubtful size are told', () => {
    const { notices } = load('chunk_size 100;\nvhost v {\nchunk_size 65537;\n}');

    expect(notices.filter(({ text }) => text.includes('outside')).map(({ line }) => line)).toEqual([1, 3]);
  });

  it.each([
    ['hls { enabled on; }', 'hls { enabled on; }', ['vhost.hls.hls_m3u8_file']],
    ['dash { enabled on; }', 'dash { enabled on; }', ['vhost.dash.dash_mpd_file']],
    ['hls { enabled on; }', 'hls { enabled on; hls_m3u8_file x/[app]/[stream].m3u8; }', ['vhost.hls.hls_ts_file']],
    ['hls { enabled on; } dash { enabled on; }', 'hls { enabled on; hls_disk off; }', []],
    ['hls { enabled on; }', 'hls { enabled on; hls_path /srv/b; }', []],
    ['hls { enabled on; }', 'hls { enabled off; }', []],
    ['hls { enabled on; }', 'enabled off; hls { enabled on; }', []],
    [
      'hls { enabled on; hls_m3u8_file [vhost]/[stream].m3u8; hls_ts_file [vhost]/[seq].ts; }',
      'hls { enabled on; hls_m3u8_file [vhost]/[stream].m3u8; hls_ts_file [vhost]/[seq].ts; }',
      [],
    ],
  ])('of two vhosts whose files overwrite each other are told by name: %s, %s', (a, b, expected) => {
    const { notices } = load(`listen 1;\nvhost a.com { ${a} }\nvhost b.com { ${b} }`);
    const told = notices.filter(({ text }) => text.includes('one place'));

    expect(told.map(({ directive }) => directive)).toEqual(expected);
    for (const { line, text } of told) {
      expect(line).toBe(3);
      expect(text).toContain('vhost a.com and vhost b.com');
    }
  });

  it('that change nothing are told once, with the reason', () => {
    const hls = 'hls { hls_storage disk; }';
    const { notices } = load(`listen 1;\nfirst_wait_for_qlv 1;\nvhost a { ${hls} }\nvhost b { ${hls} }`);

    expect(notices.map(({ line, directive }) => [line, directive])).toEqual([
      [2, 'first_wait_for_qlv'],
      [3, 'vhost.hls.hls_storage'],
    ]);
  });
});

it('what is switched off and not there is not told', () => {
  const { notices } = load('daemon off;\nvhost v { dvr { enabled off; } }\nquery_latest_version off;');

  expect(notices.map(({ directive }) => directive)).toEqual(['rtmp.listen']);
});

it('an empty configuration and one that cannot be read are refused', () => {
  expect(fault(() => load(' # nothing\n')).code).toBe('CONFIG_EMPTY');
  const missing = fault(() => loadConfig({ file: 'x.conf', read: readFrom({}) }));
  expect(missing).toMatchObject({ code: 'CONFIG_READ', text: 'x.conf: it cannot be read: no such file' });
  expect(loadConfig({ file: 'x.conf', read: readFrom({ 'x.conf': 'listen 1;' }) }).global('listen')).toEqual(['1']);
});

// The configuration in force, what a reload changes, and settings of a program as a configuration.
import { describe, expect, test } from 'vitest';
import { changesOf } from '../../../../src/core/control/config/changes.ts';
import type { Config } from '../../../../src/core/control/config/config.ts';
import { configFromSettings, type PlainSettings } from '../../../../src/core/control/config/from-settings.ts';
import { loadConfig } from '../../../../src/core/control/config/load.ts';
import { planServe } from '../../../../src/core/control/config/serve-settings.ts';
import { LiveSettings, type SettingsChange, settingsOf } from '../../../../src/core/control/config/settings.ts';

const config = (text: string): Config => loadConfig({ text, file: 'srs.conf', read: () => '' });

describe('LiveSettings', () => {
  test('give a name its own vhost, and others the fallback vhost', () => {
    const settings = settingsOf('vhost a.com { chunk_size 1000; } vhost __defaultVhost__ { chunk_size 2000; }');

    expect(settings.vhost('a.com').get('vhost.chunk_size')).toBe(1000);
    expect(settings.vhost('b.com').get('vhost.chunk_size')).toBe(2000);
    expect(settings.find('b.com')?.name).toBe('__defaultVhost__');
  });

  test('know no vhost for a name that nothing serves, whose values are the defaults', () => {
    const settings = settingsOf('vhost a.com { hls { enabled on; } }');

    expect(settings.find('b.com')).toBeUndefined();
    expect(settings.vhost('b.com').get('vhost.hls.enabled')).toBe(false);
  });

  test('tell a listener of a reload with the values of before and after, until it leaves', () => {
    const settings = new LiveSettings(config('vhost a.com { chunk_size 1000; }'));
    const heard: SettingsChange[] = [];
    const listener = settings.onChange((change) => heard.push(change));

    settings.replace(config('vhost a.com { chunk_size 3000; }'));
    listener.close();
    settings.replace(config('vhost a.com { }'));

    const values = heard.flatMap(({ before, after }) => [before, after]);
    expect(values.map((each) => each.vhost('a.com').get('vhost.chunk_size'))).toEqual([1000, 3000]);
  });
});

describe('changesOf', () => {
  test('names what differs by vhost, and what needs a restart', () => {
    const before = config('listen 1935; vhost a.com { hls { hls_fragment 5; } } vhost b.com { }');
    const after = config('listen 1936; pid ./x.pid; vhost a.com { hls { hls_fragment 6; } } vhost c.com { }');

    const changes = changesOf(before, after).map(({ vhost, directive, when }) => [vhost, directive, when]);

    expect(changes).toEqual(
      expect.arrayContaining([
        ['', 'pid', 'restart'],
        ['', 'rtmp.listen', 'now'],
        ['a.com', 'vhost.hls.hls_fragment', 'now'],
        ['b.com', 'vhost', 'now'],
        ['c.com', 'vhost', 'now'],
      ]),
    );
  });

  test('tells what is asked each time from what a server has from its start on', () => {
    const rtc = (text: string): Config => config(`listen 1; ${text}`);
    const now =
      'rtc_server { merge_nalus on; black_hole { enabled on; addr 127.0.0.1:9; } } circuit_breaker { enabled off; }';
    const later = 'daemon off; rtc_server { reuseport 2; tcp { enabled on; } }';

    expect(new Set(changesOf(rtc(''), rtc(now)).map(({ when }) => when))).toEqual(new Set(['now']));
    expect(changesOf(rtc(''), rtc(later)).map(({ directive, when }) => [directive, when])).toEqual([
      ['daemon', 'restart'],
      ['rtc_server.reuseport', 'restart'],
      ['rtc_server.tcp.enabled', 'restart'],
    ]);
  });

  test('has no secrets, and sees that they change', () => {
    const secret = (word: string): Config =>
      config(`listen 1; http_api { auth { token ${word}; } } rtc_server { ice_servers turn:a u ${word}; }`);

    const changes = changesOf(secret('s3cret'), secret('s3cret2'));

    expect(changes).toEqual(
      expect.arrayContaining([
        { directive: 'http_api.auth.token', vhost: '', before: '***', after: '***', when: 'now' },
        { directive: 'rtc_server.ice_servers', vhost: '', before: 'turn:a u ***', after: 'turn:a u ***', when: 'now' },
      ]),
    );
    expect(JSON.stringify(changes)).not.toContain('s3cret');
  });

  test('is empty for the same values in another place of the file', () => {
    const text = 'listen 1935; vhost a.com { exec { enabled on; publish ./a b; } }';

    expect(changesOf(config(text), config(`\n\n${text}`))).toEqual([]);
  });

  test('sees an input of another protocol that changes', () => {
    const caster = (port: number): Config =>
      config(
        `listen 1; stream_caster { enabled on; caster flv; output rtmp://127.0.0.1/[app]/[stream]; listen ${port}; }`,
      );

    expect(changesOf(caster(1), caster(2))).toMatchObject([{ directive: 'stream_caster', when: 'restart' }]);
  });

  test('sees SIP that changes where a caster has it', () => {
    const caster = (kind: string, port: number): Config =>
      config(`listen 1; stream_caster { enabled on; caster ${kind}; listen 9000; sip { listen ${port}; } }`);

    expect(changesOf(caster('gb28181', 1), caster('gb28181', 2))).toMatchObject([{ when: 'restart' }]);
    expect(changesOf(caster('flv', 1), caster('flv', 2))).toEqual([]);
  });
});

describe('configFromSettings', () => {
  const plain: PlainSettings = {
    rtmp: { listen: ['127.0.0.1:1'], tls: { listen: ['2'], cert: '/a dir/c.pem', key: "it's.pem" } },
    http: { listen: ['3'] },
    api: { listen: [] },
    mergeWindowMs: 40,
    gopCache: false,
    srt: ['10080'],
    rtsp: [],
    rtc: [],
  };

  test('says the same as the settings', () => {
    const config = configFromSettings(plain);
    const { settings } = planServe(config);
    const vhost = config.vhost('__defaultVhost__');

    expect(settings).toMatchObject({
      rtmp: plain.rtmp,
      http: { listen: ['3'] },
      api: { listen: [] },
      hls: { classic: false, lowLatency: false },
      dash: false,
      srt: ['10080'],
    });
    expect(vhost?.get('vhost.play.mw_latency')).toBe(40);
    expect(vhost?.get('vhost.play.gop_cache')).toBe(false);
  });

  test('leaves no directive without words, so that nothing listens anywhere', () => {
    const none = { ...plain, rtmp: { listen: [] }, http: { listen: [] } };

    const { settings } = planServe(configFromSettings(none));

    expect([settings.rtmp, settings.http, settings.api]).toEqual([{ listen: [] }, { listen: [] }, { listen: [] }]);
  });
});

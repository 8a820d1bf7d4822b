import { describe, expect, it } from 'vitest';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { planServe } from '../../../../src/core/control/config/serve-settings.ts';
import type { ServeSettings } from '../../../../src/core/engine.ts';
import { hls } from '../../../../src/core/protocols/hls/index.ts';
import { fault, load } from './tools.ts';

const plan = (text: string, environment = {}) => planServe(load(text, environment));

describe('a server by configuration', () => {
  it('listens only where the file says', () => {
    expect(plan('listen 1935;').settings).toEqual({
      rtmp: { listen: ['1935'] },
      http: { listen: [] },
      api: { listen: [] },
      exporter: { listen: [] },
      rtsp: [],
      rtspUdp: 0,
      srt: [],
      rtc: [],
      rtcTcp: [],
      apiOnHttp: false,
      hls: { classic: false, lowLatency: false },
      dash: false,
    });
  });

  it('has RTMPS, HTTP, HTTPS and the API', () => {
    const { settings } = plan(`
      rtmp { listen 1935 [::]:1935; }
      rtmps { enabled on; listen 1443; key k; cert c; }
      http_server { enabled on; listen 8080; https { enabled on; listen 8088; key k2; cert c2; } }
      http_api { enabled on; listen 1985; https { enabled on; } }`);

    expect(settings).toMatchObject({
      rtmp: { listen: ['1935', '[::]:1935'], tls: { listen: ['1443'], key: 'k', cert: 'c' } },
      http: { listen: ['8080'], tls: { listen: ['8088'], key: 'k2', cert: 'c2' } },
      api: { listen: ['1985'], tls: { listen: ['1990'], key: './conf/server.key', cert: './conf/server.crt' } },
    });
  });

  it('opens the API to the network only when an address is written', () => {
    const closed = plan('http_api { enabled on; }');

    expect(closed.settings.api.listen).toEqual(['127.0.0.1:1985']);
    expect(closed.notices.filter(({ directive }) => directive === 'http_api.listen')).toHaveLength(1);
    expect(plan('http_api { enabled on; listen 1985; }').settings.api.listen).toEqual(['1985']);
    expect(plan('http_api { enabled on; }', { SRS_HTTP_API_LISTEN: '1986' }).settings.api.listen).toEqual(['1986']);
  });

  it('takes times and limits of the vhost that serves all names', () => {
    const { limits } = plan(`
      max_connections 50;
      vhost __defaultVhost__ {
        play { queue_length 10; gop_cache_max_frames 99; }
        publish { firstpkt_timeout 1000; normal_timeout 2000; }
      }`);

    expect(limits).toEqual({
      sessions: 50,
      feedSpan: fromSeconds(10),
      gopFrames: 99,
      firstMediaTime: fromMs(1000),
      silentTime: fromMs(2000),
    });
  });

  it('reads garbage as the default where 0 would end every session', () => {
    const { limits } = plan(
      'vhost v { play { queue_length x; gop_cache_max_frames x; } publish { firstpkt_timeout x; normal_timeout x; } }',
    );

    expect(limits).toMatchObject({ feedSpan: fromSeconds(30), gopFrames: 2500 });
    expect(limits).toMatchObject({ firstMediaTime: fromSeconds(20), silentTime: fromSeconds(5) });
  });

  it('tells whether there is HLS', () => {
    expect(plan('vhost v { hls { enabled on; } }').settings.hls).toEqual({ classic: true, lowLatency: false });
    const all = plan('vhost v { hls { enabled on; hls_ll on; } dash { enabled on; } }').settings;
    expect(all).toMatchObject({ hls: { classic: true, lowLatency: true }, dash: true });
    const keys = plan('vhost v { hls { enabled on; hls_ll on; hls_keys on; } }').settings;
    expect(keys.hls.lowLatency).toBe(false);
    expect(plan('vhost v { }').settings.hls).toEqual({ classic: false, lowLatency: false });
  });

  it('hears the variables of vhosts also when no vhost is written', () => {
    const { settings, limits } = plan('listen 1935;', {
      SRS_VHOST_HLS_ENABLED: 'on',
      SRS_VHOST_PLAY_QUEUE_LENGTH: '7',
    });

    expect(settings.hls).toEqual({ classic: true, lowLatency: false });
    expect(limits.feedSpan).toBe(fromSeconds(7));
  });

  it('is what the engine takes', () => {
    const { settings } = plan('vhost v { hls { enabled on; } }');
    const engineSettings: Partial<ServeSettings> = settings;

    expect({ ...hls.defaults, ...engineSettings.hls, classic: false }).toEqual(hls.defaults);
  });

  it('tells of a configuration that serves nobody', () => {
    const text = 'is missing: nobody can publish or play; write vhost __defaultVhost__ { }';

    expect(plan('listen 1935;').notices).toContainEqual(expect.objectContaining({ directive: 'vhost', text }));
    expect(plan('vhost a { play { queue_length 1; } }').notices).toEqual([]);
    expect(plan('vhost a { play { queue_length 1; } }').limits.feedSpan).toBe(fromSeconds(1));
  });

  it.each([
    ['8080', '8080'],
    ['0.0.0.0:8080', ':8080'],
    ['127.0.0.1:1 [::1]:1', '127.0.0.1:1 [::1]:1'],
  ])('API and streams share their addresses: %s and %s', (api, http) => {
    const { settings } = plan(`http_api { enabled on; listen ${api}; } http_server { enabled on; listen ${http}; }`);

    expect(settings).toMatchObject({ apiOnHttp: true, api: { listen: [] }, http: { listen: http.split(' ') } });
  });

  it('share HTTPS too, when both have it', () => {
    const api = 'http_api { enabled on; listen 80; https { enabled on; listen 443; } }';
    const tls = { tls: expect.objectContaining({ listen: ['443'] }) };

    const both = plan(`${api} http_server { enabled on; listen 80; https { enabled on; listen 443; } }`).settings;
    const one = plan(`${api} http_server { enabled on; listen 80; }`).settings;

    expect(both).toMatchObject({ apiOnHttp: true, api: { listen: [] }, http: tls });
    expect(both.api.tls).toBeUndefined();
    expect(one).toMatchObject({ apiOnHttp: true, api: { listen: [], ...tls } });
  });

  it('CONFIG_SHARED_PORT: some ports are shared and others not', () => {
    const shared = 'http_api { enabled on; listen 8080; } http_server { enabled on; listen 127.0.0.1:8080; }';

    expect(fault(() => plan(shared)).code).toBe('CONFIG_SHARED_PORT');
    expect(plan(shared.replaceAll('8080', '0')).settings).toMatchObject({ apiOnHttp: false, api: { listen: ['0'] } });
    expect(plan('http_api { enabled on; listen 0; } http_server { enabled on; listen 0; }').settings.apiOnHttp).toBe(
      false,
    );
  });
});

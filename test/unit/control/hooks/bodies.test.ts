// The bodies against those that SRS sent.
import { describe, expect, it } from 'vitest';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import * as bodies from '../../../../src/core/control/hooks/bodies.ts';
import type { HookClient } from '../../../../src/core/control/hooks/hooks.ts';
import { captured, notified } from './captured.ts';

const identity: bodies.Identity = {
  ...{ serverId: 'vid-i817rm4', serviceId: 'j1623142', streamId: () => 'vid-t44v3n1' },
  workDir: () => '/usr/local/srs',
};
const name = { vhost: '__defaultVhost__', app: 'live', stream: 'livestream' };
const publisher: HookClient = {
  ...{ clientId: '21xva923', ip: '127.0.0.1', name, stream: 'livestream', param: '?token=abc&foo=bar' },
  ...{ tcUrl: 'rtmp://127.0.0.1:21935/live', pageUrl: '' },
};
const player: HookClient = { ...publisher, clientId: '5956d2s7', param: '?u=1' };
const segment = {
  ...{ name, file: './objs/nginx/html/live/livestream-0.ts', url: 'live/livestream-0.ts', sequence: 0 },
  ...{ m3u8: './objs/nginx/html/live/livestream.m3u8', m3u8Url: 'live/livestream.m3u8' },
  duration: fromSeconds(4.0204),
};
const recorded = {
  ...{ name, cwd: '/usr/local/srs', file: './objs/nginx/live/livestream.1795464663585.flv' },
  ...{ sizeBytes: 1, duration: 1 },
};

const made: Readonly<Record<string, bodies.HookBody>> = {
  on_connect: bodies.connectBody(identity, publisher),
  on_close: bodies.closeBody(identity, player, { sent: 2_805_150, received: 3511 }),
  on_publish: bodies.streamBody(identity, 'on_publish', publisher),
  on_unpublish: bodies.streamBody(identity, 'on_unpublish', publisher),
  on_play: bodies.playBody(identity, player),
  on_stop: bodies.streamBody(identity, 'on_stop', player),
  on_dvr: bodies.dvrBody(identity, publisher, recorded),
  on_hls: bodies.hlsBody(identity, publisher, segment),
  on_forward: bodies.forwardBody(identity, {
    ...{ ...publisher, clientId: '6qz22773', stream: 'a', param: '?x=1' },
    name: { ...name, stream: 'a' },
  }),
};

describe('the body of a hook', () => {
  it.each(Object.keys(captured))('%s is what SRS sends, key for key and in order', (action) => {
    expect(JSON.stringify(made[action])).toBe(JSON.stringify(captured[action]));
  });

  it('has the vhost in stream_url when it is not the default one', () => {
    const other = { ...publisher, name: { ...name, vhost: 'b.com' } };
    expect(bodies.playBody(identity, other)).toMatchObject({ vhost: 'b.com', stream_url: 'b.com/live/livestream' });
  });
});

describe('the URL of on_hls_notify', () => {
  const at = (template: string, more = {}): string =>
    bodies.notifyUrl(template, identity, publisher, { ...segment, ...more });

  it('has the variables filled in, as SRS fetched it', () => {
    expect(at('/notify/[server_id]/[app]/[stream]/[ts_url][param]')).toBe(notified);
    expect(at('http://h/[service_id]?[nothing]')).toBe('http://h/j1623142?[nothing]');
  });

  it('is that of the segment when it is absolute', () => {
    expect(at('http://h/[ts_url]', { url: 'https://cdn/x/livestream-0.ts' })).toBe('https://cdn/x/livestream-0.ts');
  });

  it('takes a segment beside the playlist as it is', () => {
    expect(at('http://h/[ts_url]', { url: 'ts/livestream-0.ts' })).toBe('http://h/ts/livestream-0.ts');
  });
});

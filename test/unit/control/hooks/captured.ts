// Bodies that SRS 7.0.18 sent, as captured; abbreviations of the paper written out.

const client = {
  ...{ server_id: 'vid-i817rm4', service_id: 'j1623142', action: '', client_id: '21xva923', ip: '127.0.0.1' },
  ...{ vhost: '__defaultVhost__', app: 'live' },
};
const ends = { stream_url: '/live/livestream', stream_id: 'vid-t44v3n1' };
const tcUrl = 'rtmp://127.0.0.1:21935/live';
const published = { tcUrl, stream: 'livestream', param: '?token=abc&foo=bar' };

/** By action; the keys are in the order in which they came. */
export const captured: Readonly<Record<string, Readonly<Record<string, string | number>>>> = {
  on_connect: {
    ...{ ...client, action: 'on_connect' },
    ...{ stream: 'livestream', param: '?token=abc&foo=bar', tcUrl, pageUrl: '' },
  },
  on_close: {
    ...{ ...client, action: 'on_close', client_id: '5956d2s7' },
    ...{ send_bytes: 2_805_150, recv_bytes: 3511 },
  },
  on_publish: { ...client, action: 'on_publish', ...published, ...ends },
  on_unpublish: { ...client, action: 'on_unpublish', ...published, ...ends },
  on_play: {
    ...{ ...client, action: 'on_play', client_id: '5956d2s7' },
    ...{ stream: 'livestream', tcUrl, param: '?u=1', pageUrl: '', ...ends },
  },
  on_stop: {
    ...{ ...client, action: 'on_stop', client_id: '5956d2s7' },
    ...{ tcUrl, stream: 'livestream', param: '?u=1', ...ends },
  },
  on_dvr: {
    ...{ ...client, action: 'on_dvr', ...published },
    ...{ cwd: '/usr/local/srs', file: './objs/nginx/live/livestream.1795464663585.flv', ...ends },
  },
  on_hls: {
    ...{ ...client, action: 'on_hls', ...published, duration: 4.02 },
    ...{ cwd: '/usr/local/srs', file: './objs/nginx/html/live/livestream-0.ts', url: 'live/livestream-0.ts' },
    ...{ m3u8: './objs/nginx/html/live/livestream.m3u8', m3u8_url: 'live/livestream.m3u8', seq_no: 0, ...ends },
  },
  on_forward: {
    ...{ action: 'on_forward', server_id: 'vid-i817rm4', service_id: 'j1623142', client_id: '6qz22773' },
    ...{ ip: '127.0.0.1', vhost: '__defaultVhost__', app: 'live', tcUrl, stream: 'a', param: '?x=1' },
  },
};

/** The path that on_hls_notify fetched. */
export const notified = '/notify/vid-i817rm4/live/livestream/livestream-0.ts?token=abc&foo=bar';

/** Key by key, and the type of each value. */
export const shapeOf = (body: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(body).map(([key, value]) => `${key}: ${typeof value}`);

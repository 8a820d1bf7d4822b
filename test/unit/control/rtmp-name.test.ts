import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { localUrl, parseRtmpTarget } from '../../../src/core/control/rtmp-name.ts';
import { DEFAULT_VHOST } from '../../../src/core/media/stream-name.ts';

const v = DEFAULT_VHOST;

describe('parseRtmpTarget', () => {
  it.each([
    ['rtmp://127.0.0.1/live/one', '127.0.0.1', 1935, v, 'live', 'one', ''],
    ['rtmp://127.0.0.1:19350/a/b/c?token=x', '127.0.0.1', 19_350, v, 'a/b', 'c', '?token=x'],
    ['rtmp://127.0.0.1/live?vhost=v.com/one?k=1', '127.0.0.1', 1935, 'v.com', 'live', 'one', '?k=1'],
    ['rtmp://127.0.0.1/live/one?k=1&vhost=v.com', '127.0.0.1', 1935, 'v.com', 'live', 'one', '?k=1'],
    ['rtmp://h.com/live/one?domain=v.com', 'h.com', 1935, 'v.com', 'live', 'one', ''],
    ['RTMPS://h.com/live/one', 'h.com', 1935, 'h.com', 'live', 'one', ''],
    ['rtmp://[::1]:1/live/one', '::1', 1, v, 'live', 'one', ''],
  ])('reads %s', (text, host, port, vhost, app, stream, param) => {
    expect(parseRtmpTarget(text)).toEqual({ host, port, name: { vhost, app, stream }, param });
  });

  it.each([
    '',
    'rtmp://',
    'rtmp://h',
    'rtmp://h/app',
    'rtmp://h/app/',
    'rtmp:///a/b',
    'http://h/a/b',
    'rtmp://h/a b/c',
    'x',
  ])('refuses %j', (text) => {
    expect(parseRtmpTarget(text)).toBeUndefined();
  });

  it('throws for nothing, and finds what localUrl wrote', () => {
    fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => void parseRtmpTarget(`rtmp://${text}`)));
    const word = fc.stringMatching(/^[a-z0-9._-]{1,20}$/);
    fc.assert(
      fc.property(word, fc.array(word, { minLength: 1, maxLength: 4 }), word, (vhost, levels, stream) => {
        const name = { vhost, app: levels.join('/'), stream };
        expect(parseRtmpTarget(localUrl(name, 1935))?.name).toEqual(name);
      }),
    );
  });
});

// Names of streams out of tcUrl and stream name, and out of URLs.
import { describe, expect, it } from 'vitest';
import { parseRemote, parseTarget } from '../../../../src/core/protocols/rtmp/url.ts';

// [tcUrl, stream name, vhost, app, stream, param]
const targets = [
  ['rtmp://h/live', 's', 'h', 'live', 's', ''],
  ['rtmp://h:1935/live', 's', 'h', 'live', 's', ''],
  ['rtmp://[::1]:1935/live', 's', '::1', 'live', 's', ''],
  ['rtmp://[fe80::1]/live', 's', 'fe80::1', 'live', 's', ''],
  ['rtmps://user:pass@h/live', 's', 'h', 'live', 's', ''],
  ['rtmp://h/a/b', 'c', 'h', 'a/b', 'c', ''],
  ['rtmp://h/live/_definst_', 's', 'h', 'live', 's', ''],
  ['rtmp://h/live/', '/s/', 'h', 'live', 's', ''],
  ['rtmp://h/li ve\r\n', ' s\t', 'h', 'live', 's', ''],
  ['rtmp://h', 's', 'h', '__defaultApp__', 's', ''],
  ['rtmp://h/', 's', 'h', '__defaultApp__', 's', ''],
  ['rtmp://h/live?vhost=v', 's', 'v', 'live', 's', '?vhost=v'],
  ['rtmp://h/live?domain=v', 's', 'v', 'live', 's', '?domain=v'],
  ['rtmp://h/live', 's?vhost=v', 'v', 'live', 's', '?vhost=v'],
  ['rtmp://h/live', 's?token=abc&vhost=v', 'v', 'live', 's', '?token=abc&vhost=v'],
  ['rtmp://h/live#vhost=v', 's', 'v', 'live', 's', '?vhost=v'],
  ['rtmp://h/live', 's#token=a', 'h', 'live', 's', '?token=a'],
  ['rtmp://h/live...vhost...v', 's', 'v', 'live', 's', '?vhost=v'],
  ['rtmp://h/live', 's...vhost...v', 'v', 'live', 's', '?vhost=v'],
  ['rtmp://h/live?a=1', 's?b=2', 'h', 'live', 's', '?a=1&b=2'],
  ['rtmp://h/live?vhost=', 's', 'h', 'live', 's', '?vhost='],
  ['rtmp://h/live', 's.flv', 'h', 'live', 's', ''],
  ['rtmp://h/live', 'flv:s', 'h', 'live', 's', ''],
  ['rtmp://h/live', 'mp4:s.mp4', 'h', 'live', 's', ''],
  ['rtmp://h/live', 'room.1', 'h', 'live', 'room.1', ''],
  ['rtmp://h/live/s', '', 'h', 'live', 's', ''],
  ['rtmp://h/live', '', 'h', 'live', '', ''],
  ['', '', '', '__defaultApp__', '', ''],
  ['rtmp://h/../x', '%2e%2e', 'h', '../x', '%2e%2e', ''],
] as const;

describe('a target', () => {
  it.each(targets)('of %j and %j is %j %j %j %j', (tcUrl, streamName, vhost, app, stream, param) => {
    const target = parseTarget(tcUrl, streamName);

    expect(target.name).toEqual({ vhost, app, stream });
    expect(target.param).toBe(param);
  });

  it('takes time in proportion to the length of hostile names', () => {
    const long = '?#&...vhost..././ '.repeat(60_000);

    expect(parseTarget(`rtmp://h/${long}`, long).name.app.length).toBeLessThan(long.length);
  });
});

// [URL, host, port, tcUrl, app, stream]
const remotes = [
  ['rtmp://h/live/s', 'h', 1935, 'rtmp://h/live', 'live', 's'],
  ['rtmp://h:19350/a/b/c?x=1&y=/z', 'h', 19350, 'rtmp://h:19350/a/b', 'a/b', 'c?x=1&y=/z'],
  ['rtmps://h/live/s', 'h', 443, 'rtmps://h/live', 'live', 's'],
  ['rtmp://[::1]:5/live/s', '::1', 5, 'rtmp://[::1]:5/live', 'live', 's'],
  ['rtmp://h/live?vhost=v/s', 'h', 1935, 'rtmp://h/live?vhost=v', 'live?vhost=v', 's'],
  ['rtmp://h/live/mp4:s%20x', 'h', 1935, 'rtmp://h/live', 'live', 'mp4:s x'],
] as const;

describe('a remote', () => {
  it.each(remotes)('of %s', (text, host, port, tcUrl, app, stream) => {
    const remote = parseRemote(new URL(text));

    expect(remote).toEqual({ secure: text.startsWith('rtmps'), host, port, tcUrl, app, stream });
  });

  it.each(['rtmp://h', 'rtmp://h/live', 'rtmp://h/live/', 'rtmp:///live/s'])('is not %s (RTMP_URL)', (text) => {
    expect(() => parseRemote(new URL(text))).toThrow(expect.objectContaining({ code: 'RTMP_URL' }));
  });
});

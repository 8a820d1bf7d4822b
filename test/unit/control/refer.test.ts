// Which pages may embed a stream.
import { describe, expect, it } from 'vitest';
import { settingsOf } from '../../../src/core/control/config/settings.ts';
import { checkRefer } from '../../../src/core/control/refer.ts';
import { thrown } from '../../tools/thrown.ts';

const code = (pageUrl: string, { protocol = 'rtmp', rules = 'play github.com b.org;' } = {}): string | undefined => {
  const vhost = settingsOf(`vhost v { refer { enabled on; ${rules} } }`).vhost('v');
  return thrown(() => checkRefer(vhost, 'play', { protocol, pageUrl }));
};

describe('refer of a vhost', () => {
  it.each([
    ['http://github.com/a/b', undefined],
    ['https://www.GitHub.com:8443/x?y', undefined],
    ['github.com/a', undefined],
    ['http://b.org', undefined],
    ['http://evilgithub.com/', 'REFER_PAGE'],
    ['http://github.com.evil.org/', 'REFER_PAGE'],
    ['http://evil.org/github.com', 'REFER_PAGE'],
    ['http://evil.org/?x=http://github.com', 'REFER_PAGE'],
    ['http://github.com@evil.org/', 'REFER_PAGE'],
    ['', 'REFER_PAGE'],
    ['::::', 'REFER_PAGE'],
  ])('%j over RTMP gives %s', (pageUrl, expected) => {
    expect(code(pageUrl)).toBe(expected);
  });

  it('lets players over HTTP pass that are no pages, and looks at those that are', () => {
    expect(code('', { protocol: 'http-flv' })).toBeUndefined();
    expect(code('http://evil.org/', { protocol: 'http-flv' })).toBe('REFER_PAGE');
    expect(code('http://evil.org/', { protocol: 'hls' })).toBe('REFER_PAGE');
  });

  it('looks only at the list of the action, and only when it is on', () => {
    expect(code('http://evil.org/', { rules: 'publish github.com;' })).toBeUndefined();
    const off = settingsOf('vhost v { refer { enabled off; play github.com; } }').vhost('v');
    expect(() => checkRefer(off, 'play', { protocol: 'rtmp', pageUrl: '' })).not.toThrow();
  });
});

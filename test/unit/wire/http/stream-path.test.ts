// Stream names out of HTTP paths, and the virtual host out of a request.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../../src/core/base/errors.ts';
import { hostName, parseStreamPath, requestedVhost } from '../../../../src/core/wire/http/stream-path.ts';

describe('parseStreamPath', () => {
  it.each([
    ['/live/livestream.flv', 'live', 'livestream'],
    ['/a/b/c/stream.flv', 'a/b/c', 'stream'],
    ['/stream.flv', '__defaultApp__', 'stream'],
    ['//live//s.flv', 'live', 's'],
    ['/live/a.b.flv', 'live', 'a.b'],
    ['/live/caf%C3%A9.flv', 'live', 'café'],
  ])('%s names %s and %s', (path, app, stream) => {
    expect(parseStreamPath(path, '.flv')).toEqual({ app, stream });
  });

  it.each(['/live/.flv', '/.flv', '.flv', '/live/%zz.flv', '/live/%ff.flv', '/live/a%2fb.flv', '/a%2Fb/c.flv'])(
    'refuses %s with HTTP_PATH',
    (path) => {
      expect(() => parseStreamPath(path, '.flv')).toThrowError(expect.objectContaining({ code: 'HTTP_PATH' }));
    },
  );

  it('leaves dotted levels to the admission, not resolved', () => {
    expect(parseStreamPath('/live/%2e%2e/x.flv', '.flv')).toEqual({ app: 'live/..', stream: 'x' });
  });

  it('throws nothing but ProtocolError for any path', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        try {
          parseStreamPath(`/${name}.flv`, '.flv');
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });
});

describe('requestedVhost', () => {
  const ask = (search: string, host?: string): string =>
    requestedVhost({ query: new URLSearchParams(search), header: (name) => (name === 'host' ? host : undefined) });

  it('takes vhost, then domain, then the Host header', () => {
    expect(ask('?vhost=a&domain=b', 'c')).toBe('a');
    expect(ask('?domain=b', 'c')).toBe('b');
    expect(ask('?vhost=', 'c:8080')).toBe('c');
    expect(ask('')).toBe('');
  });

  it.each([
    ['example.org', 'example.org'],
    ['example.org:8080', 'example.org'],
    ['[::1]:8080', '::1'],
    ['[::1]', '::1'],
  ])('reads %s as %s', (header, name) => {
    expect(hostName(header)).toBe(name);
  });
});

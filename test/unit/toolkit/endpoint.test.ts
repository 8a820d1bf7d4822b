import { describe, expect, test } from 'vitest';
import type { Protocol } from '../../../src/core/control/host.ts';
import { filePath } from '../../../src/core/protocols/file/path.ts';
import { fileProtocol } from '../../../src/core/protocols/file/protocol.ts';
import { resolveEndpoint, resolveSource, resolveTarget } from '../../../src/core/toolkit/endpoint.ts';
import { boxFormat } from './box.ts';
import { fakeErrors } from './fake-protocols.ts';

const rtmp: Protocol = { name: 'rtmp', schemes: ['rtmp', 'rtmps'], defaults: {}, errors: fakeErrors };
const flv: Protocol = {
  name: 'http-flv',
  schemes: ['http', 'https', 'ws', 'wss'],
  defaults: {},
  errors: fakeErrors,
  accepts: (url) => url.pathname.endsWith('.flv'),
  pull: () => Promise.resolve(),
};
const file = fileProtocol([boxFormat]);
const protocols = [rtmp, flv, file];

describe('an endpoint', () => {
  test.each([
    ['rtmp://host/app/stream', rtmp],
    ['RTMPS://host/app/stream', rtmp],
    ['http://host/app/stream.flv?a=b', flv],
    ['ws://host/app/stream.flv', flv],
  ])('%s', (text, protocol) => {
    expect(resolveEndpoint(text, protocols)).toMatchObject({ protocol, url: new URL(text) });
  });

  test.each(['-', 'a.flv', './a.flv', '../a.flv', '/a/b.flv', 'C:\\a.flv', 'part:one.flv', 'mailto.flv'])(
    'the path %s',
    (path) => {
      const { protocol, url } = resolveEndpoint(path, protocols);

      expect(protocol).toBe(file);
      expect(filePath(url)).toBe(path);
    },
  );

  test('a file URL', () => {
    expect(filePath(resolveEndpoint('file:///a%20b.flv', protocols).url)).toBe('/a b.flv');
  });

  test('ENDPOINT_SCHEME: an unknown scheme names the known ones and the nearest', () => {
    const error = failure(() => resolveEndpoint('rmtp://host/app/stream', protocols));

    expect(error).toMatchObject({ code: 'ENDPOINT_SCHEME', name: 'ConfigError' });
    expect(error.details).toMatchObject({ known: expect.stringContaining('rtmps'), nearest: ' Did you mean rtmp?' });
  });

  test.each([
    ['ENDPOINT_EMPTY', ''],
    ['ENDPOINT_URL', 'rtmp://host:port/app'],
    ['ENDPOINT_KIND', 'http://host/app/stream.mp4'],
    ['ENDPOINT_SCHEME', 'gopher://host'],
  ])('%s', (code, text) => {
    expect(failure(() => resolveEndpoint(text, protocols))).toMatchObject({ code, name: 'ConfigError' });
  });

  test('ENDPOINT_PULL, ENDPOINT_PUSH: a protocol that goes only one way says which can', () => {
    expect(failure(() => resolveTarget('http://host/a.flv', protocols))).toMatchObject({
      code: 'ENDPOINT_PUSH',
      details: { known: 'file' },
    });
    expect(failure(() => resolveSource('rtmp://host/a/b', protocols))).toMatchObject({
      code: 'ENDPOINT_PULL',
      details: { known: 'http-flv, file' },
    });
  });
});

function failure(act: () => unknown): Error & { details: Record<string, unknown> } {
  try {
    act();
  } catch (error) {
    return error as Error & { details: Record<string, unknown> };
  }
  throw new Error('nothing was thrown');
}

test('what is shown of it has no keys, also where it is refused', () => {
  expect(resolveSource('http://me:pass@host/a/b.flv?token=x', protocols).shown).toBe(
    'http://***@host/a/b.flv?token=***',
  );
  expect(resolveTarget('demo.flv', protocols)).toMatchObject({ text: 'demo.flv', shown: 'demo.flv' });
  expect(failure(() => resolveEndpoint('http://host/a.txt?secret=x', protocols)).message).not.toContain('x?');
});

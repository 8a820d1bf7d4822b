import { describe, expect, it } from 'vitest';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { targetOf } from '../../../../src/core/protocols/http-static/mount.ts';

const plain = settingsOf('http_server { enabled on; dir ./html; } vhost __defaultVhost__ {}');

describe('a path', () => {
  it.each([
    ['/', ''],
    ['/a.html', 'a.html'],
    ['/deep/er/', 'deep/er/'],
    ['//a///b.html', 'a/b.html'],
    ['/with%20blank%2Bplus', 'with blank+plus'],
    ['/%E4%B8%AD.flv', '中.flv'],
  ])('%s is below the directory of the server', (path, wanted) => {
    expect(targetOf(plain, 'example.org', path)).toEqual({ root: './html', path: wanted });
  });

  it.each([
    '/../etc/passwd',
    '/a/../../etc/passwd',
    '/%2e%2e/etc/passwd',
    '/a/%2E./x',
    '/..%2f..%2fetc',
    '/a%2fb',
    '/a%5cb',
    '/..\\..\\x',
    '/%00',
    '/a%0d%0ab',
    '/%',
    '/%zz',
    '/%c0%ae%c0%ae/x',
    `/${'x'.repeat(256)}`,
    '/.',
  ])('%s is refused: HTTP_STATIC_PATH', (path) => {
    expect(() => targetOf(plain, 'example.org', path)).toThrow(expect.objectContaining({ code: 'HTTP_STATIC_PATH' }));
  });
});

describe('http_static', () => {
  const settings = settingsOf(`
    http_server { enabled on; dir ./html; }
    vhost __defaultVhost__ { http_static { enabled on; mount [vhost]/vod; dir ./movies; } }
    vhost a.example { http_static { enabled on; mount [vhost]/; dir ./a; } }
    vhost b.example { http_static { enabled on; mount b.example/x/y/; dir ./b; } }
    vhost c.example { http_static { enabled on; mount other.example/; dir ./c; } }`);

  it.each([
    ['unknown', '/vod/m.flv', './movies', 'm.flv'],
    ['unknown', '/vod/', './movies', ''],
    ['unknown', '/vod', './html', 'vod'],
    ['unknown', '/vodka/m.flv', './html', 'vodka/m.flv'],
    ['a.example', '/m.flv', './a', 'm.flv'],
    ['a.example', '/', './a', ''],
    ['b.example', '/x/y/m.flv', './b', 'm.flv'],
    ['b.example', '/x/m.flv', './html', 'x/m.flv'],
    ['c.example', '/m.flv', './html', 'm.flv'],
  ])('%s %s is in %s', (host, path, root, wanted) => {
    expect(targetOf(settings, host, path)).toEqual({ root, path: wanted });
  });
});

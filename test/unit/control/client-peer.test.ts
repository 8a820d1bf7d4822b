// Clients behind reverse proxies.
import { describe, expect, it } from 'vitest';
import { clientPeer } from '../../../src/core/control/client-peer.ts';
import { settingsOf } from '../../../src/core/control/config/settings.ts';

function seen(host: string, headers: Record<string, string>, proxies?: string): string {
  const line = proxies === undefined ? '' : `http_server { trusted_proxies ${proxies}; }`;
  const request = { peer: { host, port: 7 }, header: (name: string) => headers[name] };
  return clientPeer(request, settingsOf(`${line} vhost v {}`)).host;
}

const forwarded = (value: string) => ({ 'x-forwarded-for': value });

describe('the address of an HTTP client', () => {
  it.each([
    ['203.0.113.9', forwarded('1.1.1.1'), '203.0.113.9'],
    ['127.0.0.1', {}, '127.0.0.1'],
    ['127.0.0.1', forwarded('203.0.113.9'), '203.0.113.9'],
    ['::ffff:127.0.0.1', forwarded('203.0.113.9'), '203.0.113.9'],
    ['::1', forwarded('[2001:db8::5]'), '2001:db8::5'],
    ['127.0.0.1', forwarded('10.0.0.1, 203.0.113.9'), '203.0.113.9'],
    ['127.0.0.1', forwarded('203.0.113.9, 127.0.0.2'), '203.0.113.9'],
    ['127.0.0.1', forwarded('203.0.113.9, <script>'), '127.0.0.1'],
    ['127.0.0.1', forwarded('127.0.0.1'), '127.0.0.1'],
    ['127.0.0.1', forwarded(','.repeat(5000)), '127.0.0.1'],
    ['127.0.0.1', { 'x-real-ip': ' 203.0.113.9 ' }, '203.0.113.9'],
    ['127.0.0.1', { 'x-real-ip': 'nobody' }, '127.0.0.1'],
    ['203.0.113.9', { 'x-real-ip': '1.1.1.1' }, '203.0.113.9'],
    ['', forwarded('1.1.1.1'), ''],
  ])('that comes from %j with %j is %j', (host, headers, expected) => {
    expect(seen(host, headers as Record<string, string>)).toBe(expected);
  });

  it('is that of the proxies that are trusted', () => {
    expect(seen('10.1.1.1', forwarded('203.0.113.9'), '10.0.0.0/8')).toBe('203.0.113.9');
    expect(seen('127.0.0.1', forwarded('203.0.113.9'), '10.0.0.0/8')).toBe('127.0.0.1');
    expect(seen('10.1.1.1', forwarded('203.0.113.9, 10.2.2.2'), '10.1.1.1')).toBe('10.2.2.2');
    expect(seen('10.1.1.1', forwarded('203.0.113.9'), 'nonsense')).toBe('10.1.1.1');
  });
});

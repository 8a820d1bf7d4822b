// Addresses of peers as the C library takes them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/core/base/bytes.ts';
import { readSocketAddress, writeSocketAddress } from '../../../src/core/net/socket-address.ts';

const read = (bytes: Uint8Array | undefined) => bytes && readSocketAddress(new DataView(bytes.buffer), 0);

describe('a socket address', () => {
  it.each([
    ['127.0.0.1', 4, '02001f907f0000010000000000000000'],
    ['127.0.0.1', 6, '0a001f900000000000000000000000000000ffff7f00000100000000'],
    ['::1', 6, '0a001f90000000000000000000000000000000000000000100000000'],
    ['2001:db8::ff00:42:8329', 6, '0a001f900000000020010db8000000000000ff000042832900000000'],
    ['::ffff:10.1.2.3', 6, '0a001f900000000000000000000000000000ffff0a01020300000000'],
    ['::', 6, '0a001f90000000000000000000000000000000000000000000000000'],
  ] as const)('%s on a socket of IPv%i', (host, family, hex) => {
    expect(toHex(writeSocketAddress({ host, port: 8080 }, family)!)).toBe(hex);
  });

  it.each([
    ['localhost', 4],
    ['localhost', 6],
    ['fe80::1%eth0', 6],
    ['::1', 4],
    ['1.2.3', 4],
  ] as const)('there is none for %s on a socket of IPv%i', (host, family) => {
    expect(writeSocketAddress({ host, port: 1 }, family)).toBeUndefined();
  });

  it('is read back as it was', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(0xffff), fc.boolean(), (host, port, both) => {
        const bytes = writeSocketAddress({ host, port }, both || host.includes(':') ? 6 : 4);
        const peer = read(bytes);

        expect(peer?.port).toBe(port);
        expect(toHex(writeSocketAddress(peer!, bytes!.length === 16 ? 4 : 6)!)).toBe(toHex(bytes!));
        if (!host.includes(':')) expect(peer).toEqual({ host, port });
      }),
    );
  });

  it('is written as RFC 5952 wants it', () => {
    const text = (host: string) => read(writeSocketAddress({ host, port: 1 }, 6))?.host;

    expect(text('2001:0db8:0:0:1:0:0:1')).toBe('2001:db8::1:0:0:1');
    expect(text('2001:db8:0:1:1:1:1:1')).toBe('2001:db8:0:1:1:1:1:1');
    expect(text('0:0:0:0:0:0:0:0')).toBe('::');
    expect(text('::FFFF:1.2.3.4')).toBe('1.2.3.4');
  });
});

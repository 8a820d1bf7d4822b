// IP addresses, blocks of them, and those that mean this machine.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isInBlock, isLoopback, isThisMachine, parseIp, parseIpBlock, shortest } from '../../../src/core/base/ip.ts';

const hex = (text: string): string | undefined => {
  const bytes = parseIp(text);
  return bytes && Buffer.from(bytes).toString('hex');
};

describe('an IP address', () => {
  it.each([
    ['127.0.0.1', '00000000000000000000ffff7f000001'],
    ['::ffff:127.0.0.1', '00000000000000000000ffff7f000001'],
    ['::1', '00000000000000000000000000000001'],
    ['[2001:db8::1]', '20010db8000000000000000000000001'],
    ['fe80::1%eth0', 'fe800000000000000000000000000001'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['::', '00000000000000000000000000000000'],
    ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
  ])('%s is read', (text, bytes) => {
    expect(hex(text)).toBe(bytes);
  });

  it.each([
    '',
    'x',
    '1.2.3',
    '1.2.3.256',
    '1.2.3.4.5',
    '1:2:3',
    '1::2::3',
    ':::',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    '::1.2.3',
  ])('%j is none', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  it('is never anything but bytes or nothing, whatever the text', () => {
    fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => [undefined, 16].includes(parseIp(text)?.length)));
  });

  it('written as four numbers is read back', () => {
    fc.assert(fc.property(fc.ipV4(), (text) => [...(parseIp(text) ?? [])].slice(12).join('.') === text));
    fc.assert(fc.property(fc.ipV6(), (text) => parseIp(text)?.length === 16));
  });
});

describe('a block', () => {
  const fits = (block: string, ip: string): boolean => {
    const [parsed, address] = [parseIpBlock(block), parseIp(ip)];
    return parsed !== undefined && address !== undefined && isInBlock(address, parsed);
  };

  it.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.1.2.3/32', '10.1.2.3', true],
    ['10.1.2.3/32', '10.1.2.4', false],
    ['192.168.0.0/23', '192.168.1.255', true],
    ['192.168.0.0/23', '192.168.2.0', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '::1', false],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['::/0', '2001:db8::', true],
    ['10.0.0.0/8', '::ffff:10.1.1.1', true],
    ['10.0.0.0/33', '10.0.0.0', false],
    ['::/129', '::', false],
    ['10.0.0.0/', '10.0.0.0', false],
  ])('%s has %s: %s', (block, ip, expected) => {
    expect(fits(block, ip)).toBe(expected);
  });
});

it('an address of IPv4 has four bytes at least, another one sixteen', () => {
  const bytes = (text: string): number[] => [...shortest(parseIp(text) ?? new Uint8Array(0))];

  expect(bytes('192.0.2.1')).toEqual([192, 0, 2, 1]);
  expect(bytes('::ffff:192.0.2.1')).toEqual([192, 0, 2, 1]);
  expect(bytes('2001:db8::1')).toHaveLength(16);
});

describe('this machine', () => {
  const loopback = ['127.0.0.1', '127.1.2.3', '::1', '[::1]', '::ffff:127.0.0.1'];

  it.each(loopback)('%s is its loopback', (host) => {
    expect([isLoopback(host), isThisMachine(host)]).toEqual([true, true]);
  });

  it.each(['localhost', 'LOCALHOST', '0.0.0.0', '::', '[::]'])('%s means it', (host) => {
    expect([isLoopback(host), isThisMachine(host)]).toEqual([false, true]);
  });

  it.each(['10.0.0.1', '127.0.0.1.example.com', '127.0.0', 'localhost.com', '', ':', '::2'])('%j does not', (host) => {
    expect([isLoopback(host), isThisMachine(host)]).toEqual([false, false]);
  });
});

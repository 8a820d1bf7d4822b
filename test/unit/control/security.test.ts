// Addresses, blocks of them, and SRS's order of allow and deny.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settingsOf } from '../../../src/core/control/config/settings.ts';
import { isInBlock, parseIp, parseIpBlock } from '../../../src/core/control/ip.ts';
import { checkSecurity } from '../../../src/core/control/security.ts';
import { thrown } from '../../tools/thrown.ts';

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

describe('security of a vhost', () => {
  const code = (rules: string, action: 'publish' | 'play', ip: string): string | undefined => {
    const vhost = settingsOf(`vhost v { security { enabled on; ${rules} } }`).vhost('v');
    return thrown(() => checkSecurity(vhost, action, ip));
  };

  it.each([
    ['', 'play', '10.0.0.1', 'SECURITY_ALLOW'],
    ['allow play all;', 'play', '10.0.0.1', undefined],
    ['allow play all;', 'publish', '10.0.0.1', 'SECURITY_ALLOW'],
    ['allow publish 10.0.0.1;', 'publish', '10.0.0.1', undefined],
    ['allow publish 10.0.0.1;', 'publish', '10.0.0.2', 'SECURITY_ALLOW'],
    ['allow publish 10.0.0.0/8; allow play all;', 'publish', '10.9.9.9', undefined],
    ['allow publish 10.0.0.0/8; allow play all;', 'publish', '11.9.9.9', 'SECURITY_ALLOW'],
    ['deny play 10.0.0.1;', 'play', '10.0.0.1', 'SECURITY_DENY'],
    ['deny play 10.0.0.1;', 'play', '10.0.0.2', undefined],
    ['deny play 10.0.0.1;', 'publish', '10.0.0.1', undefined],
    ['allow play all; deny play 10.0.0.0/8;', 'play', '10.0.0.1', 'SECURITY_DENY'],
    ['deny play all; allow play 10.0.0.1;', 'play', '10.0.0.1', 'SECURITY_DENY'],
    ['allow play 2001:db8::/32;', 'play', '2001:db8::5', undefined],
    ['allow play ::1;', 'play', '::1', undefined],
    ['allow play nonsense;', 'play', '10.0.0.1', 'SECURITY_ALLOW'],
    ['allow play;', 'play', '10.0.0.1', 'SECURITY_ALLOW'],
    ['allow play all;', 'play', 'no address', undefined],
    ['deny play 10.0.0.0/8;', 'play', '::ffff:10.0.0.1', 'SECURITY_DENY'],
  ] as const)('%j: %s from %s gives %s', (rules, action, ip, expected) => {
    expect(code(rules, action, ip)).toBe(expected);
  });

  it('that is off asks nothing', () => {
    const vhost = settingsOf('vhost v { security { enabled off; deny play all; } }').vhost('v');
    expect(() => checkSecurity(vhost, 'play', '10.0.0.1')).not.toThrow();
  });
});

// SRS's order of allow and deny.
import { describe, expect, it } from 'vitest';
import { settingsOf } from '../../../src/core/control/config/settings.ts';
import { checkSecurity } from '../../../src/core/control/security.ts';
import { thrown } from '../../tools/thrown.ts';

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

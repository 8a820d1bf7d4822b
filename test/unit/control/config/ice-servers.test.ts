// Servers of STUN and TURN in a configuration: what is refused, without their credentials, and what is read.
import { describe, expect, it } from 'vitest';
import { iceServers } from '../../../../src/core/control/config/ice-servers.ts';
import { fault, load } from './tools.ts';

const rtc = (words: string): string => `rtc_server { ice_servers ${words}; }`;

describe('ice_servers', () => {
  it('are URLs, of TURN with a user name and a credential', () => {
    const words = 'stun:a.example turn:b.example?transport=udp user pass turns:[2001:db8::1]:443?transport=tcp u p';
    const { root } = load(rtc(words));

    expect(iceServers(root.get('rtc_server.ice_servers'))).toEqual([
      { url: 'stun:a.example' },
      { url: 'turn:b.example?transport=udp', username: 'user', credential: 'pass' },
      { url: 'turns:[2001:db8::1]:443?transport=tcp', username: 'u', credential: 'p' },
    ]);
  });

  it.each([
    ['a.example', 'begins with a word that is no stun: or turn: URL'],
    ['stun:', 'stun: is not stun:HOST:PORT'],
    ['stun:a/b', 'stun:a/b is not stun:HOST:PORT'],
    ['stun:a?transport=udp', 'stun:a?transport=udp is not stun:HOST:PORT'],
    ['turn:a?transport=sctp user s3cret', 'turn:a?transport=sctp is not stun:HOST:PORT'],
    ['stun:a user s3cret', 'stun:a has 2 words behind it, and wants none'],
    ['turn:a', 'turn:a has 0 words behind it, and wants a user name and a credential'],
    ['turn:a user', 'turn:a has 1 words behind it'],
    ['turn:a user s3cret more', 'turn:a has 3 words behind it'],
    ['turn:a user "s3cret more"', 'turn:a has a user name or credential that is not plain ASCII'],
    ['turn:a user s3crét', 'turn:a has a user name or credential that is not plain ASCII'],
    ['stun:a '.repeat(17), 'names 17 servers, and 16 are the most'],
  ])('%s is refused, without its credential', (words, why) => {
    for (const text of [rtc(words), `vhost v { rtc { ice_servers ${words}; } }`]) {
      const found = fault(() => load(text));

      expect(found.code).toBe('CONFIG_VALUE');
      expect(found.text).toContain(`ice_servers: ${why}`);
      expect(found.text).not.toContain('s3cr');
    }
  });

  it('of a vhost stand for those of the server, and a variable for both', () => {
    const text = `${rtc('stun:a')} vhost a { } vhost b { rtc { ice_servers stun:b; } }`;
    const of = (environment: Record<string, string>): (readonly string[] | undefined)[] => {
      const config = load(text, environment);
      return ['a', 'b'].map((name) => config.vhost(name)?.get('vhost.rtc.ice_servers'));
    };

    expect(of({})).toEqual([['stun:a'], ['stun:b']]);
    expect(of({ SRS_RTC_SERVER_ICE_SERVERS: 'stun:c turn:d u p' })).toEqual([
      ['stun:c', 'turn:d', 'u', 'p'],
      ['stun:b'],
    ]);
    expect(fault(() => load(text, { SRS_VHOST_RTC_ICE_SERVERS: 'turn:d s3cret' })).text).toContain(
      'turn:d has 1 words',
    );
  });
});

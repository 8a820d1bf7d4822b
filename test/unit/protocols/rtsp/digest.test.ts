// Answers to challenges: the examples of the RFCs, and headers as servers write them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  answerChallenge,
  bestChallenge,
  parseChallenges,
  type Question,
} from '../../../../src/core/protocols/rtsp/digest.ts';

const mufasa: Question = {
  ...{ method: 'GET', url: '/dir/index.html', user: 'Mufasa', password: 'Circle of Life' },
  ...{ cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ', count: 1 },
};
const rfc7616 = (algorithm: string): string =>
  `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;

const answer = (header: string, question: Question): string => {
  const challenge = bestChallenge(parseChallenges(header));
  return challenge === undefined ? '' : answerChallenge(challenge, question);
};

describe('the answer', () => {
  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('is that of RFC 7616 §3.9.1 for %s', (algorithm, response) => {
    const text = answer(rfc7616(algorithm), mufasa);

    expect(text).toContain(`response="${response}"`);
    expect(text).toContain('qop=auth, nc=00000001');
    expect(text).toContain('opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"');
  });

  it('is that of RFC 2617 §3.5', () => {
    const header =
      'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"';

    expect(answer(header, { ...mufasa, password: 'Circle Of Life', cnonce: '0a4f113b' })).toContain(
      'response="6629fae49393a05397450978507c4ef1"',
    );
  });

  it('has no count where the server says no qop, as cameras do', () => {
    const text = answer('Digest realm="cam", nonce="abc"', { ...mufasa, method: 'DESCRIBE', url: 'rtsp://cam/s' });

    expect(text).toMatch(
      /^Digest username="Mufasa", realm="cam", nonce="abc", uri="rtsp:\/\/cam\/s", response="[0-9a-f]{32}"$/,
    );
  });

  it('in Basic is the password, which may have colons', () => {
    expect(answer('Basic realm="x"', { ...mufasa, user: 'a', password: 'b:c' })).toBe('Basic YTpiOmM=');
  });

  it('has its quotes masked', () => {
    expect(answer('Digest realm="a\\"b", nonce="n"', { ...mufasa, user: 'x"y' })).toContain(
      'username="x\\"y", realm="a\\"b"',
    );
  });
});

describe('of several challenges', () => {
  it.each([
    ['Basic realm="a", Digest realm="b", nonce="1"', 'digest', 'b'],
    ['Digest realm="m", nonce="1", Digest realm="s", nonce="2", algorithm=SHA-256', 'digest', 's'],
    ['Digest realm="x", nonce="1", algorithm=TOKEN, Basic realm="b"', 'basic', 'b'],
    ['Digest realm="x", nonce="1", qop="auth-int", Basic realm="b"', 'basic', 'b'],
    ['Negotiate abc=, Basic realm="b"', 'basic', 'b'],
    ['digest realm=plain,nonce=1', 'digest', 'plain'],
  ])('%s', (header, scheme, realm) => {
    const best = bestChallenge(parseChallenges(header));

    expect([best?.scheme, best?.parameters.get('realm')]).toEqual([scheme, realm]);
  });

  it('there may be none', () => {
    expect(bestChallenge(parseChallenges(''))).toBeUndefined();
    expect(bestChallenge(parseChallenges('Bearer realm="x"'))).toBeUndefined();
  });

  it('any header is read in good time', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('Digest ', 'Basic', '"', '\\', ',', '=', ' ', 'a'), { size: '+1' }),
        (parts) => {
          answer(parts.join(''), mufasa);
        },
      ),
    );
    answer(`Digest a="${'\\'.repeat(8000)}`, mufasa);
    answer('a '.repeat(4000), mufasa);
  });
});

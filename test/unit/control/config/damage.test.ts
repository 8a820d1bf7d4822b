import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ConfigError } from '../../../../src/core/base/errors.ts';
import { Config } from '../../../../src/core/control/config/config.ts';
import { loadConfig } from '../../../../src/core/control/config/load.ts';
import { run, seeds } from '../../../fuzz/config.fuzz.ts';
import { fault, load } from './tools.ts';

const whole = new TextDecoder().decode(seeds[0]);

it('the whole is read', () => {
  const read = (): string => 'play { gop_cache off; }';

  expect(loadConfig({ text: whole, read })).toBeInstanceOf(Config);
});

it('every cut of a configuration is read or is a ConfigError', () => {
  for (let end = 0; end <= whole.length; end += 3) run(new TextEncoder().encode(whole.slice(0, end)));
});

it('every damage of a configuration is read or is a ConfigError', () => {
  const piece = fc.constantFrom('', ';', '{', '}', '"', '#', '\n', ' ', 'include a.conf;', 'vhost', '__proto__', 'on');
  const place = fc.nat(whole.length);
  fc.assert(
    fc.property(fc.array(fc.tuple(place, fc.nat(40), piece), { maxLength: 4, minLength: 1 }), (changes) => {
      const damaged = changes.reduce((text, [at, size, put]) => text.slice(0, at) + put + text.slice(at + size), whole);

      run(new TextEncoder().encode(damaged));
    }),
    { numRuns: 300 },
  );
});

it('variables of any text are read or are a ConfigError', () => {
  const names = fc.constantFrom(
    'SRS_LISTEN',
    'SRS_HTTP_API_LISTEN',
    'SRS_MAX_CONNECTIONS',
    'SRS_VHOST_HLS_HLS_FRAGMENT',
    'SRS_RTC_SERVER_CANDIDATE',
    'SRS_STRAY',
  );
  fc.assert(
    fc.property(fc.dictionary(names, fc.string({ maxLength: 20 })), (environment) => {
      try {
        load('vhost v { }', environment);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
      }
    }),
  );
});

it.each<[string, string]>([
  ['a long name', `${'x'.repeat(1_000_000)};`],
  ['many old forms', `vhost v { ${'forward a; gop_cache on; '.repeat(50_000)} }`],
  ['many vhosts', 'vhost v { hls { } } '.repeat(20_000)],
  ['a long list', `listen ${'1935 '.repeat(200_000)};`],
])('takes time in proportion to its size (else the test times out): %s', (_, text) => {
  const outcome = (): unknown => {
    try {
      return load(text);
    } catch (error) {
      return error;
    }
  };

  expect(outcome()).toSatisfy((value) => value instanceof Config || value instanceof ConfigError);
});

it('a wrong name is shown in its first letters', () => {
  expect(fault(() => load(`${'x'.repeat(1000)};`)).text.length).toBeLessThan(200);
});

// Names that hang.
import { expect, it } from 'vitest';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import type { Net } from '../../../../src/core/control/host.ts';
import { netErrors } from '../../../../src/core/net/errors.ts';
import { Lookups } from '../../../../src/core/protocols/webrtc/lookups.ts';
import { VirtualClock } from '../../../tools/fakes.ts';

function setUp() {
  const clock = new VirtualClock();
  const asked: { name: string; give: (address: string) => void; fail: (error: Error) => void }[] = [];
  const lookup = (name: string): Promise<string> =>
    new Promise((give, fail) => {
      asked.push({ name, give, fail });
    });
  return { clock, asked, lookups: new Lookups({ clock, net: { lookup } as Partial<Net> as Net }) };
}

it('an address is given, and a name without one gives nothing', async () => {
  const { lookups, asked, clock } = setUp();
  const found = [lookups.find('a'), lookups.find('b')];
  asked[0]?.give('192.0.2.1');
  asked[1]?.fail(netErrors.system('DNS', { at: 'b' }));

  expect(await Promise.all(found)).toEqual(['192.0.2.1', undefined]);
  expect(clock.pending).toBe(0);
});

it('a name that hangs is not waited for, and two of them leave none for the third until one has ended', async () => {
  const { lookups, asked, clock } = setUp();
  const found = [lookups.find('slow'), lookups.find('slow too'), lookups.find('third')];
  clock.advance(fromSeconds(2));

  expect(await Promise.all(found)).toEqual([undefined, undefined, undefined]);
  expect(asked.map(({ name }) => name)).toEqual(['slow', 'slow too']);
  expect(await lookups.find('fourth')).toBeUndefined();
  asked[0]?.give('192.0.2.1');
  const fifth = Promise.resolve().then(() => lookups.find('fifth'));
  await Promise.resolve();
  asked[2]?.give('192.0.2.5');
  expect(await fifth).toBe('192.0.2.5');
});

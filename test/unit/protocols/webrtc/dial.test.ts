// URLs and answers of servers that our clients meet.
import { describe, expect, it } from 'vitest';
import { fromMs } from '../../../../src/core/base/time.ts';
import { endpointOf } from '../../../../src/core/protocols/webrtc/endpoint-url.ts';
import { live, World } from './world.ts';

describe('a URL', () => {
  it.each([
    ['whip://host/a/b?c=d', 'publish', 'http://host/a/b?c=d'],
    ['wheps://host:8443/x', 'play', 'https://host:8443/x'],
    ['whip://token@host/x', 'publish', 'http://token:@host/x'],
    ['webrtc://host/live/a', 'play', 'http://host:1985/rtc/v1/whep/?app=live&stream=a'],
    ['webrtc://host:80/live/b/a?k=1', 'publish', 'http://host/rtc/v1/whip/?k=1&app=live%2Fb&stream=a'],
  ] as const)('%s to %s', (text, action, wanted) => {
    expect(endpointOf(new URL(text), action).href.replace('token@', 'token:@')).toBe(wanted);
  });

  it.each([
    ['whip://host/x', 'play'],
    ['whep://host/x', 'publish'],
    ['webrtc://host/live', 'play'],
  ] as const)('%s is no URL to %s: RTC_URL', (text, action) => {
    expect(() => endpointOf(new URL(text), action)).toThrow(expect.objectContaining({ code: 'RTC_URL' }));
  });
});

it('a server that refuses is RTC_ANSWER, with what it says', async () => {
  const world = new World();
  const stop = new AbortController();
  const first = world.stream();
  const one = world.publisher('a', first, stop.signal);
  await live(world, first, 0.4);
  const second = world.stream();
  const refused = expect(world.publisher('a', second, stop.signal)).rejects.toMatchObject({
    code: 'RTC_ANSWER',
    message: expect.stringMatching(/answered 409.*STREAM_BUSY/),
  });

  await live(world, second, 0.4);

  await refused;
  stop.abort();
  await world.run(fromMs(500));
  await one;
});

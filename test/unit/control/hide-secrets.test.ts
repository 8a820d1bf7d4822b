import { describe, expect, it } from 'vitest';
import { hideKeys, hideSecrets, hideValue } from '../../../src/core/control/hide-secrets.ts';

describe('hideSecrets', () => {
  it.each([
    ['rtmp://a.example.com/live2/abcd-key', 'rtmp://a.example.com/live2/***'],
    ['rtmp://127.0.0.1:1935/live?vhost=v.com/one_hd', 'rtmp://127.0.0.1:1935/live?vhost=v.com/one_hd'],
    ['rtmp://127.0.0.1/live/one?token=x&vhost=v&a=b', 'rtmp://127.0.0.1/live/one?token=***&vhost=v&a=***'],
    ['rtmp://h/live?vhost=v.com&key=x/one?secret=y', 'rtmp://h/live?vhost=v.com&key=***/***?secret=***'],
    ['rtsp://user:pass@cam:554/stream1', 'rtsp://***@cam:554/***'],
    ["Output #0, flv, to 'rtmp://h/app/key':", "Output #0, flv, to 'rtmp://h/app/***':"],
    ['srt://[2001:db8::1]:10080?streamid=key', 'srt://[2001:db8::1]:10080?streamid=***'],
    ['http://h', 'http://h'],
    ['./movie.mkv -i a=b', './movie.mkv -i a=b'],
  ])('%s', (text, hidden) => {
    expect(hideSecrets(text)).toBe(hidden);
  });

  it('takes its time for nothing', () => {
    const long = `rtmp://h/${'a?b=/'.repeat(20_000)}`;
    expect(hideSecrets(long).length).toBeGreaterThan(1000);
  });
});

describe('hideValue', () => {
  it.each([
    ['http_api.auth.password', 'p', '***'],
    ['http_api.auth.password', '', ''],
    ['srt_server.passphrase', 'p', '***'],
    [
      'rtc_server.ice_servers',
      'stun:a turn:b?transport=udp u p turns:c u p',
      'stun:a turn:b?transport=udp u *** turns:c u ***',
    ],
    ['vhost.rtc.ice_servers', 'TURN:b u p', 'TURN:b u ***'],
    ['vhost.forward.destination', 'turn:b u p', 'turn:b u p'],
  ])('%s %s', (directive, value, shown) => {
    expect(hideValue(directive, value)).toBe(shown);
  });
});

describe('hideKeys', () => {
  it.each([
    ['srt://h:1?passphrase=a b#c&streamid=live/a', 'srt://h:1?passphrase=***&streamid=live/a'],
    ['rtmp://h/live/key?token=x', 'rtmp://h/live/key?token=***'],
    ['srt://h:1?streamid=#!::r=live/a,m=publish,secret=x', 'srt://h:1?streamid=#!::r=live/a,m=publish,secret=***'],
    ['rtsp://user:pass@cam:554/stream1', 'rtsp://***@cam:554/stream1'],
    ['http://h/a@b.flv?a=b', 'http://h/a@b.flv?a=b'],
    ['recordings/me@home, one.flv', 'recordings/me@home, one.flv'],
  ])('%s', (text, shown) => {
    expect(hideKeys(text)).toBe(shown);
  });
});

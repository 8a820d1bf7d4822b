// Where live streams are, by SRS's http_remux.
import { describe, expect, it } from 'vitest';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { flvFormat } from '../../../../src/core/format/flv/index.ts';
import { isOff, leftOut, mountedPath, without } from '../../../../src/core/protocols/http-flv/mount.ts';
import type { HttpRequest } from '../../../../src/core/wire/http/exchange.ts';
import { aacTrack, audio, h264Track, video } from '../../../tools/builders.ts';

const request = (path: string, host = 'a.com'): HttpRequest => ({
  method: 'GET',
  path,
  query: new URLSearchParams(),
  search: '',
  header: (name) => (name === 'host' ? host : undefined),
  peer: { host: '', port: 0 },
  local: { host: '', port: 0 },
  secure: false,
  webSocket: false,
});
const remux = (text: string) => settingsOf(`vhost a.com { http_remux { ${text} } }`);

describe('a mount', () => {
  it.each([
    ['[vhost]/[app]/[stream].flv', '/live/a.flv', '/live/a.flv'],
    ['[vhost]/tv/[app]-[stream].flv', '/tv/live-a.flv', '/live/a.flv'],
    ['/x/[vhost]/[app]/[stream].ts', '/x/a.com/live/b/c.ts', '/live/b/c.ts'],
    ['tv/[stream]/[app].flv', '/tv/a/live.flv', '/live/a.flv'],
    ['[vhost]/tv/[app]-[stream].flv', '/live/a.flv', '/live/a.flv'],
    ['[vhost]/fixed.flv', '/fixed.flv', '/fixed.flv'],
    ['[vhost]/(.*)+[app]/[stream].flv', '/(.*)+live/a.flv', '/live/a.flv'],
  ])('%s makes of %s the stream at %s', (mount, path, wanted) => {
    expect(mountedPath(request(path), remux(`enabled on; mount "${mount}";`))).toBe(wanted);
  });
});

it('is off only where it was switched off', () => {
  expect(
    [remux('enabled off;'), remux('enabled on;'), remux('has_audio off;')].map((one) => isOff(one.vhost('a.com'))),
  ).toEqual([true, false, false]);
});

describe('flags', () => {
  it.each([
    ['guess_has_av off; has_audio off;', ['audio']],
    ['guess_has_av off; has_video off;', ['video']],
    ['guess_has_av off; has_audio off; drop_if_not_match off;', []],
    ['has_audio off;', []],
  ])('%s leaves out %j', (text, kinds) => {
    expect(leftOut(remux(text).vhost('a.com'))).toEqual(kinds);
  });

  it('a kind that is left out is in no header and no packet, in a feed of its own', () => {
    const format = without(flvFormat, ['audio']);
    const muxer = format.make();

    expect(format.key).not.toBe(flvFormat.key);
    expect(muxer.header([h264Track, aacTrack])).toEqual(flvFormat.make().header([h264Track]));
    expect(muxer.write(audio({ at: 0 }))).toEqual([]);
    expect(muxer.write(video({ at: 0, key: true }))).toHaveLength(1);
    expect(without(flvFormat, [])).toBe(flvFormat);
  });
});

// Players that name their vhost: playlists, sessions and segments are those of that vhost, and of no other.
import { describe, expect, it } from 'vitest';
import type { AdmissionRequest } from '../../../../src/core/control/admission.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { defaults } from '../../../../src/core/protocols/hls/config.ts';
import { vhostConfig } from '../../../../src/core/protocols/hls/vhost-config.ts';
import { world } from './world.ts';

const settings = `vhost one.example { hls { enabled on; hls_fragment 2; hls_disk off; } }
  vhost two.example { hls { enabled on; hls_fragment 2; hls_disk off; hls_ctx off; } }`;

const served = async () => {
  const asked: AdmissionRequest[] = [];
  const admission = {
    admit: async (request: AdmissionRequest) => {
      asked.push(request);
      return { name: request.name, policy: 'refuse' as const, mergeWindow: 0 };
    },
  };
  const hls = await world({ settings, admission });
  for (const vhost of ['one.example', 'two.example']) {
    await hls.publishSlowly(5, { vhost, app: 'live', stream: 'a' });
  }
  return { ...hls, asked };
};

describe('a player that names its vhost in the URL', () => {
  it('finds the segments of its session, whose URIs do not name it', async () => {
    const { session, ask } = await served();
    const playlist = await session('/live/a.m3u8?vhost=one.example');
    const segment = /^[^#]+$/m.exec((await ask(playlist)).text ?? '')?.[0];

    expect(segment).toContain('hls_ctx=');
    expect((await ask(`/live/${segment}`)).status).toBe(200);
    expect((await ask(`/live/${segment?.split('?')[0]}`)).taken).toBe(false);
    expect((await ask(`/live/${segment?.split('?')[0]}?hls_ctx=other`)).taken).toBe(false);
  });

  it('is asked about as a client whose id is its session, unless there are no sessions', async () => {
    const { ask, asked } = await served();
    await ask('/live/a.m3u8?vhost=one.example');
    await ask('/live/a.m3u8?vhost=one.example&hls_ctx=mine');
    await ask('/live/a.m3u8?vhost=two.example&hls_ctx=mine');

    expect(asked.map(({ id, session }) => [id, session])).toEqual([
      [undefined, undefined],
      ['mine', undefined],
      ['mine', false],
    ]);
    expect(asked[0]?.told?.('one.example')).toEqual({
      stream: 'a.m3u8',
      tcUrl: expect.stringMatching(/^http:\/\/[^:/]*\/live$/),
    });
  });
});

it('what a vhost promises and how it times sound is read from its block', () => {
  const config = (text: string) => {
    const { promised, sampleTimes } = vhostConfig(settingsOf(`vhost v { hls { ${text} } }`), 'v', defaults);
    return { promised, sampleTimes };
  };

  expect(config('')).toEqual({ promised: [], sampleTimes: false });
  expect(config('hls_acodec an; hls_vcodec vn; hls_dts_directly off;')).toEqual({ promised: [], sampleTimes: true });
  expect(config('hls_acodec mp3; hls_vcodec h264;')).toEqual({ promised: ['mp3', 'h264'], sampleTimes: false });
});

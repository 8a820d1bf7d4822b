// A publisher that follows another one has tracks of its own, whose epochs begin anew: players who stayed need its
// parameters, whatever format they play.
import { expect, it } from 'vitest';
import { concat, toHex } from '../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../src/core/base/limits.ts';
import { containers } from '../../../src/core/format/container/index.ts';
import { rtpFormat } from '../../../src/core/format/rtp/index.ts';
import type { Format } from '../../../src/core/media/muxer.ts';
import type { Packet } from '../../../src/core/media/packet.ts';
import type { Track } from '../../../src/core/media/track.ts';
import { rtmpFormat } from '../../../src/core/protocols/rtmp/egress.ts';
import { h264Track, video } from '../../tools/builders.ts';

/** Level 3.1 instead of 3.0, in the record and in the SPS. */
const otherAvcConfig = h264Track.config.slice();
otherAvcConfig[3] = 31;
otherAvcConfig[11] = 31;
const next: Track = { ...h264Track, config: otherAvcConfig };

/** Nothing in it looks like a start code. */
const data = Uint8Array.of(0, 0, 0, 6, 0x65, 0x88, 1, 2, 3, 4);

/** What is written for both, and for the second one alone. */
function write(format: Format): { readonly all: Uint8Array; readonly after: Uint8Array } {
  const muxer = format.make();
  const bytes = (packets: readonly Packet[]): Uint8Array => concat(packets.flatMap(({ chunks }) => chunks));
  const before = bytes([...muxer.header([h264Track]), ...muxer.write(video({ at: 0, key: true, data }))]);
  const after = bytes([
    ...muxer.retrack([next]),
    ...muxer.write(video({ at: 40, key: true, track: next, data })),
    ...muxer.write(video({ at: 80, key: true, track: next, data })),
    ...(muxer.flush?.() ?? []),
  ]);
  return { all: concat([before, after]), after };
}

it.each(['flv', 'mp4', 'ts'] as const)('is decoded with its own parameters out of %s', (name) => {
  const demuxer = containers[name].demuxer(defaultLimits, () => undefined);
  const events = [...demuxer.push(write(containers[name].format).all), ...demuxer.end()];
  const configs = events.flatMap((event) => (event.type === 'frame' ? [toHex(event.frame.track.config)] : []));

  expect([configs[0], configs.at(-1)]).toEqual([toHex(h264Track.config), toHex(otherAvcConfig)]);
});

it.each([
  ['rtmp', rtmpFormat(4096)],
  ['rtp', rtpFormat({ video: 'h264', audio: undefined, keepBFrames: false })],
])('has its sequence parameter set in %s', (_, format) => {
  const found = toHex(write(format).after);

  expect(found).toContain(toHex(otherAvcConfig.subarray(8, 30)));
  expect(found).not.toContain(toHex(h264Track.config.subarray(8, 30)));
});

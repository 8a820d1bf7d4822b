// Playlists, as a client reads them from strangers and the server from its own disk.
import { utf8 } from '../../src/core/base/bytes.ts';
import {
  applyDelta,
  type MediaPlaylist,
  parsePlaylist,
  validatePlaylist,
  validateUpdate,
} from '../../src/core/format/hls/index.ts';
import { defaultNames } from '../../src/core/protocols/hls/config.ts';
import { Paths } from '../../src/core/protocols/hls/paths.ts';
import { Follower } from '../../src/core/protocols/hls/pull/follower.ts';
import { refuses } from './tools.ts';

export const name = 'playlist';

const classic = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-MEDIA-SEQUENCE:14
#EXT-X-DISCONTINUITY-SEQUENCE:2
#EXT-X-TARGETDURATION:5
#EXT-X-MAP:URI="a/init.mp4",BYTERANGE="100@0"
#EXT-X-KEY:METHOD=AES-128,URI="a-14.key",IV=0x000102030405060708090a0b0c0d0e0f
#EXTINF:4.001, no desc
#EXT-X-BYTERANGE:1000@100
a-14.m4s
#EXT-X-DISCONTINUITY
#EXT-X-KEY:METHOD=NONE
#EXTINF:4.000, no desc
../live/a-15.m4s?hls_ctx=1
`;
const low = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.609,CAN-SKIP-UNTIL=12.0
#EXT-X-PART-INF:PART-TARGET=0.203
#EXT-X-MEDIA-SEQUENCE:8
#EXT-X-SKIP:SKIPPED-SEGMENTS=3
#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z
#EXT-X-PART:DURATION=0.200,URI="a-11.0.m4s",INDEPENDENT=YES
#EXTINF:2.000,
a-11.m4s
#EXT-X-PART:DURATION=0.200,URI="a-12.0.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="a-12.1.m4s"
#EXT-X-RENDITION-REPORT:URI="b.m3u8",LAST-MSN=12,LAST-PART=0
`;
const master = `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",DEFAULT=YES,URI="s.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=100000,AUDIO="a"
v.m3u8
`;
export const seeds = [classic, low, master].map(utf8);

const paths = new Paths({ vhost: 'v', app: 'live', stream: 'a' }, defaultNames, 1_000_000);
const before = parsePlaylist(low.replace('#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n', '')) as MediaPlaylist;

export function run(bytes: Uint8Array): void {
  refuses(() => {
    const playlist = parsePlaylist(new TextDecoder().decode(bytes));
    if (playlist.kind === 'master') return;
    validatePlaylist(playlist);
    validateUpdate(before, playlist);
    applyDelta(before, playlist);
    const follower = new Follower();
    for (const each of [before, playlist, before]) follower.take(each);
    for (const { uri } of playlist.segments) checkPath(uri);
  });
}

/** What a playlist on the disk names is below the base directory, or refused. */
function checkPath(uri: string): void {
  let path: string | undefined;
  try {
    path = paths.pathOf(uri);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'STORAGE_PATH') return;
    throw error;
  }
  if (path === undefined) return;
  if (path.startsWith('/') || path.split('/').includes('..')) throw new Error(`${uri} leads to ${path}`);
}

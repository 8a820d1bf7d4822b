// A server that writes HLS and DASH as fast as the disk takes it, until somebody kills it: node writer.ts DIRECTORY.
import { createEngine, loadConfig, silentLog } from '../../../src/core/index.ts';
import { aacTrack, audio, h264Track, video } from '../../tools/builders.ts';

const [, , directory = ''] = process.argv;
const text = `vhost __defaultVhost__ { hls { enabled on; hls_fragment 1; hls_window 5; hls_path ${directory}; }
  dash { enabled on; dash_fragment 1; dash_window_size 4; dash_path ${directory}; } }`;
const config = loadConfig({ text, file: 'srs.conf', read: () => '' });
const engine = createEngine({ log: silentLog });
const none = { listen: [] };
const server = await engine.serve({ rtmp: none, http: none, api: none, config });
const name = { vhost: '__defaultVhost__', app: 'live', stream: 'a' };
const publication = server.host.hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
publication.retrack([h264Track, aacTrack]);

const FRAME_BYTES = 16 * 1024;
/** A kill must come before that, whatever becomes of the parent. */
const MOST_FRAMES = 25 * 3000;
process.stdout.write('writing\n');
for (let i = 0; i < MOST_FRAMES; i++) {
  publication.write(video({ at: i * 40, key: i % 25 === 0, size: FRAME_BYTES }));
  publication.write(audio({ at: i * 40 + 1 }));
  // A second of media, then the disk's turn.
  if (i % 25 === 0) await new Promise((done) => setTimeout(done, 2));
}
process.exit(0);

// GStreamer at live fMP4 in segments: classic HLS and DASH, every picture decoded and every sound as it was published.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { confServer } from '../tools/conf-server.ts';
import {
  atEnd,
  describeWith,
  ended,
  parseFrameMd5,
  run,
  scratchFolder,
  sources,
  start,
  until,
} from '../tools/interop.ts';

/** Of I420 at the size of the sources. */
const PICTURE_BYTES = (320 * 180 * 3) / 2;
/** The decoder keeps the last two for B-frames that may follow: a live manifest says nothing of an end. */
const HELD = 2;

const folder = await scratchFolder();

/** Hashes of what ffmpeg makes of one kind: decoded pictures, or the bytes of the sound. */
async function hashes(input: readonly string[], kind: 'v' | 'a', filter: readonly string[] = []): Promise<string[]> {
  const form = kind === 'v' ? ['-pix_fmt', 'yuv420p'] : ['-c', 'copy', ...filter];
  const args = ['-v', 'error', ...input, '-map', `0:${kind}`, ...form, '-f', 'framemd5', '-'];
  return parseFrameMd5(await run('ffmpeg', args)).map(({ hash }) => hash);
}

const forms = [
  {
    name: 'HLS of fMP4',
    extension: 'm3u8',
    source: 'hlsdemux ! parsebin name=d',
    pads: ['d. ! video/x-h264 ! queue', 'd. ! audio/mpeg ! queue'],
  },
  {
    name: 'DASH',
    extension: 'mpd',
    source: 'dashdemux name=d',
    pads: ['d.video_00 ! queue ! qtdemux ! h264parse', 'd.audio_00 ! queue ! qtdemux'],
  },
] as const;

describeWith(['ffmpeg', 'gst-launch-1.0'], 'GStreamer', () => {
  it.each(forms)('plays $name while it is live', { timeout: 60_000 }, async ({ extension, source, pads }) => {
    const server = await confServer(`vhost __defaultVhost__ {
      hls { enabled on; hls_fragment 2; hls_use_fmp4 on; hls_disk off; }
      dash { enabled on; dash_fragment 2; dash_window_size 30; dash_path ${join(folder, 'files')}; } }`);
    const original = await sources.bFrames();
    const [pictures, sound] = [join(folder, `${extension}.yuv`), join(folder, `${extension}.aac`)];
    const url = `${server.http}/live/${extension}.${extension}`;
    const to = `${server.rtmp}/live/${extension}`;
    const publisher = start('ffmpeg', `-v error -re -i ${original} -map 0 -c copy -f flv ${to}`.split(' '));
    await until('the first segment', async () => (await fetch(url)).ok);

    const file = 'filesink sync=false async=false buffer-mode=unbuffered location=';
    const decode = `avdec_h264 max-threads=1 ! videoconvert ! video/x-raw,format=I420 ! ${file}${pictures}`;
    const frame = `aacparse ! audio/mpeg,stream-format=adts ! ${file}${sound}`;
    const pipeline = `souphttpsrc location=${url} ! ${source} ${pads[0]} ! ${decode} ${pads[1]} ! ${frame}`;
    const player = start('gst-launch-1.0', ['-q', ...pipeline.split(' ')]);
    atEnd(() => player.kill('SIGKILL'));
    await ended(publisher, 20_000);
    const wanted = await hashes(['-i', original], 'v');
    const bytes = (wanted.length - HELD) * PICTURE_BYTES;
    const sounds = await hashes(['-i', original], 'a');
    const heard = (): Promise<string[]> => hashes(['-i', sound], 'a', ['-bsf:a', 'aac_adtstoasc']);
    await until('all pictures', () => statSync(pictures, { throwIfNoEntry: false })?.size === bytes);
    // Until there is a frame, ffmpeg knows no such file.
    await until('all sound', async () => (await heard().catch(() => [])).length >= sounds.length - 1);
    player.kill('SIGTERM');

    const raw = ['-f', 'rawvideo', '-s', '320x180', '-pix_fmt', 'yuv420p', '-i', pictures];
    expect(await hashes(raw, 'v')).toEqual(wanted.slice(0, -HELD));
    // GStreamer's aacparse takes the first frame of a stream for its parameters, also from ffmpeg's files.
    expect((await heard()).slice(-sounds.length + 1)).toEqual(sounds.slice(1));
  });
});

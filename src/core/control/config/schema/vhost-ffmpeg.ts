// Ingest and transcode of a vhost, by FFmpeg.
import { block, blocks, float, int, supported, text, toggle } from '../setting.ts';

/** Block `vhost.ingest`. */
export const vhostIngest = block(
  'vhost.ingest',
  {
    enabled: supported(toggle(false, 'Enable.')),
    ffmpeg: supported(text('', 'path', 'FFmpeg binary.')),
    engine: supported(
      blocks('block (repeats)', 'Same keys as transcode.engine; at least `output`.', {
        defaultText: '(copy when disabled)',
      }),
    ),
  },
  { env: false },
);

/** Block `vhost.ingest.input`. */
export const vhostIngestInput = block(
  'vhost.ingest.input',
  {
    type: supported(text('file', 'file/stream', 'Input type.')),
    url: supported(text('', 'url/path', 'Input.')),
  },
  { env: false },
);

/** Block `vhost.transcode`. */
export const vhostTranscode = block(
  'vhost.transcode',
  {
    enabled: supported(toggle(false, 'Enable.')),
    ffmpeg: supported(text('', 'path', 'FFmpeg binary.')),
    engine: supported(blocks('block NAME (repeats)', 'One FFmpeg process per engine.')),
  },
  { env: false },
);

/** One FFmpeg process: its input, video, audio and output. */
const engine = {
  enabled: supported(toggle(false, 'Enable engine.')),
  perfile: supported(blocks('block of ffmpeg options', 'Options before -i.')),
  iformat: supported(text('flv', 'format/off', 'Input -f.')),
  vfilter: supported(blocks('block of ffmpeg options', 'Options between -i and -vcodec.')),
  vcodec: supported(text('', 'copy/vn/encoder', 'Video encoder.')),
  vbitrate: supported(int(0, 'kbps', '-b:v.')),
  vfps: supported(float(0, '', '-r.')),
  vwidth: supported(int(0, 'even', '-s width.')),
  vheight: supported(int(0, 'even', '-s height.')),
  vthreads: supported(int(1, '', '-threads.')),
  vprofile: supported(text('', 'string', '-profile:v.')),
  vpreset: supported(text('', 'string', '-preset.')),
  vparams: supported(blocks('block', 'More video options.')),
  acodec: supported(text('', 'copy/an/encoder', 'Audio encoder.')),
  abitrate: supported(int(0, 'kbps', '-b:a.')),
  asample_rate: supported(int(0, '', '-ar.')),
  achannels: supported(int(0, '', '-ac.')),
  aparams: supported(blocks('block', 'More audio options.')),
  oformat: supported(text('flv', 'format/off', 'Output -f.')),
  output: supported(
    text('', 'url template', 'Output URL; vars [vhost] [port] [app] [stream] [engine] [param] + time vars.'),
  ),
};

/** Blocks `engine` of `ingest`. */
export const vhostIngestEngine = block('vhost.ingest.engine', engine, { env: false });

/** Blocks `engine` of `transcode`. */
export const vhostTranscodeEngine = block('vhost.transcode.engine', engine, { env: false });

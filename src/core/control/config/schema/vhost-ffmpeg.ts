// Ingest and transcode of a vhost, by FFmpeg.
import { block, blocks, float, int, text, toggle } from '../setting.ts';

/** Block `vhost.ingest`. */
export const vhostIngest = block(
  'vhost.ingest',
  {
    enabled: toggle(false, 'Enable.'),
    ffmpeg: text('', 'path', 'FFmpeg binary.'),
    engine: blocks('block (repeats)', 'Same keys as transcode.engine; at least `output`.', {
      defaultText: '(copy when disabled)',
    }),
  },
  { env: false },
);

/** Block `vhost.ingest.input`. */
export const vhostIngestInput = block(
  'vhost.ingest.input',
  {
    type: text('file', 'file/stream', 'Input type.'),
    url: text('', 'url/path', 'Input.'),
  },
  { env: false },
);

/** Block `vhost.transcode`. */
export const vhostTranscode = block(
  'vhost.transcode',
  {
    enabled: toggle(false, 'Enable.'),
    ffmpeg: text('', 'path', 'FFmpeg binary.'),
    engine: blocks('block NAME (repeats)', 'One FFmpeg process per engine.'),
  },
  { env: false },
);

/** One FFmpeg process: its input, video, audio and output. */
const engine = {
  enabled: toggle(false, 'Enable engine.'),
  perfile: blocks('block of ffmpeg options', 'Options before -i.'),
  iformat: text('flv', 'format/off', 'Input -f.'),
  vfilter: blocks('block of ffmpeg options', 'Options between -i and -vcodec.'),
  vcodec: text('', 'copy/vn/encoder', 'Video encoder.'),
  vbitrate: int(0, 'kbps', '-b:v.'),
  vfps: float(0, '', '-r.'),
  vwidth: int(0, 'even', '-s width.'),
  vheight: int(0, 'even', '-s height.'),
  vthreads: int(1, '', '-threads.'),
  vprofile: text('', 'string', '-profile:v.'),
  vpreset: text('', 'string', '-preset.'),
  vparams: blocks('block', 'More video options.'),
  acodec: text('', 'copy/an/encoder', 'Audio encoder.'),
  abitrate: int(0, 'kbps', '-b:a.'),
  asample_rate: int(0, '', '-ar.'),
  achannels: int(0, '', '-ac.'),
  aparams: blocks('block', 'More audio options.'),
  oformat: text('flv', 'format/off', 'Output -f.'),
  output: text('', 'url template', 'Output URL; vars [vhost] [port] [app] [stream] [engine] [param] + time vars.'),
};

/** Blocks `engine` of `ingest`. */
export const vhostIngestEngine = block('vhost.ingest.engine', engine, { env: false });

/** Blocks `engine` of `transcode`. */
export const vhostTranscodeEngine = block('vhost.transcode.engine', engine, { env: false });

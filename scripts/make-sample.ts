// Makes the sample behind `serve --demo`: a test picture with a running clock and a beep on each second.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run.ts';

/**
 * 16 s hold exactly 400 pictures (25 for each second) and 750 AAC frames (1024 samples of 48 kHz), so that sound and
 * picture end together and the loop has no gap. The loop point lies in the silence between two beeps.
 */
const SECONDS = 16;
const AAC_FRAME = 1024;
const RATE = 48_000;
const MOST_BYTES = 1_000_000;

// A beep of 120 ms with a soft beginning and end, at each full second of the clock in the picture.
const beep = `0.3*sin(2*PI*880*t)*lt(mod(t\\,1)\\,0.12)*sin(PI*mod(t\\,1)/0.12)`;
// The encoder begins with one frame of its own; it takes the place of the last one.
const samples = SECONDS * RATE - AAC_FRAME;
const target = join(root, 'assets/demo/sample.flv');

const video = [
  ...['-c:v', 'libx264', '-profile:v', 'main', '-preset', 'veryslow', '-crf', '30', '-maxrate', '380k'],
  ...['-bufsize', '760k', '-bf', '0', '-g', '50', '-keyint_min', '50', '-sc_threshold', '0', '-pix_fmt', 'yuv420p'],
  // One thread and no version string: the same ffmpeg makes the same file.
  ...['-threads', '1', '-x264-params', 'no-info=1'],
];
// The encoder's first frame is moved from before zero to zero; the filter counts in FLV's milliseconds.
const audio = ['-c:a', 'aac', '-b:a', '64k', '-bsf:a', `setts=ts=N*${AAC_FRAME}*1000/${RATE}`];

const code = run('ffmpeg', [
  ...['-hide_banner', '-loglevel', 'error', '-y'],
  ...['-f', 'lavfi', '-i', `testsrc2=size=640x360:rate=25:duration=${SECONDS}`],
  ...['-f', 'lavfi', '-i', `aevalsrc=${beep}:s=${RATE},atrim=end_sample=${samples}`],
  ...['-map', '0:v', '-map', '1:a', ...video, ...audio],
  ...['-map_metadata', '-1', '-fflags', '+bitexact', '-flags', '+bitexact', '-f', 'flv', target],
]);

if (code === 127) process.stderr.write('make-sample: ffmpeg is needed; on Debian: apt-get install ffmpeg\n');
const size = code === 0 ? statSync(target).size : 0;
if (size > MOST_BYTES) process.stderr.write(`make-sample: ${size} bytes are more than ${MOST_BYTES}\n`);
process.exitCode = size > MOST_BYTES ? 1 : code;

// Inputs that only FFmpeg reads, as a protocol of the relay: FFmpeg writes a transport stream into a pipe of ours.
import { Reporter } from '../base/counters.ts';
import { toSrsxError } from '../base/session.ts';
import type { Children } from '../control/children/child.ts';
import { LineRing } from '../control/children/ring.ts';
import { endText } from '../control/children/supervisor.ts';
import { hideKeys } from '../control/hide-secrets.ts';
import { isUrl, type Protocol } from '../control/host.ts';
import { containers, Intake } from '../format/container/index.ts';
import { ingestErrors } from './errors.ts';

/** How FFmpeg reads one set of inputs. */
export interface FfmpegInput {
  /** Its path. */
  readonly program: string;
  /** Files, URLs and devices; several are read at once. */
  readonly sources: readonly string[];
  /** Picture and sound are encoded; else they are copied, as far as a transport stream has a place for them. */
  readonly encode: boolean;
  /** Files are read again and again. */
  readonly loop: boolean;
}

/** Formats of FFmpeg that are devices or generators: `v4l2:/dev/video0`, `lavfi:testsrc2`. */
const DEVICES =
  'alsa android_camera avfoundation decklink dshow fbdev gdigrab jack kmsgrab lavfi oss pulse v4l2 x11grab';
const DEVICE = new RegExp(`^(${DEVICES.replaceAll(' ', '|')}):(.+)$`, 's');

/** Whether a source is a device rather than a file or URL. */
export const isDevice = (source: string): boolean => DEVICE.test(source);

/** Chosen: live, so without B-frames and look-ahead; players start within two seconds. */
const ENCODE =
  '-c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p -force_key_frames expr:gte(t,n_forced*2) -c:a aac -b:a 128k'.split(
    ' ',
  );

/** FFmpeg's arguments: a transport stream on standard output. */
export function ffmpegArguments({ sources, encode, loop }: Omit<FfmpegInput, 'program'>): string[] {
  return [
    ...['-nostdin', '-hide_banner', '-loglevel', 'warning'],
    ...sources.flatMap((source) => inputArguments(source, loop)),
    ...(encode ? ENCODE : ['-c', 'copy']),
    // Without these two, FFmpeg holds the first second back.
    ...['-muxdelay', '0', '-muxpreload', '0', '-flush_packets', '1', '-f', 'mpegts', 'pipe:1'],
  ];
}

function inputArguments(source: string, loop: boolean): string[] {
  const [, format, device] = DEVICE.exec(source) ?? [];
  if (format !== undefined && device !== undefined) {
    // A generator runs as fast as it is read.
    return [...(format === 'lavfi' ? ['-re'] : []), '-f', format, '-i', device];
  }
  if (isUrl(source)) return ['-i', source];
  // A file name is never an option or a protocol.
  return [...(loop ? ['-stream_loop', '-1'] : []), '-re', '-i', `file:${source}`];
}

/** What FFmpeg says, which names its inputs as it was given them, without the keys in them. */
export const shownLine = (line: string, sources: readonly string[]): string =>
  sources.reduce((text, source) => text.replaceAll(source, hideKeys(source)), line);

/** The URL under which the protocol below is found. */
export const FFMPEG_URL = 'ffmpeg://input/';

/**
 * One set of inputs as a protocol. `pull` resolves when FFmpeg ends well or the signal comes; rejects with
 * INGEST_FFMPEG and the last line that it wrote, TS_SYNC, NET_PROGRAM. @param onLine is told what FFmpeg says.
 */
export function ffmpegProtocol(
  children: Children,
  input: FfmpegInput,
  onLine: (line: string) => void,
): Protocol<Record<string, never>> {
  return {
    name: 'ffmpeg',
    schemes: ['ffmpeg'],
    defaults: {},
    errors: ingestErrors,
    pull: ({ clock, limits, log }, _, to, { signal, onBytes, onContainer }) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) {
          resolve();
          return;
        }
        const lines = new LineRing();
        const report = new Reporter((count, last) => log.warn('ffmpeg', 'leaves parts out', { count, last }));
        const demuxer = containers.ts.demuxer(limits, (code) => report.note(code, clock.now()));
        const intake = new Intake(demuxer, to);
        const child = children.pipe(
          { program: input.program, args: ffmpegArguments(input) },
          {
            line: (text) => {
              const line = shownLine(text, input.sources);
              lines.push(line);
              onLine(line);
            },
            ended: (end) => {
              signal.removeEventListener('abort', stop);
              if (signal.aborted) resolve();
              else if (end.error !== undefined) reject(end.error);
              else if (end.code === 0) resolve();
              else reject(ingestErrors.system('FFMPEG', { end: endText(end), last: lines.last ?? 'it said nothing' }));
            },
          },
        );
        const stop = (): void => child.stop();
        signal.addEventListener('abort', stop);
        const fail = (error: unknown): void => {
          reject(toSrsxError(error));
          child.stop();
        };
        child.stdout.onData = (bytes) => {
          onBytes(bytes.length);
          onContainer?.('ts', bytes);
          try {
            intake.push(bytes);
          } catch (error) {
            fail(error);
          }
        };
        child.stdout.onClose = () => {
          try {
            intake.end();
          } catch (error) {
            fail(error);
          }
        };
      }),
  };
}

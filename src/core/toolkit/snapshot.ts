// One picture of a stream, decoded by FFmpeg.
import type { SrsxError } from '../base/errors.ts';
import { fromSeconds, type Micros, toMs, toSeconds } from '../base/time.ts';
import type { ChildEnd } from '../control/children/child.ts';
import { LineRing } from '../control/children/ring.ts';
import { endText } from '../control/children/supervisor.ts';
import { hideKeys } from '../control/hide-secrets.ts';
import { isUrl, type ToolHost } from '../control/host.ts';
import { ingestErrors, snapshotErrors } from './errors.ts';
import { shownLine } from './ffmpeg-input.ts';

export interface SnapshotOptions {
  /** A URL or file that FFmpeg reads. */
  readonly from: string;
  /** The picture's file; its ending says the format: jpg, png, webp, bmp. */
  readonly to: string;
  readonly signal: AbortSignal;
  /** Default 20 s. */
  readonly timeout?: Micros | undefined;
  /** Pixels; the other side follows. 0: as it is. */
  readonly width?: number | undefined;
  /** FFmpeg's path or name; default `ffmpeg`. */
  readonly ffmpeg?: string | undefined;
}

export interface SnapshotResult {
  readonly from: string;
  readonly to: string;
  readonly elapsedMs: number;
}

const FORMATS = /\.(jpe?g|png|webp|bmp)$/i;

/** Rejects with SNAPSHOT_FORMAT, SNAPSHOT_TIMEOUT, SNAPSHOT_FAILED with FFmpeg's last line, INGEST_PROGRAM. */
export async function snapshot(
  { clock, log, children }: ToolHost,
  { from: source, to, signal, timeout = fromSeconds(20), width = 0, ffmpeg = 'ffmpeg' }: SnapshotOptions,
): Promise<SnapshotResult> {
  if (!FORMATS.test(to)) throw snapshotErrors.config('FORMAT', { to });
  const program = children.find(ffmpeg);
  if (program === undefined) throw ingestErrors.config('PROGRAM', { source: 'snapshot', program: ffmpeg });
  const from = hideKeys(source);
  const since = clock.now();
  const lines = new LineRing();
  let fault: SrsxError | undefined;
  let release = (): void => undefined;
  const end = await new Promise<ChildEnd>((resolve) => {
    const child = children.start(
      { program, args: snapshotArguments(source, to, width) },
      {
        line: (text) => {
          const line = shownLine(text, [source]);
          lines.push(line);
          log.debug('ffmpeg', () => line);
        },
        ended: resolve,
      },
    );
    const stop = (why: SrsxError): void => {
      fault ??= why;
      child.stop();
    };
    const abort = (): void => stop(snapshotErrors.system('GIVEN_UP', { from }));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    const seconds = toSeconds(timeout);
    const cancel = clock.after(timeout, () => stop(snapshotErrors.system('TIMEOUT', { from, seconds })));
    release = () => {
      cancel();
      signal.removeEventListener('abort', abort);
    };
  });
  release();
  if (fault !== undefined) throw fault;
  if (end.error !== undefined) throw end.error;
  if (end.code !== 0) {
    throw snapshotErrors.system('FAILED', { from, end: endText(end), last: lines.last ?? 'it said nothing' });
  }
  return { from, to, elapsedMs: toMs(clock.now() - since) };
}

function snapshotArguments(from: string, to: string, width: number): string[] {
  return [
    ...['-nostdin', '-hide_banner', '-loglevel', 'error', '-y', '-i', isUrl(from) ? from : `file:${from}`],
    ...(width > 0 ? ['-vf', `scale=${width}:-2`] : []),
    // A single picture: the name is no pattern for numbers.
    ...['-an', '-frames:v', '1', '-q:v', '2', '-f', 'image2', '-update', '1', `file:${to}`],
  ];
}

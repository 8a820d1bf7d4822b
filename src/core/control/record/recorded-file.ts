// What is told when a recording is complete: the fields of SRS's on_dvr.
import type { Micros } from '../../base/time.ts';
import type { StreamName } from '../../media/stream-name.ts';

/** A file that is complete and has its name. */
export interface RecordedFile {
  readonly name: StreamName;
  /** SRS: cwd; relative paths begin there. */
  readonly cwd: string;
  /** Base directory and path, as SRS writes them: `./objs/nginx/html/live/a.1795464663585.flv`. */
  readonly file: string;
  readonly sizeBytes: number;
  /** Media time in it. */
  readonly duration: Micros;
}

/** Hears of every file; must not throw. */
export type RecordWatcher = (file: RecordedFile) => void;

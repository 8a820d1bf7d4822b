// What is told when a segment of a stream is complete: the fields of SRS's on_hls.
import type { Micros } from '../../base/time.ts';
import type { StreamName } from '../../media/stream-name.ts';

/** One segment that is in place, with the playlist that names it. */
export interface SegmentFile {
  readonly name: StreamName;
  /** Base directory and path, as SRS writes them: `./objs/nginx/html/live/a-0.ts`. */
  readonly file: string;
  /** The segment as a URL: below the HTTP server, or absolute by hls_entry_prefix: `live/a-0.ts`. */
  readonly url: string;
  /** The playlist: `./objs/nginx/html/live/a.m3u8`. */
  readonly m3u8: string;
  /** `live/a.m3u8`. */
  readonly m3u8Url: string;
  /** SRS: seq_no. */
  readonly sequence: number;
  readonly duration: Micros;
}

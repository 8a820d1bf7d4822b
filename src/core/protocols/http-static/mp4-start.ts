// MP4 from a time: fragments, made as they are sent, because the index of a plain file would have to be made first.
import { totalSize } from '../../base/bytes.ts';
import type { Link } from '../../base/link.ts';
import { toSrsxError } from '../../base/session.ts';
import type { Micros } from '../../base/time.ts';
import { type Mp4File, Mp4Writer } from '../../format/fmp4/index.ts';
import { chunkEnvelope, lastChunk } from '../../wire/http/chunk.ts';
import { PacedLink, type SendOptions } from './body.ts';

/** An answer without a known length. */
export interface OpenAnswer {
  readonly link: Link;
  readonly chunked: boolean;
}

/**
 * Sends an MP4 from the last key frame up to `from`. Times begin at 0 again. A file whose parameters change is sent up to
 * there. Never rejects: a damaged file breaks the answer off.
 */
export async function sendMp4From(
  movie: Mp4File,
  from: Micros,
  { link, chunked }: OpenAnswer,
  options: SendOptions,
): Promise<void> {
  const paced = new PacedLink(link, options);
  const send = (chunks: readonly Uint8Array[]): Promise<boolean> => {
    const size = totalSize(chunks);
    if (size === 0) return TAKEN;
    const { head, tail } = chunkEnvelope(size);
    return paced.send(chunked ? [head, ...chunks, tail] : chunks);
  };
  const events = movie.events(from);
  try {
    let writer: Mp4Writer | undefined;
    for await (const event of events) {
      if (event.type === 'tracks') {
        if (writer !== undefined) break;
        writer = new Mp4Writer(event.tracks);
      } else if (writer !== undefined && !(await send(writer.write(event.frame)))) return;
    }
    if (!(await send(writer?.end() ?? []))) return;
    if (chunked) await paced.send([lastChunk]);
    paced.close();
  } catch (error) {
    paced.close(toSrsxError(error));
  }
}

const TAKEN = Promise.resolve(true);

// Who publishes a stream, in the words that it came with.
import { type StreamName, streamKey } from '../media/stream-name.ts';
import type { Sessions } from './sessions.ts';

/** What a publisher said of itself when it came; empty where its protocol has no such thing. */
export interface PublisherWords {
  /** With its leading `?`, or empty. */
  readonly param: string;
  readonly tcUrl: string;
  readonly pageUrl: string;
  readonly swfUrl: string;
}

/** The words of the session that publishes a stream; all empty when it is none of a protocol. */
export function publisherOf(sessions: Sessions, name: StreamName): PublisherWords {
  const key = streamKey(name);
  for (const { info } of sessions.list()) {
    if (!info.publish || streamKey(info.name) !== key) continue;
    const { param = '', tcUrl, pageUrl, swfUrl } = info;
    return { param, tcUrl, pageUrl, swfUrl };
  }
  return { param: '', tcUrl: '', pageUrl: '', swfUrl: '' };
}

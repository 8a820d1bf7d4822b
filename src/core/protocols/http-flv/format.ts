// The containers that a live stream is served in, each as three wires: plain, in HTTP chunks, in WebSocket messages. Each
// is one feed, framed once for all its players.
import { type Container, containers } from '../../format/container/index.ts';
import type { Format } from '../../media/muxer.ts';
import { chunkEnvelope } from '../../wire/http/chunk.ts';
import { messageEnvelope } from '../../wire/websocket/index.ts';

export interface LiveFormat extends Container {
  /** At the end of the path, with its dot. */
  readonly extension: string;
  /** The feed for each wire. */
  readonly wires: { readonly plain: Format; readonly chunked: Format; readonly webSocket: Format };
}

function live(container: Container): LiveFormat {
  const { name, format } = container;
  return {
    ...container,
    extension: `.${name}`,
    wires: {
      plain: format,
      chunked: { ...format, key: `${format.key}+chunked`, envelope: chunkEnvelope },
      webSocket: { ...format, key: `${format.key}+ws`, envelope: messageEnvelope },
    },
  };
}

const { flv, ts, mp4, aac, mp3 } = containers;

/** THE table of live containers; a new one is one entry. */
export const liveFormats: readonly LiveFormat[] = [flv, ts, mp4, aac, mp3].map(live);

/** The container that a path asks for. */
export const formatOf = (path: string): LiveFormat | undefined =>
  liveFormats.find(({ extension }) => path.endsWith(extension));

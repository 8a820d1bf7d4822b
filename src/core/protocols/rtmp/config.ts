// The settings of RTMP.
import type { Address } from '../../base/link.ts';
import { fromMs, fromSeconds, type Micros } from '../../base/time.ts';
import type { Section } from '../../control/config/config.ts';
import type { TlsFiles } from '../../control/host.ts';
import { noDelayOf } from '../../control/stream-settings.ts';
import type { ConnectionTerms } from './session.ts';

export interface RtmpConfig {
  /** Where plain RTMP is served (SRS: listen). */
  readonly listen: readonly Address[];
  /** RTMPS: where, and with which certificate (SRS: rtmps). */
  readonly tls?: TlsFiles & { readonly listen: readonly Address[] };
  /** Size in bytes of the chunks we send (SRS: chunk_size). */
  readonly chunkSize: number;
  /** Bytes after which a peer shall acknowledge, and which it is told to keep to (SRS: out_ack_size). */
  readonly windowAckSize: number;
  /** Tell players with NetStream.Play.UnpublishNotify when their publisher leaves; SRS does not. */
  readonly unpublishNotify: boolean;
}

export const defaults: RtmpConfig = {
  listen: [{ host: '0.0.0.0', port: 1935 }],
  // SRS: chunk_size. Nearly every frame is one chunk, so that packets have one header.
  chunkSize: 60_000,
  windowAckSize: 2_500_000,
  unpublishNotify: false,
};

/** SRS's range of chunk sizes. */
const CHUNK_SIZES = { least: 128, most: 65_536 } as const;

/** What a vhost says of its connections, over what the program was started with. */
export function connectionTerms(vhost: Section, config: RtmpConfig): ConnectionTerms {
  const size = vhost.look('vhost.chunk_size');
  const written = size.origin.kind === 'same' ? size.origin.of.kind !== 'default' : size.origin.kind !== 'default';
  return {
    chunkSize: written ? Math.min(CHUNK_SIZES.most, Math.max(CHUNK_SIZES.least, size.value)) : config.chunkSize,
    windowAckSize: Math.max(0, vhost.written('vhost.out_ack_size') ?? config.windowAckSize),
    ackEvery: Math.max(0, vhost.get('vhost.in_ack_size')),
  };
}

/** What a vhost says of how publishers are read. */
export interface PublishTerms {
  /** Data that may be units with start codes or with lengths is taken for the first (SRS: try_annexb_first). */
  readonly annexBFirst: boolean;
  /** Headers that say nothing new are passed on (SRS: reduce_sequence_header off). */
  readonly repeatsHeaders: boolean;
  /** Metadata may say that times are absolute (SRS: atc_auto). */
  readonly atcAuto: boolean;
  /** The socket is left alone so long after each read that found it nearly empty (SRS: mr_latency); 0: it is not. */
  readonly readPause: Micros;
  readonly noDelay: boolean;
}

/** Beyond this a publisher would seem silent. */
const MOST_READ_PAUSE = fromSeconds(2);

/** With min_latency nothing is held back. */
export function publishTerms(vhost: Section): PublishTerms {
  const merges = vhost.get('vhost.publish.mr') && !vhost.get('vhost.min_latency');
  return {
    annexBFirst: vhost.get('vhost.publish.try_annexb_first'),
    repeatsHeaders: vhost.written('vhost.play.reduce_sequence_header') === false,
    atcAuto: vhost.get('vhost.play.atc_auto'),
    readPause: merges ? Math.min(MOST_READ_PAUSE, Math.max(0, fromMs(vhost.get('vhost.publish.mr_latency')))) : 0,
    noDelay: noDelayOf(vhost),
  };
}

// The settings of RTMP.
import type { Address } from '../../base/link.ts';
import type { TlsFiles } from '../../control/host.ts';

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

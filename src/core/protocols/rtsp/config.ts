// The settings of RTSP: SRS's block rtsp_server.
import type { Address } from '../../base/link.ts';

/** What the server is started with. */
export interface RtspConfig {
  /** TCP; empty: RTSP is not served. */
  readonly listen: readonly Address[];
  /** RTP of UDP players, RTCP at the next port; undefined: players use TCP, as at SRS. */
  readonly udp?: Address;
}

/** Not served. */
export const defaults: RtspConfig = { listen: [] };

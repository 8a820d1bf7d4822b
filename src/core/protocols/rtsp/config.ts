// The settings of RTSP: SRS's block rtsp_server.
import type { Address } from '../../base/link.ts';

export interface RtspConfig {
  /** TCP; empty: RTSP is not served. */
  readonly listen: readonly Address[];
}

export const defaults: RtspConfig = { listen: [] };

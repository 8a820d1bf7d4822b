// Header extensions by their URIs, as SDP names them (RFC 8285 §5).

/** Those that are understood. */
export const extensionUri = {
  /** draft-holmer-rmcat-transport-wide-cc-extensions-01: 16 bits of sequence over all streams. */
  transportWideCc: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  /** RFC 9143. */
  mid: 'urn:ietf:params:rtp-hdrext:sdes:mid',
  /** RFC 8852. */
  rid: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  repairedRid: 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
} as const;

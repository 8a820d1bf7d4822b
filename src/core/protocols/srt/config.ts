// The settings of SRT: SRS's block srt_server, and what of it is the peer's affair.
import type { Address } from '../../base/link.ts';
import { fromMs } from '../../base/time.ts';
import type { Settings } from '../../control/config/settings.ts';
import { defaultOptions, type SrtOptions } from './options.ts';
import type { StreamIdDefaults } from './stream-id.ts';

export interface SrtConfig {
  /** UDP; empty: SRT is not served. */
  readonly listen: readonly Address[];
}

export const defaults: SrtConfig = { listen: [] };

/** What a streamid that says less means (SRS: default_app, default_mode, default_streamid). */
export function streamIdDefaults({ root }: Settings): StreamIdDefaults {
  return {
    app: root.get('srt_server.default_app'),
    mode: root.get('srt_server.default_mode') === 'publish' ? 'publish' : 'request',
    streamid: root.get('srt_server.default_streamid'),
  };
}

/** A latency of more does not fit into the handshake. */
const MAX_LATENCY_MS = 0xffff;

/**
 * The options of the listener. SRS sets `latency` and then overrides both halves by the defaults of the other two; here a
 * half that nobody wrote follows `latency`.
 */
export function listenerOptions({ root }: Settings): SrtOptions {
  const latency = (half: 'recvlatency' | 'peerlatency') => {
    const path = `srt_server.${half}` as const;
    const ms = root.written(path) ?? root.written('srt_server.latency') ?? root.get(path);
    return fromMs(clamp(ms, 0, MAX_LATENCY_MS));
  };
  const connectTime = root.get('srt_server.connect_timeout');
  const idleTime = root.get('srt_server.peer_idle_timeout');
  const payload = root.get('srt_server.payloadsize');
  return {
    ...defaultOptions,
    rcvlatency: latency('recvlatency'),
    peerlatency: latency('peerlatency'),
    tsbpdmode: root.get('srt_server.tsbpdmode'),
    tlpktdrop: root.get('srt_server.tlpktdrop'),
    maxbw: root.get('srt_server.maxbw'),
    mss: clamp(root.get('srt_server.mss'), 76, 1500),
    sndbuf: root.get('srt_server.sendbuf'),
    rcvbuf: root.get('srt_server.recvbuf'),
    passphrase: root.get('srt_server.passphrase'),
    pbkeylen: Number(root.get('srt_server.pbkeylen')) || 0,
    // 0 is garbage in SRS's language, and would end everything at once.
    ...(connectTime > 0 && { conntimeo: fromMs(connectTime) }),
    ...(idleTime > 0 && { peeridletimeo: fromMs(idleTime) }),
    ...(payload > 0 && { payloadsize: clamp(payload, 188, 1456) }),
  };
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

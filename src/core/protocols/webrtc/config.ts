// The settings of WebRTC: SRS's blocks rtc_server and vhost.rtc.
import type { Address } from '../../base/link.ts';
import { fromSeconds, type Micros } from '../../base/time.ts';
import type { Section } from '../../control/config/config.ts';
import type { Settings } from '../../control/config/settings.ts';

export interface RtcConfig {
  /** UDP; empty: WebRTC is not served. */
  readonly listen: readonly Address[];
  /** TCP (RFC 4571); empty: none. */
  readonly listenTcp: readonly Address[];
  /** Addresses of this machine's interfaces, as they are now. */
  readonly interfaces: () => readonly InterfaceAddress[];
  /** What SRS's own API says of the server. */
  readonly identity: Readonly<Record<'server' | 'service' | 'pid', string>>;
}

export interface InterfaceAddress {
  readonly host: string;
  readonly family: 'ipv4' | 'ipv6';
  /** Loopback. */
  readonly internal: boolean;
}

export const defaults: RtcConfig = {
  listen: [],
  listenTcp: [],
  interfaces: () => [],
  identity: { server: '', service: '', pid: '' },
};

/** Of the server; asked for each session. */
export interface ServerOptions {
  /** Which candidates are answered. */
  readonly protocol: 'udp' | 'tcp' | 'all';
  readonly candidates: readonly string[];
  readonly scan: boolean;
  readonly family: 'ipv4' | 'ipv6' | 'all';
  readonly apiHost: boolean;
  readonly resolveApiHost: boolean;
  readonly keepApiHost: boolean;
  readonly encrypt: boolean;
  readonly mergeNals: boolean;
}

export function serverOptions({ root }: Settings): ServerOptions {
  const family = root.get('rtc_server.ip_family');
  const protocol = root.get('rtc_server.protocol');
  return {
    protocol: protocol === 'tcp' || protocol === 'all' ? protocol : 'udp',
    candidates: root.get('rtc_server.candidate'),
    scan: root.get('rtc_server.use_auto_detect_network_ip'),
    family: family === 'ipv6' || family === 'all' ? family : 'ipv4',
    apiHost: root.get('rtc_server.api_as_candidates'),
    resolveApiHost: root.get('rtc_server.resolve_api_domain'),
    keepApiHost: root.get('rtc_server.keep_api_domain'),
    encrypt: root.get('rtc_server.encrypt'),
    mergeNals: root.get('rtc_server.merge_nalus'),
  };
}

/** Of a vhost; asked for each session. */
export interface VhostOptions {
  readonly enabled: boolean;
  readonly nack: boolean;
  /** What may be asked for again is copied for each player, and not held in the memory that they share. */
  readonly copiesSent: boolean;
  readonly twcc: boolean;
  readonly silentTime: Micros;
  readonly strict: boolean;
  /** Ours, when the peer leaves it to us. */
  readonly dtlsRole: 'server' | 'client';
  /** Payload type that is thrown away; 0: none. */
  readonly dropType: number;
  /** Streams of other protocols may be played. */
  readonly fromOthers: boolean;
  readonly keepBFrames: boolean;
  /** Of H.264. */
  readonly keepSei: boolean;
  /** Other protocols may play what comes by WebRTC: key frames are asked for this often; undefined: only when needed. */
  readonly keyInterval: Micros | undefined;
  /** Their sound is AAC. */
  readonly toOthers: boolean;
}

export function vhostOptions(vhost: Section): VhostOptions {
  const silent = vhost.get('vhost.rtc.stun_timeout');
  const period = vhost.get('vhost.rtc.pli_for_rtmp');
  return {
    enabled: vhost.get('vhost.rtc.enabled'),
    nack: vhost.get('vhost.rtc.nack'),
    copiesSent: !vhost.get('vhost.rtc.nack_no_copy'),
    twcc: vhost.get('vhost.rtc.twcc'),
    // 0 is garbage in SRS's language, and would end everything at once.
    silentTime: fromSeconds(silent > 0 ? silent : 30),
    strict: vhost.get('vhost.rtc.stun_strict_check'),
    dtlsRole: vhost.get('vhost.rtc.dtls_role') === 'active' ? 'client' : 'server',
    dropType: vhost.get('vhost.rtc.drop_for_pt'),
    fromOthers: vhost.get('vhost.rtc.rtmp_to_rtc'),
    keepBFrames: vhost.get('vhost.rtc.keep_bframe'),
    keepSei: vhost.get('vhost.rtc.keep_avc_nalu_sei'),
    toOthers: vhost.get('vhost.rtc.rtc_to_rtmp'),
    keyInterval: vhost.get('vhost.rtc.rtc_to_rtmp') ? fromSeconds(Math.min(30, Math.max(0.5, period))) : undefined,
  };
}

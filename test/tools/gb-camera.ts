// A camera of GB/T 28181 in bytes, without sockets: what it says by SIP, and its program stream in RTP packets.
import { concat, utf8 } from '../../src/core/base/bytes.ts';
import { toTicks } from '../../src/core/base/time.ts';
import type { Frame } from '../../src/core/media/frame.ts';
import type { Track } from '../../src/core/media/track.ts';
import { framed, writeHeader } from '../../src/core/wire/rtp/index.ts';
import { headerOf, latin1, type SipHeaders, type SipRequest, writeSip } from '../../src/core/wire/sip/index.ts';
import { psFrame } from './ps-writer.ts';

export const serverId = '34020000002000000001';
export const domain = '3402000000';
export const cameraId = '34020000001320000001';

const none: Uint8Array = new Uint8Array(0);

export class Camera {
  readonly id: string;
  readonly transport: 'TCP' | 'UDP';
  #cseq = 0;

  constructor(id = cameraId, transport: 'TCP' | 'UDP' = 'TCP') {
    this.id = id;
    this.transport = transport;
  }

  register(expires = 3600): Uint8Array {
    return this.#request('REGISTER', [
      ['contact', `<sip:${this.id}@192.0.2.64:5061>`],
      ['expires', String(expires)],
    ]);
  }

  keepalive(): Uint8Array {
    const body = utf8('<?xml version="1.0" encoding="GB2312"?><Notify><CmdType>Keepalive</CmdType></Notify>');
    return this.#request('MESSAGE', [['content-type', 'Application/MANSCDP+xml']], body);
  }

  /** Ends the call of an INVITE. */
  bye(invite: SipRequest): Uint8Array {
    return this.#request('BYE', [], none, headerOf(invite, 'call-id'));
  }

  /** An answer to a request; `ssrc` is what it says that it sends. */
  answer(request: SipRequest, status = 200, ssrc?: number): Uint8Array {
    const same = ['via', 'from', 'call-id', 'cseq'].map((name): [string, string] => [
      name,
      headerOf(request, name) ?? '',
    ]);
    const to: [string, string] = ['to', `${headerOf(request, 'to')};tag=camera`];
    const sdp = `v=0\r\ns=Play\r\nm=video 15060 TCP/RTP/AVP 96\r\na=sendonly\r\ny=${String(ssrc).padStart(10, '0')}\r\n`;
    const body = ssrc === undefined ? none : utf8(sdp);
    return writeSip({ kind: 'response', status, reason: 'x', headers: [...same, to], body });
  }

  #request(method: string, more: SipHeaders, body = none, call = `call-${this.#cseq}`): Uint8Array {
    this.#cseq++;
    return writeSip({
      kind: 'request',
      method,
      uri: `sip:${serverId}@${domain}`,
      headers: [
        ['via', `SIP/2.0/${this.transport} 192.0.2.64:5061;rport;branch=z9hG4bK${this.#cseq}`],
        ['from', `<sip:${this.id}@${domain}>;tag=cam`],
        ['to', `<sip:${this.id}@${domain}>`],
        ['call-id', call],
        ['cseq', `${this.#cseq} ${method}`],
        ...more,
      ],
      body,
    });
  }
}

/** What an INVITE says in its SDP. */
export function invited({ body }: SipRequest): { readonly ssrc: number; readonly host: string; readonly port: number } {
  const text = latin1(body);
  const find = (form: RegExp): string => form.exec(text)?.[1] ?? '';
  return { ssrc: Number(find(/^y=(\d+)/m)), host: find(/^c=IN IP4 (\S+)/m), port: Number(find(/^m=video (\d+) /m)) };
}

/** Packets of a program stream, with their lengths in front (RFC 4571). */
export class RtpWriter {
  readonly #ssrc: number;
  #sequence = 65_530;

  constructor(ssrc: number) {
    this.#ssrc = ssrc;
  }

  /** Bytes of one picture or less; `ticks` of 90 kHz. */
  write(payload: Uint8Array, ticks: number, mostBytes = 1400): Uint8Array {
    const packets: Uint8Array[] = [];
    for (let at = 0; at < payload.length; at += mostBytes) {
      const part = payload.subarray(at, at + mostBytes);
      const packet = new Uint8Array(12 + part.length);
      const marker = at + mostBytes >= payload.length;
      this.#sequence = (this.#sequence + 1) & 0xffff;
      const [payloadType, extended] = [96, false];
      writeHeader(packet, 0, {
        payloadType,
        marker,
        sequence: this.#sequence,
        timestamp: ticks,
        ssrc: this.#ssrc,
        extended,
      });
      packet.set(part, 12);
      packets.push(framed(packet, [{ begin: 0, end: packet.length }], 1));
    }
    return concat(packets);
  }

  /** A frame as a camera packs it. */
  frame(frame: Frame, tracks: readonly Track[]): Uint8Array {
    return this.write(psFrame(frame, tracks), toTicks(frame.dts, 90_000));
  }
}

// The settings of one caster, read once; and what the protocol asks of the machine.
import { fromSeconds, type Micros } from '../../base/time.ts';
import { type Caster, casterErrors } from '../../control/casters.ts';

/** One address of this machine. */
export interface InterfaceAddress {
  readonly host: string;
  readonly family: 'ipv4' | 'ipv6';
  /** Loopback. */
  readonly internal: boolean;
}

/** Given by who starts the server. */
export interface GbConfig {
  /** Addresses of this machine, as they are now. */
  readonly interfaces: () => readonly InterfaceAddress[];
}

/** Without interfaces an INVITE has the address that was reached. */
export const defaults: GbConfig = { interfaces: () => [] };

/** A `stream_caster` with its block `sip`. */
export interface GbOptions {
  readonly mediaPort: number;
  readonly sip: {
    readonly enabled: boolean;
    readonly port: number;
    /** For an answer, and for the media after an INVITE. */
    readonly timeout: Micros;
    /** Between the end of the media and the next INVITE. */
    readonly reinvite: Micros;
    /** An address, a name, or `*`. */
    readonly candidate: string;
  };
  /** For the media after a request of the API. */
  readonly mediaConnectTime: Micros;
}

/** Reads the settings of a caster. Throws CASTER_PORT. */
export function gbOptions({ port, section }: Caster): GbOptions {
  const sipPort = section.get('stream_caster.sip.listen');
  if (sipPort <= 0 || sipPort > 65_535) throw casterErrors.config('PORT', { ...section.place, port: sipPort });
  return {
    mediaPort: port,
    sip: {
      enabled: section.get('stream_caster.sip.enabled'),
      port: sipPort,
      timeout: fromSeconds(Math.max(1, section.get('stream_caster.sip.timeout'))),
      reinvite: fromSeconds(Math.max(0, section.get('stream_caster.sip.reinvite'))),
      candidate: section.get('stream_caster.sip.candidate'),
    },
    mediaConnectTime: fromSeconds(Math.max(0.1, section.get('stream_caster.media_connect_timeout'))),
  };
}

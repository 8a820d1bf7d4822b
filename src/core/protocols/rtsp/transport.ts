// The Transport header (RFC 2326 §12.39): what a client offers, and what is agreed on.

/** One transport of a list, as it was written. */
export interface Transport {
  /** `RTP/AVP` is over UDP. */
  readonly lower: 'tcp' | 'udp';
  readonly multicast: boolean;
  /** Channels of RTP and RTCP. */
  readonly interleaved: PortPair | undefined;
  readonly clientPort: PortPair | undefined;
  readonly serverPort: PortPair | undefined;
  /** `mode=record`, in any of its spellings. */
  readonly record: boolean;
}

/** Of RTP and of RTCP: ports, or channels. */
export interface PortPair {
  readonly rtp: number;
  readonly rtcp: number;
}

/** Transports of one list: clients offer two or three. */
const MOST_TRANSPORTS = 8;

/** In the order of preference; what is not plain RTP is left out. */
export function parseTransports(text: string): Transport[] {
  return text
    .split(',')
    .slice(0, MOST_TRANSPORTS)
    .map((one) => parseTransport(one.trim()))
    .filter((one) => one !== undefined);
}

function parseTransport(text: string): Transport | undefined {
  const [specifier = '', ...parameters] = text.split(';').map((part) => part.trim());
  const [, lower] = /^RTP\/AVP(?:\/(TCP|UDP))?$/i.exec(specifier) ?? [undefined, 'none'];
  if (lower === 'none') return undefined;
  const named = new Map(
    parameters.map((part): [string, string] => {
      const [name = '', ...value] = part.split('=');
      return [name.toLowerCase(), value.join('=')];
    }),
  );
  return {
    lower: lower?.toLowerCase() === 'tcp' ? 'tcp' : 'udp',
    // RFC 2326 says multicast is the default, but no client means it that says nothing.
    multicast: named.has('multicast'),
    interleaved: parsePair(named.get('interleaved'), 255),
    clientPort: parsePair(named.get('client_port'), 65_535),
    serverPort: parsePair(named.get('server_port'), 65_535),
    record: /^"?(record|receive)"?$/i.test(named.get('mode') ?? ''),
  };
}

/** `4588-4589`, or `4588` whose RTCP is the next one. */
function parsePair(text: string | undefined, most: number): PortPair | undefined {
  const [, first, second] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text ?? '') ?? [];
  if (first === undefined) return undefined;
  const rtp = Number(first);
  const rtcp = second === undefined ? rtp + 1 : Number(second);
  return rtp > most || rtcp > most || rtp === rtcp ? undefined : { rtp, rtcp };
}

/** `RTP/AVP/TCP;unicast;interleaved=0-1`. */
export const interleavedTransport = ({ rtp, rtcp }: PortPair, mode?: 'record'): string =>
  `RTP/AVP/TCP;unicast;interleaved=${rtp}-${rtcp}${mode === undefined ? '' : ';mode=record'}`;

/** `RTP/AVP;unicast;client_port=4588-4589;server_port=6256-6257`. */
export const datagramTransport = (client: PortPair, server: PortPair): string =>
  `RTP/AVP;unicast;client_port=${client.rtp}-${client.rtcp};server_port=${server.rtp}-${server.rtcp}`;

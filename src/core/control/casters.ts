// `stream_caster` blocks: inputs of other protocols that SRS turns into RTMP, and what they are published as.
import { defineErrors } from '../base/errors.ts';
import { isThisMachine } from '../base/ip.ts';
import type { Peer } from '../base/link.ts';
import type { StreamName } from '../media/stream-name.ts';
import type { AdmissionRequest } from './admission.ts';
import type { Section } from './config/config.ts';
import type { Settings } from './config/settings.ts';
import { parseRtmpTarget } from './rtmp-name.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const casterErrors = defineErrors('CASTER', {
  PORT: { srs: 4011, text: '{file}:{line}: listen {port} is no port', advice: 'Write listen 8935;.' },
  OUTPUT: {
    srs: 4010,
    text: '{file}:{line}: the output {output} is no RTMP URL of this server',
    advice: 'Write output rtmp://127.0.0.1/live/livestream;, and forward it when another server is to have it.',
  },
});

/** The kinds that SRS has. */
export type CasterKind = 'mpegts_over_udp' | 'flv' | 'gb28181';

/** A caster that is on. */
export interface Caster {
  readonly port: number;
  /** What else it says. */
  readonly section: Section;
  /** Name and parameters of a stream, for the words of its template. Throws CASTER_OUTPUT. */
  target(words: { readonly app?: string; readonly stream?: string }): {
    readonly name: StreamName;
    readonly param: string;
  };
}

/** What the admission is asked for a sender whose stream has this name: SRS publishes to itself, and hooks see that client. */
export const castRequest = (
  protocol: string,
  peer: Peer,
  { name, param }: ReturnType<Caster['target']>,
): AdmissionRequest => ({
  ...{ action: 'publish', protocol, type: 'flash-publish', peer, name, param },
  ...{ tcUrl: `rtmp://127.0.0.1/${name.app}`, pageUrl: '', swfUrl: '' },
});

/** The casters of a kind that are on, in the order of writing. Throws CASTER_PORT, CASTER_OUTPUT. */
export function casters(settings: Settings, kind: CasterKind): Caster[] {
  return settings.root
    .sections('stream_caster')
    .filter((section) => section.get('stream_caster.enabled') && section.get('stream_caster.caster') === kind)
    .map(readCaster);
}

function readCaster(section: Section): Caster {
  const port = section.get('stream_caster.listen');
  const output = section.get('stream_caster.output');
  const { place } = section;
  if (port <= 0 || port > 65_535) throw casterErrors.config('PORT', { ...place, port });
  const caster: Caster = {
    port,
    section,
    target: (words) => {
      const filled = output.replace(/\[(app|stream)\]/g, (whole, word: 'app' | 'stream') => words[word] ?? whole);
      const target = parseRtmpTarget(filled);
      // Streams go straight into this server: an address in between would only cost.
      if (target === undefined || !isThisMachine(target.host))
        throw casterErrors.config('OUTPUT', { ...place, output });
      return { name: target.name, param: target.param };
    },
  };
  // A wrong template is told at the start, not with the first stream.
  caster.target({ app: 'app', stream: 'stream' });
  return caster;
}

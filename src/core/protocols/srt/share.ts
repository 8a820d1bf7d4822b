// What all sessions of one server share.
import type { Host } from '../../control/host.ts';
import type { Cutter } from './messages.ts';
import type { Passage } from './passage.ts';

export interface ServerShare {
  readonly host: Host;
  readonly cutter: Cutter;
  /** Transport streams of SRT publishers by the stream's key; bounded by limits.sessions. */
  readonly passages: Map<string, Passage>;
}

// Fragments of session descriptions that trickle candidates or restart ICE (RFC 8840 §9, application/trickle-ice-sdpfrag).
import { sdpErrors } from './errors.ts';
import { type IceCredentials, MAX_SDP_BYTES } from './parse.ts';
import { type AnsweredSection, type Candidate, writeCandidates } from './write.ts';

/** What a fragment says of the ICE session it is for. */
export interface IceFragment {
  readonly ufrag: string | undefined;
  readonly pwd: string | undefined;
}

/** Attributes of ICE that a fragment may have (RFC 8840 §9.2); what it says must be about one of them. */
const iceAttribute = /^a=(ice-ufrag|ice-pwd|candidate|end-of-candidates|ice-lite|ice-options|ice-pacing)\b/m;

/**
 * Reads the credentials of a fragment: the first ones, since all sections of a bundle have the same. Candidates are not read,
 * since a lite agent does not use them. Throws SDP_DECODE when it is no fragment, or says nothing of ICE.
 */
export function parseFragment(text: string): IceFragment {
  if (text.length > MAX_SDP_BYTES) throw sdpErrors.protocol('DECODE', { why: `more than ${MAX_SDP_BYTES} characters` });
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const odd = lines.find((line) => !/^[a-z]=\S/.test(line));
  if (odd !== undefined) throw sdpErrors.protocol('DECODE', { why: 'a line of the fragment is no letter=value' });
  if (!iceAttribute.test(text)) throw sdpErrors.protocol('DECODE', { why: 'the fragment says nothing of ICE' });
  const value = (name: string): string | undefined =>
    lines
      .find((line) => line.startsWith(`a=${name}:`))
      ?.slice(name.length + 3)
      .trim();
  const [ufrag, pwd] = [value('ice-ufrag'), value('ice-pwd')];
  // RFC 8839 §5.4.
  if (ufrag !== undefined && (ufrag.length < 4 || ufrag.length > 256)) throw fault('ice-ufrag');
  if (pwd !== undefined && (pwd.length < 22 || pwd.length > 256)) throw fault('ice-pwd');
  return { ufrag, pwd };
}

const fault = (name: string): Error => sdpErrors.protocol('DECODE', { why: `${name} has not the length of one` });

/** What a lite agent says of a new ICE session. */
export interface RestartedIce {
  readonly ice: IceCredentials;
  /** All of them: a client forgets those of the session before. */
  readonly candidates: readonly Candidate[];
  /** Of the answer; the first one that is taken carries the bundle. */
  readonly sections: readonly AnsweredSection[];
}

/** Lines end with CRLF. */
export function writeFragment({ ice, candidates, sections }: RestartedIce): string {
  const taken = sections.filter(({ payloads }) => payloads.length > 0);
  const [tagged] = taken;
  const media = tagged?.payloads.map(({ type }) => type).join(' ');
  return [
    'a=ice-lite',
    `a=group:BUNDLE ${taken.map(({ mid }) => mid).join(' ')}`,
    ...(tagged === undefined ? [] : [`m=${tagged.kind} 9 ${tagged.protocol} ${media}`, `a=mid:${tagged.mid}`]),
    `a=ice-ufrag:${ice.ufrag}`,
    `a=ice-pwd:${ice.pwd}`,
    ...writeCandidates(candidates),
    '',
  ].join('\r\n');
}

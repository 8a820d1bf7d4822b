// An offer to an answer: which sections, codecs, feedback and extensions are used (RFC 8829 §5.3.1, RFC 9725 §4.4).
import type { Fingerprint } from '../../wire/dtls/index.ts';
import { extensionUri } from '../../wire/rtp/index.ts';
import type {
  AnsweredPayload,
  AnsweredSection,
  Direction,
  IceCredentials,
  SdpPayload,
  SdpSection,
  SessionDescription,
} from '../../wire/sdp/index.ts';
import { audioCodecs, type CodecChoice, choices, rtpMap, videoCodecs } from './codecs.ts';
import { rtcErrors } from './errors.ts';

export interface Wishes {
  readonly action: 'publish' | 'play';
  /** Codecs that the URL names; undefined: as the offer has them. */
  readonly video: string | undefined;
  readonly audio: string | undefined;
  readonly nack: boolean;
  readonly twcc: boolean;
  /** A section of media that is sent and cannot be used makes the whole offer unusable (RFC 9725 §4.4.3). */
  readonly whole?: boolean;
  /** All codecs are kept, whoever sends: an answer that lists several may send any of them. */
  readonly every?: boolean;
}

/** What was agreed on about one section. */
export interface MediaPlan {
  readonly kind: 'video' | 'audio';
  readonly mid: string;
  /** Of a publisher the one that it sends; for a player those that it takes, of which one is sent. */
  readonly codecs: readonly CodecChoice[];
  /** Ids of header extensions by their URIs. */
  readonly extensions: ReadonlyMap<string, number>;
  /** Simulcast layers of a publisher, in the order of the offer. */
  readonly rids: readonly string[];
  readonly nack: boolean;
  /** `transport-cc` or `goog-remb`, or nothing. */
  readonly congestion: 'twcc' | 'remb' | undefined;
}

export interface Plan {
  readonly media: readonly MediaPlan[];
  readonly remote: IceCredentials;
  readonly fingerprint: Fingerprint;
  /** What the peer wants to be in DTLS. */
  readonly setup: 'active' | 'passive' | 'actpass';
  /** Sections in the order of the offer; `sources` are filled in by who sends. */
  readonly sections: readonly AnsweredSection[];
}

/** Throws RTC_OFFER, RTC_NO_CODEC, RTC_PARTIAL. */
export function negotiate(offer: SessionDescription, wishes: Wishes): Plan {
  if (offer.sections.length === 0) throw refuse('no section');
  checkMids(offer);
  const taken = new Map<string, MediaPlan>();
  const sections = offer.sections.map((section) => {
    const media = taken.has(section.kind) ? undefined : planSection(section, offer, wishes);
    if (media === undefined) return rejected(section);
    taken.set(section.kind, media);
    return answered(section, media, wishes);
  });
  const first = offer.sections.find(({ kind }) => taken.has(kind));
  if (first === undefined) throw rtcErrors.refused('NO_CODEC', { offered: offeredCodecs(offer) });
  const left =
    wishes.whole === true ? offer.sections.find((section, i) => isLeft(section, sections[i], wishes)) : undefined;
  if (left !== undefined) throw rtcErrors.refused('PARTIAL', { mid: left.mid, kind: left.kind });
  const { ice, fingerprint } = first;
  if (ice === undefined || ice.ufrag === '' || ice.pwd === '') throw refuse('no ICE credentials');
  if (fingerprint === undefined) throw refuse('no fingerprint of a certificate');
  return { media: [...taken.values()], remote: ice, fingerprint, setup: setupOf(first), sections };
}

const refuse = (why: string): Error => rtcErrors.refused('OFFER', { why });

function checkMids({ sections, bundle }: SessionDescription): void {
  const mids = sections.map(({ mid }) => mid);
  if (new Set(mids).size < mids.length) throw refuse('two sections with the same mid');
  if (sections.length > 1 && bundle.length === 0) throw refuse('no BUNDLE');
}

/** Undefined: nothing of it can be used, so it is rejected. */
function planSection(section: SdpSection, { bundle }: SessionDescription, wishes: Wishes): MediaPlan | undefined {
  const { kind, mid, direction, rids } = section;
  if ((kind !== 'video' && kind !== 'audio') || section.port === 0) return undefined;
  if (bundle.length > 0 && !bundle.includes(mid)) return undefined;
  if (!wanted(direction, wishes.action)) return undefined;
  if (!section.rtcpMux) throw refuse('no rtcp-mux');
  const codecs = choices(section, preferred(kind, wishes));
  const used = wishes.action === 'publish' && wishes.every !== true ? codecs.slice(0, 1) : codecs;
  const [best] = used;
  if (best === undefined) return undefined;
  const extensions = new Map([...section.extensions].filter(([uri]) => isUsed(uri, wishes)));
  const has = (feedback: string): boolean => best.payload.feedback.includes(feedback);
  const twcc = has('transport-cc') && extensions.has(extensionUri.transportWideCc);
  return {
    ...{ kind, mid, codecs: used, extensions },
    rids: wishes.action === 'publish' ? rids : [],
    nack: wishes.nack && has('nack'),
    congestion: twcc ? 'twcc' : has('goog-remb') ? 'remb' : undefined,
  };
}

/** Whether the peer means to send what was refused; a data channel or a track that is off is no part of the stream. */
function isLeft(
  { kind, port, direction }: SdpSection,
  answer: AnsweredSection | undefined,
  { action }: Wishes,
): boolean {
  const isMedia = (kind === 'video' || kind === 'audio') && port !== 0 && wanted(direction, action);
  return isMedia && answer?.payloads.length === 0;
}

const wanted = (direction: Direction, action: Wishes['action']): boolean =>
  direction === 'sendrecv' || direction === (action === 'publish' ? 'sendonly' : 'recvonly');

/** A codec that the URL names stands alone, if it is known. */
function preferred(kind: 'video' | 'audio', { video, audio }: Wishes): readonly string[] {
  const named = kind === 'video' ? video : audio;
  if (named !== undefined) return [named];
  return kind === 'video' ? videoCodecs : audioCodecs;
}

const common: readonly string[] = [extensionUri.mid];
const layers: readonly string[] = [extensionUri.rid, extensionUri.repairedRid];

function isUsed(uri: string, { twcc, action }: Wishes): boolean {
  if (uri === extensionUri.transportWideCc) return twcc;
  return common.includes(uri) || (action === 'publish' && layers.includes(uri));
}

const rejected = ({ kind, mid, protocol }: SdpSection): AnsweredSection => ({
  ...{ kind, mid, protocol },
  direction: 'inactive',
  payloads: [],
  extensions: [],
  sources: [],
});

function answered(section: SdpSection, media: MediaPlan, wishes: Wishes): AnsweredSection {
  const { kind, mid, protocol } = section;
  const payloads = media.codecs.flatMap(({ codec, payload, rtx }): AnsweredPayload[] => [
    { type: payload.type, map: rtpMap(codec, payload), ...formatOf(payload), feedback: feedbackOf(payload, media) },
    ...(rtx !== undefined && media.nack
      ? [{ type: rtx.type, map: `rtx/${rtx.clockRate}`, ...formatOf(rtx), feedback: [] }]
      : []),
  ]);
  return {
    ...{ kind, mid, protocol, payloads },
    direction: wishes.action === 'publish' ? 'recvonly' : 'sendonly',
    extensions: [...media.extensions].map(([uri, id]) => ({ id, uri })),
    sources: [],
    ...(media.rids.length > 0 && { rids: media.rids }),
  };
}

function formatOf({ parameters }: SdpPayload): { format?: string } {
  const text = [...parameters].map(([key, value]) => (value === '' ? key : `${key}=${value}`)).join(';');
  return text === '' ? {} : { format: text };
}

/** What is offered and understood. */
function feedbackOf({ feedback }: SdpPayload, { nack, congestion }: MediaPlan): string[] {
  const used = [
    ...(nack ? ['nack', 'nack pli'] : ['nack pli']),
    'ccm fir',
    ...(congestion === 'twcc' ? ['transport-cc'] : congestion === 'remb' ? ['goog-remb'] : []),
  ];
  return used.filter((kind) => feedback.includes(kind));
}

function setupOf({ setup }: SdpSection): Plan['setup'] {
  return setup === 'active' || setup === 'passive' ? setup : 'actpass';
}

const offeredCodecs = ({ sections }: SessionDescription): string =>
  [...new Set(sections.flatMap(({ payloads }) => payloads.map(({ codec }) => codec)))].slice(0, 20).join(', ') ||
  'none';

// Streams that are variants of one content: `name_720p`, `name_480p` are one group `name` (hls_variants).
import { describe } from '../../codec/index.ts';
import { type SegmentStore, type VariantStream, writeMultivariant, writeReports } from '../../format/hls/index.ts';
import { type StreamName, streamKey } from '../../media/stream-name.ts';
import type { Track } from '../../media/track.ts';
import { encodeLevels } from '../../wire/http/stream-path.ts';
import type { Channel } from './channel.ts';

/** The height in pixels stands behind the name. */
const FORM = /^(?<base>.+)_\d{2,4}p$/;

/** Bounded by the channels. */
export class Groups {
  readonly #members = new Map<string, Set<Channel>>();

  add(channel: Channel): void {
    const key = groupOf(channel);
    if (key === undefined) return;
    const members = this.#members.get(key) ?? new Set();
    this.#members.set(key, members.add(channel));
  }

  remove(channel: Channel): void {
    const key = groupOf(channel);
    const members = key === undefined ? undefined : this.#members.get(key);
    if (key === undefined || members === undefined) return;
    members.delete(channel);
    if (members.size === 0) this.#members.delete(key);
  }

  /**
   * The playlist of all variants that have something to play; undefined when there are none.
   *
   * @param query goes behind each URI.
   */
  text(name: StreamName, { lowLatency, query }: { lowLatency: boolean; query: string }): string | undefined {
    const variants: VariantStream[] = [];
    for (const channel of this.#members.get(streamKey(name)) ?? []) {
      const store = storeOf(channel, lowLatency);
      if (store !== undefined && store.listed.length > 0)
        variants.push(variantOf(channel, store, { lowLatency, query }));
    }
    return variants.length === 0 ? undefined : writeMultivariant(variants);
  }

  /** Where the other variants of a channel are, for the end of its low-latency playlist. */
  reports(channel: Channel, query: string): string {
    const key = groupOf(channel);
    if (key === undefined) return '';
    const others = [...(this.#members.get(key) ?? [])].filter((other) => other !== channel);
    return writeReports(
      others.flatMap((other) => {
        const store = storeOf(other, true);
        const last = store?.listed.at(-1);
        if (store === undefined || last === undefined) return [];
        const uri = uriOf(other, { lowLatency: true, query });
        if (store.openParts > 0) return [{ uri, msn: store.nextSequence, part: store.openParts - 1 }];
        return [{ uri, msn: last.sequence, part: Math.max(0, last.parts.length - 1) }];
      }),
    );
  }
}

/** The key of the group's own name. */
function groupOf({ name, config }: Channel): string | undefined {
  const base = config.variants ? FORM.exec(name.stream)?.groups?.['base'] : undefined;
  return base !== undefined ? streamKey({ ...name, stream: base }) : undefined;
}

const storeOf = ({ low, classic }: Channel, lowLatency: boolean): SegmentStore | undefined =>
  (lowLatency ? low : classic)?.store;

/** From the group's playlist, which is in the folder of the app. */
function uriOf({ name, paths }: Channel, { lowLatency, query }: { lowLatency: boolean; query: string }): string {
  if (lowLatency) return `${encodeURIComponent(name.stream)}.ll.m3u8${query}`;
  return `/${encodeLevels(paths.playlist)}${query}`;
}

function variantOf(channel: Channel, store: SegmentStore, form: { lowLatency: boolean; query: string }): VariantStream {
  const rates = store.listed.map(({ bytes, duration }) => bitsPerSecond(bytes.length, duration));
  const bytes = store.listed.reduce((sum, segment) => sum + segment.bytes.length, 0);
  const span = store.listed.reduce((sum, { duration }) => sum + duration, 0);
  const infos = channel.tracks.map(infoOf).filter((info) => info !== undefined);
  const picture = infos.find(({ kind }) => kind === 'video');
  return {
    uri: uriOf(channel, form),
    peakBps: Math.max(...rates),
    averageBps: bitsPerSecond(bytes, span),
    // Half of the codecs is worse than none: players take the list for all there is.
    codecs: infos.length === channel.tracks.length ? infos.map(({ codecString }) => codecString) : [],
    width: picture?.width,
    height: picture?.height,
  };
}

const infoOf = ({ codec, config }: Track) => (config.length === 0 ? undefined : describe(codec, config));

/** Microseconds, so that a million of them are one second. */
const bitsPerSecond = (bytes: number, span: number): number => (span > 0 ? Math.ceil((bytes * 8e6) / span) : 0);

// A manifest as XML (ISO 23009-1 §5): SRS's layout, with what the stream really is.
import { type Micros, toMs, toSeconds } from '../../base/time.ts';
import { escapeXml } from '../../base/xml.ts';
import { type DashManifest, type DashPeriod, type DashRepresentation, initName, segmentName } from './manifest.ts';

const PROFILES = 'urn:mpeg:dash:profile:isoff-live:2011,http://dashif.org/guidelines/dash-if-simple';
/** Players wait so many segments behind the newest, so that a late update does not stop them. */
const DELAY_SEGMENTS = 2;

/** The MPD as text. */
export function writeMpd(manifest: DashManifest): string {
  const { availabilityStart, publishTime, updatePeriod, timeShift, segmentDuration, baseUrl, periods, now } = manifest;
  const attributes = {
    profiles: PROFILES,
    xmlns: 'urn:mpeg:dash:schema:mpd:2011',
    type: 'dynamic',
    availabilityStartTime: dateTime(availabilityStart),
    publishTime: dateTime(publishTime),
    minimumUpdatePeriod: duration(updatePeriod),
    timeShiftBufferDepth: duration(timeShift),
    maxSegmentDuration: duration(segmentDuration),
    minBufferTime: duration(segmentDuration),
    suggestedPresentationDelay: duration(segmentDuration * DELAY_SEGMENTS),
  };
  const lines = ['<?xml version="1.0" encoding="utf-8"?>', `<MPD${attributesOf(attributes)}>`];
  lines.push(`  <BaseURL>${escapeXml(baseUrl)}</BaseURL>`);
  for (const period of periods) addPeriod(lines, period);
  if (now !== undefined) {
    const timing = { schemeIdUri: 'urn:mpeg:dash:utc:direct:2014', value: dateTime(now) };
    lines.push(`  <UTCTiming${attributesOf(timing)}/>`);
  }
  lines.push('</MPD>');
  return `${lines.join('\n')}\n`;
}

function addPeriod(lines: string[], { id, start, representations }: DashPeriod): void {
  lines.push(`  <Period${attributesOf({ id, start: duration(start) })}>`);
  // SRS: sound first.
  const sorted = [...representations].sort((a, b) => a.kind.localeCompare(b.kind));
  for (const [index, representation] of sorted.entries()) addSet(lines, representation, { index, period: id });
  lines.push('  </Period>');
}

function addSet(lines: string[], it: DashRepresentation, { index, period }: { index: number; period: number }): void {
  const set = { id: index, contentType: it.kind, mimeType: `${it.kind}/mp4`, segmentAlignment: true, startWithSAP: 1 };
  const template = {
    timescale: it.timescale,
    presentationTimeOffset: it.offsetTicks,
    startNumber: it.segments[0]?.number ?? 0,
    initialization: initName('$RepresentationID$', period),
    media: segmentName('$RepresentationID$', '$Number$'),
  };
  const { id, codecs, bandwidthBps: bandwidth, width, height, sampleRate: audioSamplingRate, channels } = it;
  const representation = { id, codecs, bandwidth, width, height, audioSamplingRate };
  lines.push(`    <AdaptationSet${attributesOf(set)}>`, `      <SegmentTemplate${attributesOf(template)}>`);
  lines.push('        <SegmentTimeline>', ...timeline(it).map((entry) => `          <S${attributesOf(entry)}/>`));
  lines.push('        </SegmentTimeline>', '      </SegmentTemplate>');
  if (channels === undefined) {
    lines.push(`      <Representation${attributesOf(representation)}/>`);
  } else {
    const configuration = { schemeIdUri: 'urn:mpeg:dash:23003:3:audio_channel_configuration:2011', value: channels };
    lines.push(`      <Representation${attributesOf(representation)}>`);
    lines.push(`        <AudioChannelConfiguration${attributesOf(configuration)}/>`, '      </Representation>');
  }
  lines.push('    </AdaptationSet>');
}

interface TimelineEntry {
  readonly t: number | undefined;
  readonly d: number;
  r?: number;
}

/** Equal neighbours are one entry (§5.3.9.6): `r` says how many more there are. */
function timeline({ segments }: DashRepresentation): TimelineEntry[] {
  const entries: TimelineEntry[] = [];
  let end: number | undefined;
  for (const { startTicks, durationTicks } of segments) {
    const last = entries.at(-1);
    const follows = startTicks === end;
    if (last !== undefined && follows && last.d === durationTicks) last.r = (last.r ?? 0) + 1;
    else entries.push({ t: follows ? undefined : startTicks, d: durationTicks });
    end = startTicks + durationTicks;
  }
  return entries;
}

type Value = string | number | boolean | undefined;

const attributesOf = (attributes: object): string =>
  Object.entries(attributes as Readonly<Record<string, Value>>)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join('');

const duration = (time: Micros): string => `PT${toSeconds(time).toFixed(3)}S`;
const dateTime = (wall: Micros): string => new Date(toMs(wall)).toISOString();

// What Enhanced RTMP v1 and v2 say in the connect command ("Enhancing NetConnection connect Command").
import { type AmfValue, amfEntries, amfGet, amfNumber, amfObject } from '../../wire/amf0/index.ts';

/** Codecs that format/flv reads and writes, by their FourCC. */
const VIDEO = ['avc1', 'hvc1', 'av01', 'vp08', 'vp09'] as const;
const AUDIO = ['mp4a', '.mp3', 'Opus', 'fLaC', 'ac-3', 'ec-3'] as const;

/** FourCcInfoMask: we decode and encode nothing, but pass on. */
const CAN_FORWARD = 4;
/** CapsExMask: multitrack and ModEx are read; reconnect requests and nanosecond offsets are not. */
const CAPS_EX = 0x02 | 0x04;

const infoMap = (codecs: readonly string[]): AmfValue =>
  amfObject(Object.fromEntries(codecs.map((fourCc) => [fourCc, CAN_FORWARD])));

/** What a client of ours says in its connect. */
export const offer: Readonly<Record<string, AmfValue>> = {
  fourCcList: [...VIDEO, ...AUDIO],
  videoFourCcInfoMap: infoMap(VIDEO),
  audioFourCcInfoMap: infoMap(AUDIO),
  capsEx: CAPS_EX,
};

/** What the server answers to a client's connect object: only properties that the client knows, and only ours of them. */
export function answer(connect: AmfValue): Readonly<Record<string, AmfValue>> {
  const list = amfGet(connect, 'fourCcList');
  const capsEx = amfNumber(connect, 'capsEx');
  return {
    fourCcList: Array.isArray(list) ? common(list) : undefined,
    videoFourCcInfoMap: commonMap(amfGet(connect, 'videoFourCcInfoMap'), VIDEO),
    audioFourCcInfoMap: commonMap(amfGet(connect, 'audioFourCcInfoMap'), AUDIO),
    capsEx: capsEx === undefined ? undefined : capsEx & CAPS_EX,
  };
}

/** `*` stands for all. */
function common(list: readonly AmfValue[]): string[] {
  const ours: readonly string[] = [...VIDEO, ...AUDIO];
  return list.includes('*') ? [...ours] : ours.filter((fourCc) => list.includes(fourCc));
}

function commonMap(map: AmfValue, codecs: readonly string[]): AmfValue {
  const entries = amfEntries(map);
  if (entries === undefined) return undefined;
  return infoMap(entries.has('*') ? codecs : codecs.filter((fourCc) => entries.has(fourCc)));
}

// Codes of FLV. Those of tags are counted and the tag is dropped: one bad frame does not end a good session.
import { defineErrors } from '../../base/errors.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const flvErrors = defineErrors('FLV', {
  HEADER: {
    srs: 3036,
    text: 'the bytes do not begin with an FLV header: {why}',
    advice: 'The input is not FLV, or was joined in the middle.',
  },
  ENCRYPTED: { text: 'tag at byte {offset} is encrypted', advice: 'Adobe Access is not supported.' },
  TAG_SIZE: {
    srs: 3042,
    text: 'a tag of {size} bytes at byte {offset} is above the limit of {limit}',
    advice: 'The file is damaged, or raise limits.messageBytes.',
  },
  CUT: {
    srs: 3084,
    text: 'the input ends within a tag, {left} bytes early',
    advice: 'The recording was cut; everything before is good.',
  },
  BACK_SIZE: {
    text: 'a previous tag size is wrong',
    advice: 'Some writers put 0 there; harmless as long as the tags are good.',
  },
  TAG_TYPE: { text: 'a tag of an unknown type', advice: 'Only audio, video and script data are known.' },
  VIDEO_SHORT: { srs: 3042, text: 'a video tag without a whole header or payload', advice: 'The encoder is damaged.' },
  AUDIO_SHORT: { text: 'an audio tag without a whole header or payload', advice: 'Many encoders send empty ones.' },
  VIDEO_CODEC: { text: 'a video codec that is not supported', advice: 'Use H.264, HEVC, AV1, VP9 or VP8.' },
  AUDIO_CODEC: { text: 'an audio codec that is not supported', advice: 'Use AAC, MP3, Opus, FLAC, AC-3 or G.711.' },
  VIDEO_PACKET: { text: 'an unknown video packet type', advice: 'The encoder uses a newer Enhanced RTMP.' },
  AUDIO_PACKET: { text: 'an unknown audio packet type', advice: 'The encoder uses a newer Enhanced RTMP.' },
  VIDEO_CONFIG: {
    text: 'a video sequence header that is damaged or has no parameter sets',
    advice: 'The last good one stays in use.',
  },
  AUDIO_CONFIG: { text: 'a damaged audio sequence header', advice: 'The last good one stays in use.' },
  NO_CONFIG: {
    text: 'a frame before the sequence header of its track',
    advice: 'The encoder must send the sequence header first.',
  },
  NAL_SIZE: {
    text: 'the sizes of the NAL units do not fill the frame',
    advice: 'The encoder is damaged, or sends start codes instead of sizes.',
  },
  MULTITRACK: { text: 'a damaged multitrack tag, or one without tracks', advice: 'See Enhanced RTMP v2.' },
  TRACKS: { text: 'more tracks than the limit', advice: 'Raise limits.tracks.' },
  SCRIPT: { text: 'script data that does not begin with a name', advice: 'The encoder is damaged.' },
});

/** Called for each tag, or track of a tag, that was dropped, with the code. */
export type OnBad = (code: string) => void;

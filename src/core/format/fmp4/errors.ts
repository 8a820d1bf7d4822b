// Codes of fragmented and plain MP4.
import { defineErrors } from '../../base/errors.ts';

/** All but FMP4_SAMPLES of `finishMp4` are ProtocolErrors. */
export const fmp4Errors = defineErrors('FMP4', {
  BOX_SIZE: { text: 'box {type} at {offset} says {size} bytes, {why}', advice: 'The file is damaged or cut.' },
  BOX_CUT: { text: 'box {type} ends too early', advice: 'The file is damaged or cut.' },
  BOX_COUNT: { text: 'more than {limit} boxes in {type}', advice: 'The file is damaged.' },
  BOX_DEPTH: { text: 'boxes nest deeper than {limit} levels', advice: 'The file is damaged.' },
  BOX_LARGE: { text: 'box {type} of {size} bytes is above the limit of {limit}', advice: 'The file is damaged.' },
  BOX_MISSING: { text: '{type} has no {child}', advice: 'The file is damaged or not complete.' },
  NOT_MP4: { text: 'the first box is {type}: not an MP4 file', advice: 'Give the input its right format.' },
  NO_TRACKS: { text: 'no track has a codec that srsx knows', advice: 'Encode with H.264 or H.265 and AAC.' },
  TRACKS: { text: '{count} tracks are more than the limit of {limit}', advice: 'Raise limits.tracks.' },
  TABLE: { text: 'the sample table of track {id}: {why}', advice: 'The file is damaged.' },
  TIME: { text: 'a time of {ticks} ticks of 1/{timescale} s is out of range', advice: 'The file is damaged.' },
  TIMESCALE: { text: 'track {id} has a time scale of 0', advice: 'The file is damaged.' },
  SAMPLES: { text: '{count} samples are more than the limit of {limit}', advice: 'The file is damaged.' },
  SAMPLE_SIZE: { text: 'a sample of {size} bytes is above the limit of {limit}', advice: 'Raise limits.messageBytes.' },
  TRUN_FIRST: { text: 'a trun without a tfhd before it', advice: 'The file is damaged.' },
  DATA: { text: 'the data at offset {offset} is not inside the mdat: {why}', advice: 'The file is damaged.' },
  MOOV_LAST: {
    text: 'the media data comes before its index',
    advice: 'Read the file from a disk, or move the index first: ffmpeg -movflags +faststart.',
  },
  EPOCHS: {
    text: 'the parameters of the tracks change within the file',
    advice: 'A plain MP4 has one set of parameters for each track; the fragmented file is kept as it is.',
  },
  PLAIN: { text: 'the file is not fragmented', advice: 'It is a plain MP4 already.' },
  CUT: {
    text: 'the input ends in the middle of a box or sample',
    advice: 'The recording was cut; what is whole was read.',
  },
  CONFIG: { text: 'the codec configuration of {codec}: {why}', advice: 'The encoder sent damaged parameters.' },
});

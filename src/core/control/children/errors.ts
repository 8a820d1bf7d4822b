// What is wrong with the programs of a configuration; SRS's numbers.
import { defineErrors } from '../../base/errors.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const childErrors = defineErrors('CHILDREN', {
  PROGRAM: {
    srs: 3032,
    text: 'there is no program {program}, and no ffmpeg in PATH',
    advice: 'Install FFmpeg, or correct the directive ffmpeg.',
  },
  NO_CODEC: { srs: 3015, text: '{title}: vcodec and acodec are both empty', advice: 'Write copy to keep a track.' },
  NO_INPUT: { srs: 3033, text: '{title}: there is no input url', advice: 'Write input { url ...; }.' },
  NO_OUTPUT: { srs: 3016, text: '{title}: there is no output', advice: 'Write output rtmp://127.0.0.1:[port]/...;.' },
  INPUT_TYPE: { srs: 3035, text: '{title}: the input type {type} is neither file nor stream', advice: 'Write file.' },
  NEGATIVE: { srs: 3027, text: '{title}: {directive} is {value}', advice: 'Write a number from 0.' },
  PROFILE: { srs: 3022, text: '{title}: vprofile is missing', advice: 'For instance: vprofile main;.' },
  PRESET: { srs: 3021, text: '{title}: vpreset is missing', advice: 'For instance: vpreset veryfast;.' },
  CHANNELS: { srs: 3017, text: '{title}: achannels is {value}', advice: 'Write 0 (as in the input), 1 or 2.' },
  ACC_BITRATE: { srs: 3019, text: '{title}: abitrate is {value}', advice: 'libaacplus takes 16 to 72 kbps.' },
  LOOP: {
    srs: 3029,
    text: '{title}: its output {output} is its own input',
    advice: 'Give the output another name, for instance [stream]_[engine].',
  },
  LIMIT: { text: '{limit} programs run already', advice: 'Look at the API for what runs, and why it is so much.' },
  OPTION: {
    text: '{title}: the argument {argument} would be read as an option',
    advice: 'The name of the stream begins with a dash; put something in front of it, such as ./ or a URL.',
  },
  FILE: {
    text: '{title}: the output file {file} steps out of its folder',
    advice: 'Use only names of streams in the names of files.',
  },
});

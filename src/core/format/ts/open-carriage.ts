// Which codecs have a place in a transport stream.
import { parseHead } from '../../codec/opus/index.ts';
import { type Track, trackNumber } from '../../media/track.ts';
import { adtsTemplate } from '../adts/header.ts';
import { Ac3Carriage, AdtsCarriage, Mp3Carriage, OpusCarriage } from './audio-carriage.ts';
import type { Carriage } from './carriage.ts';
import { channelCode } from './opus.ts';
import { VideoCarriage } from './video-carriage.ts';
import { streamType } from './wire.ts';

/** The carriage of a track; undefined when its codec has none. Throws the errors of the configuration's parser. */
export function openCarriage(track: Track): Carriage | undefined {
  switch (track.codec) {
    case 'h264':
    case 'h265':
      return new VideoCarriage(track.codec, track.config, trackNumber(track));
    case 'aac': {
      const template = adtsTemplate(track.config);
      return template === undefined ? undefined : new AdtsCarriage(template);
    }
    case 'mp3':
      return new Mp3Carriage();
    case 'ac3':
      return new Ac3Carriage(streamType.ac3, 'AC-3');
    case 'eac3':
      return new Ac3Carriage(streamType.eac3, 'EAC3');
    case 'opus': {
      const code = channelCode(parseHead(track.config));
      return code === undefined ? undefined : new OpusCarriage(code);
    }
    default:
      return undefined;
  }
}

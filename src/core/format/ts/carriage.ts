// How the frames of each codec lie in an elementary stream of a transport stream.
import { SrsxError } from '../../base/errors.ts';
import { parseSyncFrame } from '../../codec/ac3/index.ts';
import { parseHeader } from '../../codec/mp3/index.ts';
import { opusSampleRate, parseHead, parsePacket } from '../../codec/opus/index.ts';
import type { Frame } from '../../media/frame.ts';
import { type Track, trackNumber } from '../../media/track.ts';
import { type AdtsTemplate, adtsTemplate, maxAdtsPayload, setAdtsSize } from '../adts/header.ts';
import { channelCode, controlHeaderBytes, opusDescriptor, writeControlHeader } from './opus.ts';
import type { Packetiser } from './packetise.ts';
import { type Descriptor, registrationOf } from './psi.ts';
import { VideoCarriage } from './video-carriage.ts';
import { streamType, TS_RATE } from './wire.ts';

/** One track on its way out. `measure` comes first for each frame, `put` then writes as many bytes. */
export interface Carriage {
  /** stream_type; it may change with `adapt`. */
  readonly type: number;
  readonly streamId: number;
  readonly descriptors: readonly Descriptor[];
  /** Looks at a frame that is about to be written; true when `type` is another one now. */
  adapt(frame: Frame): boolean;
  /** Bytes of the frame in the elementary stream; -1 when it is damaged. */
  measure(frame: Frame): number;
  put(frame: Frame, into: Packetiser): void;
  /** Ticks of 90 kHz, a fraction included; 0 when unknown. */
  duration(frame: Frame): number;
}

/** Audio streams of one program may share a stream_id: the PID tells them apart. */
const AUDIO = 0xc0;
const PRIVATE_1 = 0xbd;

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

const ticks = (samples: number, rate: number): number => (samples * TS_RATE) / rate;

class AdtsCarriage implements Carriage {
  readonly type = streamType.adts;
  readonly streamId = AUDIO;
  readonly descriptors = [];
  readonly #header: Uint8Array;
  readonly #duration: number;

  constructor({ header, config }: AdtsTemplate) {
    this.#header = header;
    this.#duration = ticks(1024, config.sampleRate);
  }

  adapt(): boolean {
    return false;
  }

  measure({ data }: Frame): number {
    return data.length === 0 || data.length > maxAdtsPayload ? -1 : this.#header.length + data.length;
  }

  put({ data }: Frame, into: Packetiser): void {
    setAdtsSize(this.#header, data.length);
    into.put(this.#header);
    into.put(data);
  }

  duration(): number {
    return this.#duration;
  }
}

class Mp3Carriage implements Carriage {
  /** MPEG-2 audio is what has less than 32 kHz; the track does not say it, its frames do. */
  type: number = streamType.mpeg1Audio;
  readonly streamId = AUDIO;
  readonly descriptors = [];

  adapt({ data }: Frame): boolean {
    const version = (data[1] ?? 0) & 0x18;
    const type = version === 0x18 ? streamType.mpeg1Audio : streamType.mpeg2Audio;
    if (data.length < 4 || type === this.type) return false;
    this.type = type;
    return true;
  }

  measure({ data }: Frame): number {
    return this.duration({ data }) === 0 ? -1 : data.length;
  }

  put({ data }: Frame, into: Packetiser): void {
    into.put(data);
  }

  duration({ data }: Pick<Frame, 'data'>): number {
    return quiet(() => {
      const { samplesPerFrame, sampleRate } = parseHeader(data);
      return ticks(samplesPerFrame, sampleRate);
    });
  }
}

class Ac3Carriage implements Carriage {
  readonly type: number;
  readonly streamId = PRIVATE_1;
  readonly descriptors: readonly Descriptor[];

  constructor(type: number, name: string) {
    this.type = type;
    this.descriptors = [registrationOf(name)];
  }

  adapt(): boolean {
    return false;
  }

  measure({ data }: Frame): number {
    return this.duration({ data }) === 0 ? -1 : data.length;
  }

  put({ data }: Frame, into: Packetiser): void {
    into.put(data);
  }

  duration({ data }: Pick<Frame, 'data'>): number {
    return quiet(() => {
      const { samplesPerFrame, sampleRate } = parseSyncFrame(data);
      return ticks(samplesPerFrame, sampleRate);
    });
  }
}

class OpusCarriage implements Carriage {
  readonly type = streamType.privateData;
  readonly streamId = PRIVATE_1;
  readonly descriptors: readonly Descriptor[];
  /** The largest packet is 61,440 bytes (RFC 6716 §3.2.1, 48 frames of 1275). */
  readonly #header = new Uint8Array(controlHeaderBytes(0xffff));

  constructor(code: number) {
    this.descriptors = [registrationOf('Opus'), opusDescriptor(code)];
  }

  adapt(): boolean {
    return false;
  }

  measure({ data }: Frame): number {
    const valid = data.length <= 0xffff && this.duration({ data }) > 0;
    return valid ? controlHeaderBytes(data.length) + data.length : -1;
  }

  put({ data }: Frame, into: Packetiser): void {
    writeControlHeader(this.#header, data.length);
    into.put(this.#header, 0, controlHeaderBytes(data.length));
    into.put(data);
  }

  duration({ data }: Pick<Frame, 'data'>): number {
    return quiet(() => ticks(parsePacket(data).samples, opusSampleRate));
  }
}

/** The duration of a frame whose header is parsed, 0 when it is damaged: the muxer drops and counts it. */
function quiet(read: () => number): number {
  try {
    return read();
  } catch (error) {
    if (error instanceof SrsxError) return 0;
    throw error;
  }
}

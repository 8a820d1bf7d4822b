// Sound in elementary streams: ADTS, MP3 and AC-3 frames, Opus with its control header.
import { SrsxError } from '../../base/errors.ts';
import { parseSyncFrame } from '../../codec/ac3/index.ts';
import { parseHeader } from '../../codec/mp3/index.ts';
import { opusSampleRate, parsePacket } from '../../codec/opus/index.ts';
import type { Frame } from '../../media/frame.ts';
import { type AdtsTemplate, maxAdtsPayload, setAdtsSize } from '../adts/header.ts';
import type { Carriage } from './carriage.ts';
import { controlHeaderBytes, opusDescriptor, writeControlHeader } from './opus.ts';
import type { Packetiser } from './packetise.ts';
import { type Descriptor, registrationOf } from './psi.ts';
import { streamType, TS_RATE } from './wire.ts';

/** Audio streams of one program may share a stream_id: the PID tells them apart. */
const AUDIO = 0xc0;
const PRIVATE_1 = 0xbd;

const ticks = (samples: number, rate: number): number => (samples * TS_RATE) / rate;

/** AAC: each frame behind an ADTS header. */
export class AdtsCarriage implements Carriage {
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

/** MP3: the frames as they are. */
export class Mp3Carriage implements Carriage {
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

/** AC-3 and E-AC-3: sync frames as they are, named by a registration as ATSC does. */
export class Ac3Carriage implements Carriage {
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

/** Opus: each packet behind a control header. */
export class OpusCarriage implements Carriage {
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

// Sound through FFmpeg as a child. MPEG-TS on its standard input and output carries the time of each frame; G.711, which
// MPEG-TS has no place for, goes in as FLV, whose milliseconds are exact at 8 kHz.
import { SrsxError } from '../../base/errors.ts';
import type { Limits } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import { fromSeconds, type Micros } from '../../base/time.ts';
import { FlvMuxer } from '../../format/flv/index.ts';
import { TsDemuxer, TsMuxer } from '../../format/ts/index.ts';
import type { MediaEvent } from '../../media/demuxer.ts';
import type { Frame } from '../../media/frame.ts';
import type { Muxer } from '../../media/muxer.ts';
import type { Packet } from '../../media/packet.ts';
import type { StreamName } from '../../media/stream-name.ts';
import type { Track } from '../../media/track.ts';
import type { ChildEnd, Children, DialogueChild } from '../children/child.ts';
import type { SoundCodec, SoundTranscoder, TranscoderEvents } from './transcoder.ts';

/** What all transcoders of a server share. */
export interface FfmpegOptions {
  readonly children: Pick<Children, 'converse' | 'find'>;
  readonly log: Log;
  readonly limits: Limits;
  /** A path, or a name that is looked for in PATH. */
  readonly program: string;
  /** Of sound in this codec for a stream (SRS: opus_bitrate and aac_bitrate). */
  readonly bitrateBps: (to: SoundCodec, name: StreamName) => number;
}

/** Media time 0 on the wire: `TsMuxer` begins there, so that what comes earlier is not negative. */
const WIRE_LEAD: Micros = fromSeconds(1);
/** FFmpeg begins when it has read so much; more is delay at the start, less and it does not know the codec. */
const PROBE_BYTES = 1500;

/** One program for one track. */
export class FfmpegTranscoder implements SoundTranscoder {
  readonly #options: FfmpegOptions;
  readonly #to: Track;
  readonly #events: TranscoderEvents;
  readonly #child: DialogueChild;
  readonly #muxer: Muxer;
  readonly #demuxer: TsDemuxer;
  /** Where media time 0 is on the wire. */
  readonly #lead: Micros;
  /** Time of the first frame, which is 0 for the program. */
  #start: Micros | undefined;
  #full = false;
  #closed = false;
  #lastLine = '';
  /** Frames that the program had no room for. */
  dropped = 0;

  constructor(options: FfmpegOptions, from: Track, to: Track, bitrateBps: number, events: TranscoderEvents) {
    this.#options = options;
    this.#to = to;
    this.#events = events;
    const input = from.codec === 'pcma' || from.codec === 'pcmu' ? 'flv' : 'mpegts';
    this.#muxer = input === 'flv' ? new FlvMuxer() : new TsMuxer({ audioSpan: 0, log: options.log });
    this.#lead = input === 'flv' ? 0 : WIRE_LEAD;
    const header = this.#muxer.header([from]);
    this.#demuxer = new TsDemuxer(options.limits);
    this.#child = options.children.converse(
      { program: options.program, args: argumentsFor(input, to, bitrateBps) },
      { line: (text) => this.#line(text), ended: (end) => this.#ended(end) },
    );
    const { stdin, stdout } = this.#child;
    stdin.onDrain = () => {
      this.#full = false;
    };
    stdout.onData = (bytes) => this.#read(bytes);
    this.#send(header);
  }

  write(frame: Frame): void {
    if (this.#closed) return;
    if (this.#full) {
      this.dropped++;
      return;
    }
    this.#start ??= frame.dts;
    const dts = frame.dts - this.#start;
    // Sound from before the beginning, after a repair of the time line, is nothing that the wire can say.
    if (dts < -this.#lead) return;
    this.#send(this.#muxer.write({ ...frame, dts }));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#child.stdin.close();
    this.#child.stop();
  }

  #send(packets: readonly Packet[]): void {
    const chunks = packets.flatMap((packet) => packet.chunks);
    if (chunks.length > 0) this.#full = !this.#child.stdin.send(chunks);
  }

  #read(bytes: Uint8Array): void {
    if (this.#closed) return;
    try {
      for (const event of this.#demuxer.push(bytes)) this.#take(event);
    } catch (error) {
      if (!(error instanceof SrsxError)) throw error;
      this.#fail(error.message);
    }
  }

  #take(event: MediaEvent): void {
    if (event.type !== 'frame' || this.#start === undefined || event.frame.track.codec !== this.#to.codec) return;
    const { dts, data } = event.frame;
    this.#events.frame({ track: this.#to, dts: dts - this.#lead + this.#start, cts: 0, key: true, data });
  }

  #line(text: string): void {
    this.#lastLine = text;
    this.#options.log.debug('sound', () => text);
  }

  #ended({ code, signal, error }: ChildEnd): void {
    const how = error?.message ?? `${this.#options.program} ended with ${signal ?? `code ${code}`}`;
    this.#fail(this.#lastLine === '' ? how : `${how}: ${this.#lastLine}`);
  }

  #fail(why: string): void {
    if (this.#closed) return;
    this.close();
    this.#events.failed(why);
  }
}

/** Nothing is buffered on either side, and no time is changed. */
function argumentsFor(from: 'mpegts' | 'flv', to: Track, bitrateBps: number): string[] {
  const input = ['-fflags', 'nobuffer', '-probesize', String(PROBE_BYTES), '-analyzeduration', '1', '-copyts'];
  const opus = ['-c:a', 'libopus', '-application', 'lowdelay', '-frame_duration', '20'];
  const codec = to.codec === 'opus' ? opus : ['-c:a', 'aac'];
  const format = [
    '-flush_packets',
    '1',
    '-muxdelay',
    '0',
    '-muxpreload',
    '0',
    '-pes_payload_size',
    '0',
    '-f',
    'mpegts',
  ];
  return [
    ...['-hide_banner', '-nostdin', '-loglevel', 'warning', '-threads', '1'],
    ...[...input, '-f', from, '-i', 'pipe:0', '-vn', '-map', '0:a:0'],
    ...[...codec, '-b:a', String(bitrateBps), '-ar', '48000', '-ac', '2', '-threads', '1'],
    ...[...format, 'pipe:1'],
  ];
}

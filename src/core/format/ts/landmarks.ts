// Where a transport stream can be joined, seen from its packets alone: for those who pass one through.
import { ProtocolError } from '../../base/errors.ts';
import { readPat, readPmt, tableId } from './psi.ts';
import { type Adaptation, PACKET_BYTES, pidOf, readAdaptation, streamType } from './wire.ts';

/** What a packet is to someone who joins. */
export type Landmark = 'pat' | 'pmt' | 'access' | 'other';

const PAT_PID = 0;
const NO_PID = -1;
/** H.264, HEVC, and MPEG-1, -2 and -4 pictures, AVS2 and VVC (ISO 13818-1 table 2-34). */
const pictures = new Set<number>([streamType.h264, streamType.h265, 0x01, 0x02, 0x10, 0x33, 0xd2]);

/**
 * Follows the first program. Its tables are read when they fit into one packet, as those of one program do; a packet
 * with random_access_indicator is an access point when it is of the picture, or of anything while no picture is known.
 */
export class Landmarks {
  readonly #adaptation: Adaptation = { payload: 0, discontinuity: false, randomAccess: false, pcr: -1 };
  #pmtPid = NO_PID;
  #videoPid = NO_PID;

  /** The packet at `at`, which begins with its sync byte. */
  look(bytes: Uint8Array, at: number): Landmark {
    const pid = pidOf(bytes, at);
    if (pid === PAT_PID) {
      this.#read(bytes, at, tableId.pat);
      return 'pat';
    }
    if (pid === this.#pmtPid) {
      this.#read(bytes, at, tableId.pmt);
      return 'pmt';
    }
    if (this.#videoPid !== NO_PID && pid !== this.#videoPid) return 'other';
    return readAdaptation(bytes, at, this.#adaptation).randomAccess ? 'access' : 'other';
  }

  #read(bytes: Uint8Array, at: number, table: number): void {
    const section = wholeSection(bytes, at, this.#adaptation);
    if (section === undefined || section[0] !== table) return;
    try {
      if (table === tableId.pat) this.#pmtPid = readPat(section).find(({ program }) => program !== 0)?.pid ?? NO_PID;
      else this.#videoPid = readPmt(section).streams.find(({ type }) => pictures.has(type))?.pid ?? NO_PID;
    } catch (error) {
      // A damaged table: the last good one counts.
      if (!(error instanceof ProtocolError)) throw error;
    }
  }
}

/** The section of a packet that begins and ends in it (§2.4.4.1); undefined when there is none. */
function wholeSection(bytes: Uint8Array, at: number, into: Adaptation): Uint8Array | undefined {
  const starts = ((bytes[at + 1] as number) & 0x40) !== 0;
  const { payload } = readAdaptation(bytes, at, into);
  if (!starts || payload < 0 || payload >= PACKET_BYTES) return undefined;
  const begin = payload + 1 + (bytes[at + payload] as number);
  if (begin + 12 > PACKET_BYTES) return undefined;
  const length = (((bytes[at + begin + 1] as number) & 0x0f) << 8) | (bytes[at + begin + 2] as number);
  const end = begin + 3 + length;
  return end > PACKET_BYTES || length < 9 ? undefined : bytes.subarray(at + begin, at + end);
}

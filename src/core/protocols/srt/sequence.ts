// Numbers that wrap on the wire: sequence numbers of 31 bits, time stamps of 32. Inside they only grow.
import type { Micros } from '../../base/time.ts';

const SEQUENCE_MASK = 0x7fffffff;

/** The wire's form of a growing sequence number. */
export const toSequence = (absolute: number): number => absolute & SEQUENCE_MASK;

/** The growing number that a sequence number of the wire means, the one nearest to `reference`. */
export const unwrapSequence = (wire: number, reference: number): number =>
  // Shifted up and down, the difference of 31 bits gets its sign.
  reference + (((wire - (reference & SEQUENCE_MASK)) << 1) >> 1);

/** The wire's form of a time since the start of a connection, in microseconds. */
export const toTimestamp = (time: Micros): number => time >>> 0;

/** The growing time that a time stamp of the wire means, the one nearest to `reference`. */
export const unwrapTimestamp = (wire: number, reference: Micros): Micros =>
  reference + ((wire - (reference >>> 0)) | 0);

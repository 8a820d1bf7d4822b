// Where packets of a batch are built.
import { sharedLanes } from './lanes.ts';

/** For a batch of long packets. */
const BATCH_BYTES = 64 * 1024;
let plain: Uint8Array | undefined;

/** Memory in which protecting a batch is the cheapest; of all sessions together, since none leaves a batch open. */
export const batchMemory = (): Uint8Array =>
  sharedLanes()?.batch ?? (plain ??= new Uint8Array(new ArrayBuffer(BATCH_BYTES)));

// AC-3 and E-AC-3 (ETSI TS 102 366), which have no configuration record here: every frame says all.
export { type Ac3Header, parseSyncFrame } from './sync-frame.ts';

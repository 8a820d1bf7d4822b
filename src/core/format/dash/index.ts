// The door of the DASH folder: the store of a live stream's segments, and the MPD out of it.
export {
  type DashManifest,
  type DashPeriod,
  type DashRepresentation,
  type DashSegment,
  initName,
  segmentName,
  withoutMissing,
} from './manifest.ts';
export { ownFiles } from './own-files.ts';
export { type DashChange, type DashFile, type DashLimits, DashStore } from './store.ts';
export { writeMpd } from './write.ts';

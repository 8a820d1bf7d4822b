// The containers by name, for protocols that do not care which one it is.
export { Intake } from './intake.ts';
export { type Container, carriesNone, containers } from './table.ts';
export { type ContainerDemuxer, type TallyOptions, tallied } from './tally.ts';

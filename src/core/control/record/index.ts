// The door of recordings.
export { recordErrors } from './errors.ts';
export { fileKind, knownEndings } from './file-kind.ts';
export { placeOf } from './place.ts';
export type { RecordedFile, RecordWatcher } from './recorded-file.ts';
export { type RecordCounts, Recorder, type RecorderOptions, type RecordRules } from './recorder.ts';
export type { DoneFile } from './recording-file.ts';
export { type RecordHost, RecordServer, type RecordServerOptions, type RecordState } from './server.ts';
export { RecordShare } from './share.ts';

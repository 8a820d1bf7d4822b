// What a camera that publishes is for the control layer.
import type { CastKind, CastSession } from '../../control/cast-session.ts';
import { psDemuxer } from '../../format/ps/index.ts';
import { errors } from './errors.ts';

type PsContainer = ReturnType<typeof psDemuxer>;

/** One camera that publishes. */
export type CameraSession = CastSession<PsContainer>;

/** Program streams; what is none for 1 MiB throws PS_SYNC. */
export const cameraKind: CastKind<PsContainer> = {
  topic: 'gb28181',
  demuxer: psDemuxer,
  silent: (seconds) => errors.protocol('SILENT', { seconds }),
  noMedia: (seconds) => errors.protocol('NO_MEDIA', { seconds }),
};

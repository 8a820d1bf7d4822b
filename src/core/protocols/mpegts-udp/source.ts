// What a sender of datagrams is for the control layer.
import type { CastKind } from '../../control/cast-session.ts';
import { type ContainerDemuxer, containers } from '../../format/container/index.ts';
import { errors } from './errors.ts';

/** Transport streams; what is none for 1 MiB throws TS_SYNC. A sender never says that it ends. */
export const datagramsKind: CastKind<ContainerDemuxer> = {
  topic: 'mpegts-udp',
  demuxer: containers.ts.demuxer,
  silent: (seconds) => errors.protocol('SILENT', { seconds }),
  noMedia: (seconds) => errors.protocol('NO_MEDIA', { seconds }),
  endsInOrder: ({ code }) => code === 'UDP_SILENT',
};

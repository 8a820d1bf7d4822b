// What can go wrong between servers of a cluster; SRS's numbers.
import { defineErrors } from '../../base/errors.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const clusterErrors = defineErrors('CLUSTER', {
  ORIGIN: {
    srs: 2020,
    text: 'the vhost {vhost} is an edge and has no origin that can be used',
    advice: 'Write cluster { mode remote; origin host:port; } into the vhost.',
  },
  LOOP: {
    srs: 2020,
    text: 'the origin {origin} is this server itself',
    advice: 'An edge names other servers as its origins.',
  },
  SILENT: {
    srs: 1011,
    text: 'the origin sent no media for {seconds} s',
    advice: 'Nobody publishes the stream there, or the origin hangs.',
  },
  ENDED: { text: 'the origin ended the stream', advice: 'It is asked again as long as somebody plays.' },
  LATE: { srs: 2020, text: '{stream} did not come from the origin within {seconds} s', advice: 'Try again later.' },
  TOKEN: {
    srs: 2020,
    text: 'the origin does not let this player in: {why}',
    advice: 'token_traverse of the edge asks the origin first.',
  },
  PUBLISH: {
    srs: 2021,
    text: 'the origin does not take {stream}: {why}',
    advice: 'Look at the log of the origin: the edge passes on what it says.',
  },
  MOVED: { srs: 2997, text: '{stream} is published at {place}', advice: 'The client is sent there.' },
  NOWHERE: {
    srs: 2048,
    text: 'no server of the origin cluster has {stream}',
    advice: 'Start the publisher, or complete the list of coworkers.',
  },
});

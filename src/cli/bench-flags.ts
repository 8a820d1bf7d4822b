// What `bench play` and `bench publish` share.
import { Args, Flags } from '@oclif/core';
import { durationFlag } from './flags.ts';

const metrics =
  'Metrics: first-frame, connect, late and bitrate with .min .avg .p50 .p95 .p99 .max; connected, served, failed, ended, stalled, stalls, gaps, reconnects, dropped and frames; counts of clients also in %.';

/** The flags of both. */
export const benchFlags = {
  clients: Flags.integer({ char: 'n', summary: 'How many at once.', default: 10, min: 1, max: 20_000 }),
  ramp: Flags.integer({ summary: 'Clients that start in each second.', default: 100, min: 1, max: 20_000 }),
  duration: durationFlag({ char: 'd', summary: 'How long after the start of the last client; default 10s.' }),
  'fail-if': Flags.string({
    summary: 'Exit with 99 when this holds at the end; may be given several times.',
    description: metrics,
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'CONDITION',
  }),
  reconnect: Flags.boolean({ summary: 'Connect again when the server ends a client.' }),
  insecure: Flags.boolean({ summary: 'Do not check TLS certificates.' }),
};

/** The argument of both. */
export const benchArgs = {
  url: Args.string({
    description: 'What is played, or published; %d becomes the number of the client, from 0.',
    required: true,
    ignoreStdin: true,
  }),
};

// `ingest` blocks of a configuration without FFmpeg: the ingest engine, for the programs of a server.
import type { Feeder } from '../control/children/workshop.ts';
import { hideSecrets } from '../control/hide-secrets.ts';
import type { Protocol, ToolHost } from '../control/host.ts';
import { resolveSource } from './endpoint.ts';
import { type IngestProgress, ingest } from './ingest.ts';

/** Endings of the files that srsx reads without FFmpeg. */
const READABLE = /\.(flv|mp4|m4v|m4a|mov|ts|aac|mp3)$/i;

/** The feeder of a server; what ends for good is in the log and in `describe`. */
export function createFeeder(host: ToolHost, protocols: readonly Protocol[]): Feeder {
  return {
    reads: (input) => {
      try {
        const { file } = resolveSource(input, protocols);
        return !file || READABLE.test(input);
      } catch {
        return false;
      }
    },
    feed: (input, output, title) => {
      const stop = new AbortController();
      const { log } = host;
      let last: IngestProgress | undefined;
      let fault: string | null = null;
      const options = { sources: [input], to: output, signal: stop.signal, loop: true };
      ingest(host, protocols, options, (progress) => {
        if (progress.lastError !== (last?.lastError ?? null)) {
          log.warn('children', 'the input broke, will be read again', { title, error: progress.lastError });
        }
        last = progress;
      }).catch((error: unknown) => {
        fault = error instanceof Error ? error.message : String(error);
        log.error('children', `ingest ${title}: ${fault}`);
      });
      return {
        stop: () => stop.abort(),
        describe: () => ({
          title,
          state: fault === null ? (last?.state ?? 'connecting') : 'failed',
          via: last?.via ?? 'native',
          pid: null,
          seconds: Math.round((last?.elapsedMs ?? 0) / 1000),
          restarts: (last?.restarts ?? 0) + (last?.reconnects ?? 0),
          last_error: fault ?? last?.lastError ?? null,
          input: hideSecrets(input),
          output: hideSecrets(output),
          stderr: (last?.stderr ?? []).map(hideSecrets),
        }),
      };
    },
  };
}

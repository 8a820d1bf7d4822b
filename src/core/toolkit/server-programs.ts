// What a server does with its streams beyond serving them: ingest, transcode, exec and forward, with what they need.
import { BugError } from '../base/errors.ts';
import type { Closer } from '../base/link.ts';
import { Programs } from '../control/children/programs.ts';
import { Forwarder } from '../control/forward/forwarder.ts';
import type { Push } from '../control/forward/line.ts';
import { type Host, type Protocol, protocolFor, type ToolHost } from '../control/host.ts';
import { createFeeder } from './feeder.ts';

/** The programs and forwards of a running server. */
export interface ServerPrograms extends Closer {
  /** Starts the inputs; called when the server listens. */
  start(): void;
  /** Ends the inputs: the server is about to quit. */
  stopInputs(): void;
  /** What runs: for the API. */
  describe(): Readonly<Record<'programs' | 'forwards', readonly Record<string, unknown>[]>>;
}

/** @param ports where the server listens for RTMP; the first one is for its own programs. */
export function serverPrograms(
  host: Host & ToolHost,
  protocols: readonly Protocol[],
  ports: () => readonly number[],
): ServerPrograms {
  const push: Push = (stream, url, options) => {
    const protocol = protocolFor(url, protocols);
    if (protocol?.push === undefined)
      throw new BugError({ code: 'BUG_PUSH', text: `${url.protocol} cannot be pushed` });
    return protocol.push(host, stream, url, options);
  };
  const feeder = createFeeder(host, protocols);
  const programs = new Programs({ ...host, feeder, port: () => ports()[0] ?? 0 });
  const forwarder = new Forwarder({ ...host, push, ports });
  return {
    start: () => programs.start(),
    stopInputs: () => programs.stopInputs(),
    describe: () => ({ programs: programs.describe(), forwards: forwarder.describe() }),
    close: () => {
      programs.close();
      forwarder.close();
    },
  };
}

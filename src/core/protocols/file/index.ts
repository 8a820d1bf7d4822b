// Files and standard input and output. Other folders import only this file.
import type { ClientHost, PullOptions } from '../../control/host.ts';
import type { MediaSink } from '../../media/sink.ts';
import { fileProtocol, pullBytes as pullFormats } from './protocol.ts';
import { fileFormats } from './table.ts';

export { fileErrors } from './errors.ts';
export { fileUrl, STDIO } from './path.ts';

/** Reads and writes `file:` URLs; `fileUrl` makes them of paths and `-`. */
export const file = fileProtocol(fileFormats);

/** Reads a container that is in memory, such as a sample that came with the program. */
export const pullBytes = (
  host: Pick<ClientHost, 'log' | 'limits' | 'clock'>,
  bytes: Uint8Array,
  to: MediaSink,
  options: Pick<PullOptions, 'signal' | 'ready' | 'onBytes'>,
): Promise<void> => pullFormats(host, bytes, to, { ...options, formats: fileFormats });

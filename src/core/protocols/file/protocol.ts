// Files and standard input and output as a protocol: pull reads a container, push writes one.
import type { ClientHost, Protocol, PullOptions } from '../../control/host.ts';
import type { MediaSink } from '../../media/sink.ts';
import { fileErrors } from './errors.ts';
import { type FileFormat, formatByName, knownFormats } from './formats.ts';
import { MemoryLink } from './memory.ts';
import { extensionOf, filePath, STDIO } from './path.ts';
import { readMedia } from './read.ts';
import { writeMedia } from './write.ts';

/** The file protocol over a table of containers; the first one is what standard output gets unless asked otherwise. */
export function fileProtocol(formats: readonly FileFormat[]): Protocol<Record<string, never>> {
  return {
    name: 'file',
    schemes: ['file'],
    defaults: {},
    errors: fileErrors,

    async pull(host, from, to, options) {
      const path = filePath(from);
      const link = await host.net.openFile(path);
      const { log, limits, clock } = host;
      await readMedia(link, to, { ...options, log, limits, clock, formats, path });
    },

    async push(host, stream, to, options) {
      const path = filePath(to);
      const format = outputFormat(formats, to, path);
      const link = await host.net.createFile(path);
      const { log, clock } = host;
      await writeMedia(stream, format, link, { ...options, log, clock, path });
    },
  };
}

/** Reads a container that is in memory, such as a sample that came with the program. */
export async function pullBytes(
  host: Pick<ClientHost, 'log' | 'limits' | 'clock'>,
  bytes: Uint8Array,
  to: MediaSink,
  options: Pick<PullOptions, 'signal' | 'ready' | 'onBytes' | 'onContainer'> & {
    readonly formats: readonly FileFormat[];
  },
): Promise<void> {
  const { log, limits, clock } = host;
  await readMedia(new MemoryLink(bytes), to, { ...options, log, limits, clock, path: 'memory' });
}

/** The container to write: named in the query (`?format=flv`), or by the ending; standard output has a default. */
function outputFormat(formats: readonly FileFormat[], url: URL, path: string): FileFormat {
  const named = url.searchParams.get('format');
  const wanted = named ?? (path === STDIO ? formats[0]?.name : extensionOf(path)) ?? '';
  const format = formatByName(formats, wanted.toLowerCase());
  if (format === undefined) throw fileErrors.config('FORMAT', { path, known: knownFormats(formats) });
  return format;
}

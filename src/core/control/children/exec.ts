// `exec` blocks: programs that run as long as somebody publishes a stream.
import { type StreamName, streamUrl } from '../../media/stream-name.ts';
import type { PublisherWords } from '../publisher.ts';
import { localUrl } from '../rtmp-name.ts';
import type { ChildCommand } from './child.ts';
import type { Job } from './crew.ts';
import { childErrors } from './errors.ts';
import { fillWords, type WordValues } from './words.ts';
import { PROGRAM_BUDGET, type Workshop } from './workshop.ts';

/** The jobs of a published stream, in the order of writing. */
export function execJobs(workshop: Workshop, name: StreamName, publisher: PublisherWords): Job[] {
  const vhost = workshop.settings.vhost(name.vhost);
  if (!vhost.get('vhost.exec.enabled')) return [];
  const { tcUrl, swfUrl, pageUrl } = publisher;
  return vhost
    .get('vhost.exec.publish')
    .filter((words) => words.length > 0)
    .map((words): Job => {
      const title = `${streamUrl(name)} ${words[0]}`;
      return {
        key: JSON.stringify(['exec', name, words]),
        kind: 'exec',
        title,
        start: () => {
          const values: WordValues = {
            name,
            wall: workshop.clock.wall(),
            utc: workshop.settings.root.get('utc_time'),
            more: { port: String(workshop.port), url: localUrl(name, workshop.port), tcUrl, swfUrl, pageUrl },
          };
          return workshop.keep(title, execCommand(words, values, title), PROGRAM_BUDGET);
        },
      };
    });
}

/** `1>file`, `>file`, `2>file`. */
const REDIRECT = /^([12]?)>(.+)$/;

/**
 * The command of a `publish` directive. There is no shell, so a name stays what it is; what remains is that a program
 * reads a word as an option, or that a file gets a path from outside. Throws CHILDREN_OPTION, CHILDREN_FILE.
 */
export function execCommand(words: readonly string[], values: WordValues, title: string): ChildCommand {
  const files: { stdoutFile?: string; stderrFile?: string } = {};
  const args: string[] = [];
  for (const word of words) {
    const [, stream, template] = REDIRECT.exec(word) ?? [];
    if (template === undefined) {
      args.push(checkedArgument(word, fillWords(word, values), title));
      continue;
    }
    const file = checkedFile(template, fillWords(template, values), title);
    if (stream === '2') files.stderrFile = file;
    else files.stdoutFile = file;
  }
  const [program = '', ...rest] = args;
  return { program, args: rest, ...files };
}

function checkedArgument(template: string, argument: string, title: string): string {
  const cleaned = argument.replaceAll('\0', '');
  if (cleaned.startsWith('-') && !template.startsWith('-')) {
    throw childErrors.refused('OPTION', { title, argument: cleaned.slice(0, 200) });
  }
  return cleaned;
}

function checkedFile(template: string, file: string, title: string): string {
  const steps = (path: string): number => path.split('/').filter((level) => level === '..').length;
  // A URL of a peer may hold anything; names of streams were checked by the admission.
  if (steps(file) > steps(template) || (file.startsWith('/') && !template.startsWith('/')) || file.includes('\0')) {
    throw childErrors.refused('FILE', { title, file: file.slice(0, 200) });
  }
  return file;
}

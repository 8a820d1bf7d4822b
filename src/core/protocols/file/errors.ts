// Codes of the file protocol, and what the machine's own codes mean for the user of a file.
import { defineErrors, SrsxError, type SystemError } from '../../base/errors.ts';

export const fileErrors = defineErrors('FILE', {
  MISSING: { text: '{path} does not exist', advice: 'Check the spelling and the directory the command runs in.' },
  DIRECTORY: { text: '{path} is a directory', advice: 'Name a file in it.' },
  DENIED: { text: '{path} may not be opened', advice: 'Check the permissions of the file and its directory.' },
  READ: { text: '{path} cannot be read: {why}', advice: 'Check the disk, or where standard input comes from.' },
  WRITE: { text: '{path} cannot be written: {why}', advice: 'Check the free space and the permissions.' },
  EMPTY: { text: '{path} is empty', advice: 'Whoever wrote it failed; for `-`, nothing came on standard input.' },
  CONTENT: {
    text: '{path} is not a media file that srsx reads (it begins with {head})',
    advice: 'Known containers: {known}. Convert it first, for instance: ffmpeg -i FILE -c copy out.flv',
  },
  FORMAT: {
    text: 'no container is known for {path}',
    advice: 'Use one of these endings: {known}. For standard output, add ?format= to a file: URL.',
  },
});

type OpenFault = 'MISSING' | 'DIRECTORY' | 'DENIED';

const byErrno: Readonly<Record<string, OpenFault>> = {
  ENOENT: 'MISSING',
  ENOTDIR: 'MISSING',
  EISDIR: 'DIRECTORY',
  EACCES: 'DENIED',
  EPERM: 'DENIED',
  EROFS: 'DENIED',
};

/** The error of the machine in the words of a file's user; `otherwise` names what was being done. */
export function fileFault(path: string, error: unknown, otherwise: 'READ' | 'WRITE'): SrsxError {
  const fault = byErrno[errnoOf(error) ?? ''];
  if (fault !== undefined) return fileErrors.system(fault, { path }, error);
  if (error instanceof SrsxError && error.code.startsWith('FILE_')) return error;
  const why = error instanceof Error ? error.message : String(error);
  return fileErrors.system(otherwise, { path, why }, error) satisfies SystemError;
}

/** Node's `code` somewhere in the chain of causes. */
function errnoOf(error: unknown): string | undefined {
  let step = error;
  for (let depth = 0; depth < 5 && step instanceof Error; depth++) {
    if ('code' in step && typeof step.code === 'string' && step.code in byErrno) return step.code;
    step = step.cause;
  }
  return undefined;
}

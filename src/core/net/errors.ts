// What the machine and the network refuse, with advice; Node's error codes are translated here and nowhere else.
import { type Details, defineErrors, SrsxError, type SystemError } from '../base/errors.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const netErrors = defineErrors('NET', {
  ADDRESS_IN_USE: {
    srs: 1002,
    text: '{at} is already in use',
    advice: 'Stop the other program or choose another port.',
  },
  ADDRESS_ABSENT: {
    srs: 1002,
    text: '{at} is not an address of this machine',
    advice: 'Listen on 0.0.0.0, :: or an own address.',
  },
  ACCESS: { srs: 1002, text: '{at} may not be used', advice: 'Ports below 1024 need root or CAP_NET_BIND_SERVICE.' },
  REFUSED: { srs: 1012, text: 'nobody listens at {at}', advice: 'Start the server there, or correct host and port.' },
  TIMEOUT: {
    srs: 1011,
    text: '{at} did not answer in time',
    advice: 'Look for a firewall in between, or a server that hangs.',
  },
  DNS: { srs: 1066, text: 'the name {at} is not known', advice: 'Correct the host name or the DNS settings.' },
  UNREACHABLE: { srs: 1012, text: 'no route to {at}', advice: 'Look at the network and its routes.' },
  RESET: { srs: 1004, text: '{at} broke the connection off', advice: 'The log of the other end may say why.' },
  TLS: {
    srs: 4042,
    text: 'no TLS with {at}: {why}',
    advice: 'Renew the certificate, correct the host name, or allow it as insecure.',
  },
  TLS_FILES: {
    srs: 4045,
    text: 'certificate {cert} and key {key} cannot be used: {why}',
    advice: 'Give PEM files that belong together.',
  },
  ABORTED: { text: '{at} was given up', advice: 'The caller ended it.' },
  HTTP: { srs: 3008, text: '{at} does not speak HTTP: {why}', advice: 'Correct the URL.' },
  REDIRECTS: { srs: 4038, text: '{at} redirects {why}', advice: 'Use the final URL.' },
  UPGRADE: {
    text: '{at} refused the WebSocket with status {status}',
    advice: 'Correct the URL, or the server has no WebSocket.',
  },
  FILES_OPEN: { srs: 1000, text: 'no more open files for {at}', advice: 'Raise ulimit -n (LimitNOFILE).' },
  NO_FILE: { srs: 1064, text: 'there is no {at}', advice: 'Correct the path; directories are not made.' },
  FILE_ACCESS: { srs: 1042, text: '{at} may not be opened', advice: 'Correct the permissions or the user.' },
  DISK_FULL: { srs: 1045, text: 'no space left for {at}', advice: 'Free the disk or raise the quota.' },
  NOT_A_FILE: { srs: 1042, text: '{at} is a directory', advice: 'Name a file in it.' },
  OUTSIDE: {
    srs: 1042,
    text: '{at} would be outside of {root}',
    advice: 'Take .., absolute paths and symbolic links out of the template.',
  },
  PROGRAM: {
    srs: 3028,
    text: 'the program {at} cannot be started: {why}',
    advice: 'Install it, or correct its path in the configuration.',
  },
  FAILED: { text: '{at}: {why}', advice: 'The message is that of the operating system.' },
});

type Name = keyof typeof netErrors.entries;

const names: Readonly<Record<string, Name>> = {
  EADDRINUSE: 'ADDRESS_IN_USE',
  EADDRNOTAVAIL: 'ADDRESS_ABSENT',
  ECONNREFUSED: 'REFUSED',
  ETIMEDOUT: 'TIMEOUT',
  ENOTFOUND: 'DNS',
  EAI_AGAIN: 'DNS',
  EHOSTUNREACH: 'UNREACHABLE',
  ENETUNREACH: 'UNREACHABLE',
  ECONNRESET: 'RESET',
  EPIPE: 'RESET',
  ECONNABORTED: 'RESET',
  EMFILE: 'FILES_OPEN',
  ENFILE: 'FILES_OPEN',
  ENOENT: 'NO_FILE',
  ENOTDIR: 'NO_FILE',
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
  EISDIR: 'NOT_A_FILE',
  ABORT_ERR: 'ABORTED',
};

/** Node's error as ours. @param at the address, URL or path that it is about. */
export function netError(
  error: unknown,
  at: string,
  access: 'ACCESS' | 'FILE_ACCESS' = 'ACCESS',
): SystemError | SrsxError {
  if (error instanceof SrsxError) return error;
  // A name with several addresses fails with all their errors; the first says as much as any.
  const first: unknown = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  const code = codeOf(first);
  const why = first instanceof Error ? first.message : String(first);
  const details: Details = { at, why };
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return netErrors.system(access, details, error);
  const name = names[code];
  if (name !== undefined) return netErrors.system(name, details, error);
  if (code.startsWith('HPE_')) return netErrors.system('HTTP', details, error);
  if (isTls(code)) return netErrors.system('TLS', details, error);
  return netErrors.system('FAILED', details, error);
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** OpenSSL's reasons have no common prefix: these are those of certificates and of the handshake. */
const isTls = (code: string): boolean =>
  /^ERR_(TLS|SSL|OSSL)|CERT|^UNABLE_TO_|SELF_SIGNED|SIGNATURE|^HOSTNAME_MISMATCH$|^EPROTO$/.test(code);

/** Whether the peer simply left: no error for a link. */
export const isDeparture = (error: unknown): boolean => {
  const code = codeOf(error);
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE';
};

// Codes of the configuration. SRS calls all of them 1023.
import { defineErrors } from '../../base/errors.ts';

const srs = 1023;
const see = 'docs/config.md lists every directive.';

/** Everything that a configuration can be refused for; details name file, line and directive where there is one. */
export const configErrors = defineErrors('CONFIG', {
  TOKEN: { srs, text: '{file}:{line}: {why}', advice: 'A statement is NAME ARGUMENT...; or NAME ARGUMENT... { ... }.' },
  LINE_END: {
    srs,
    text: '{file}:{line}: the line ends before ; or {, behind "{directive}"',
    advice: 'A statement stands on one line; put the missing ; or { at its end.',
  },
  BRACE: { srs, text: '{file}:{line}: {why}', advice: 'Each { needs one }, in the same file.' },
  INCLUDE: {
    srs,
    text: '{file}:{line}: include: {why}',
    advice: 'Paths are relative to the working directory, not to the file; there is no globbing.',
  },
  SIZE: { srs, text: '{file}:{line}: {why}', advice: 'Is this a configuration file?' },
  READ: { srs, text: '{file}: {why}', advice: 'Name another file with -c, or use -e for the environment alone.' },
  EMPTY: { srs, text: '{file}: the configuration is empty', advice: 'Name a file with directives, or use -e.' },
  UNKNOWN: { srs, text: '{file}:{line}: "{directive}" is not a directive of {block}', advice: `{nearest}${see}` },
  VALUE: { srs, text: '{file}:{line}: {directive}: {why}', advice: see },
  CONFLICT: { srs, text: '{file}:{line}: {directive}: {why}', advice: 'Change one of the two.' },
  MACHINE: { srs, text: '{file}:{line}: {directive}: {why}', advice: 'This machine does not allow it.' },
  SHARED_PORT: {
    srs,
    text: '{file}: http_api and http_server both listen on port {port}',
    advice: 'Give both the same list of addresses, or http_api other ports.',
  },
  ASK: { srs, text: '"{directive}" is not a directive', advice: `{nearest}${see}` },
});

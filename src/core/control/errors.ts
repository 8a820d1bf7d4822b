// Codes of the engine itself.
import { defineErrors } from '../base/errors.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const engineErrors = defineErrors('ENGINE', {
  ADDRESS: {
    text: '{text} is not an address to listen at',
    advice: 'Write a port (1935), or host:port (127.0.0.1:1935, [::1]:1935).',
  },
  DEMO: { text: 'the demo stream needs an RTMP port', advice: 'Give the server at least one RTMP address.' },
  NO_FILE: {
    srs: 1061,
    text: 'there is no configuration that could be read again',
    advice: 'Start the server with -c FILE, or with -e.',
  },
  PID_RUNS: {
    srs: 1035,
    text: 'a server runs already: {path} names process {pid}',
    advice: 'Stop it, or give this one a pid file of its own.',
  },
  PID_WRITE: {
    srs: 1039,
    text: 'the file {path} cannot be written: {why}',
    advice: 'Change the directive pid, or the rights of its directory.',
  },
  WORK_DIR: {
    text: 'work_dir {path} cannot be entered: {why}',
    advice: 'Make the directory, or change the directive work_dir.',
  },
  LOG_FILE: {
    srs: 1041,
    text: 'the log file {path} cannot be opened: {why}',
    advice: 'Change srs_log_file or the rights of its directory, or write srs_log_tank console.',
  },
  STOPPED: { text: 'the server stops', advice: 'Connect again when it is back.' },
});

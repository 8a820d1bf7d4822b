// The Debian packages behind the interop tests: what is missing, and the installation where that is allowed.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './run.ts';

/** A program that tests call, the package that has it, and whether it is there. */
interface Tool {
  readonly program: string;
  readonly packages: readonly string[];
}

const tools: readonly Tool[] = [
  { program: 'ffmpeg', packages: ['ffmpeg'] },
  { program: 'chromium', packages: ['chromium'] },
  { program: 'rtmpdump', packages: ['rtmpdump'] },
  { program: 'srt-live-transmit', packages: ['srt-tools'] },
  { program: 'sipp', packages: ['sip-tester'] },
  { program: 'cvlc', packages: ['vlc-bin', 'vlc-plugin-base'] },
  {
    program: 'gst-launch-1.0',
    packages: [
      'gstreamer1.0-tools',
      'gstreamer1.0-plugins-base',
      'gstreamer1.0-plugins-good',
      'gstreamer1.0-plugins-bad',
      'gstreamer1.0-plugins-ugly',
      'gstreamer1.0-libav',
      // webrtcbin and its bindings for Python: two megabytes.
      'gstreamer1.0-nice',
      'gir1.2-gst-plugins-bad-1.0',
      'python3-gi',
    ],
  },
];

const paths = (process.env['PATH'] ?? '').split(delimiter);
const onPath = (program: string): boolean => paths.some((path) => path !== '' && existsSync(join(path, program)));

/** What dpkg knows as installed; used for packages without a program of their own. */
const isInstalled = (name: string): boolean => existsSync('/var/lib/dpkg/info') && hasDpkgList(name);

function hasDpkgList(name: string): boolean {
  return ['', ':amd64', ':arm64'].some((tail) => existsSync(`/var/lib/dpkg/info/${name}${tail}.list`));
}

/** Packages that the interop tests miss on this machine. */
export function missingPackages(): string[] {
  return tools.flatMap(({ program, packages }) => {
    if (!onPath(program)) return packages.filter((name) => !isInstalled(name));
    // GStreamer's plugins are not programs; on a machine without dpkg the tests find out themselves.
    return existsSync('/var/lib/dpkg/info') && packages.length > 1 ? packages.filter((name) => !isInstalled(name)) : [];
  });
}

/** Programs that are not there, by name. */
export const missingPrograms = (): string[] =>
  tools.map(({ program }) => program).filter((program) => !onPath(program));

/** Installs what is missing when this user may; says in one line what it did or could not do. */
export function installMissing(say: (line: string) => void): void {
  const missing = missingPackages();
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || !onPath('apt-get')) {
    say(`missing for the interop tests: ${missing.join(' ')} (as root: apt-get install ${missing.join(' ')})`);
    return;
  }
  say(`installing for the interop tests: ${missing.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const code =
    run('apt-get', ['update', '-qq'], env) ||
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], env);
  if (code !== 0) say(`apt-get ended with code ${code}; what is still missing is named below`);
}

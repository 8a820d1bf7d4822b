import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { silentLog } from '../../../../src/core/base/log.ts';
import { Programs } from '../../../../src/core/control/children/programs.ts';
import type { Feeder } from '../../../../src/core/control/children/workshop.ts';
import { loadConfig } from '../../../../src/core/control/config/load.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { Sessions } from '../../../../src/core/control/sessions.ts';
import { Hub } from '../../../../src/core/media/hub.ts';
import { DEFAULT_VHOST } from '../../../../src/core/media/stream-name.ts';
import { FakeChildren } from '../../../tools/fake-children.ts';
import { SeedRng, VirtualClock } from '../../../tools/fakes.ts';

/** A server's programs with everything around them in memory. */
export function world(config: string, feeder?: Feeder) {
  const clock = new VirtualClock();
  const hub = new Hub({ clock, limits: defaultLimits, gopCache: true, mergeWindow: 0 });
  const sessions = new Sessions(clock, new SeedRng(), 100);
  const settings = settingsOf(config);
  const children = new FakeChildren();
  const errors: string[] = [];
  const log = silentLog;
  const programs = new Programs({
    clock,
    hub,
    sessions,
    settings,
    children,
    log: Object.assign(log.with({}), {
      error: (_: string, text: string) => {
        errors.push(text);
      },
    }),
    port: () => 1935,
    ...(feeder && { feeder }),
  });
  programs.start();
  return {
    clock,
    hub,
    sessions,
    settings,
    children,
    programs,
    errors,
    /** The arguments of what runs, each as one line. */
    get commands(): string[] {
      return children.running.map(({ command }) => [command.program, ...command.args].join(' '));
    },
    publish(stream: string, { app = 'live', vhost = DEFAULT_VHOST, ...words } = {} as Record<string, string>) {
      const name = { vhost, app, stream };
      const info = {
        protocol: 'rtmp',
        type: 'fmle-publish',
        publish: true,
        peer: { host: '127.0.0.1', port: 5 },
        name,
        shownName: stream,
        tcUrl: '',
        pageUrl: '',
        swfUrl: '',
        end: () => undefined,
        ...words,
      };
      const entry = sessions.open(info, {});
      const publication = hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
      return {
        end: () => {
          publication.end();
          entry.close();
        },
      };
    },
    reload(text: string) {
      settings.replace(loadConfig({ text, file: 'srs.conf', read: () => '' }));
    },
  };
}

/** A vhost for all names with these directives. */
export const vhost = (body: string, root = ''): string => `listen 1935; ${root} vhost __defaultVhost__ { ${body} }`;

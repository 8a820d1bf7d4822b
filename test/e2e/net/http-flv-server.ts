// A server of HTTP-FLV alone, on real sockets and real time.
import { onTestFinished } from 'vitest';
import { defaultLimits, type Limits } from '../../../src/core/base/limits.ts';
import { Log, type LogLine } from '../../../src/core/base/log.ts';
import { Wheel } from '../../../src/core/base/session.ts';
import { fromMs } from '../../../src/core/base/time.ts';
import { OpenAdmission } from '../../../src/core/control/admission.ts';
import { settingsOf } from '../../../src/core/control/config/settings.ts';
import { noHooks } from '../../../src/core/control/hooks/hooks.ts';
import type { Host } from '../../../src/core/control/host.ts';
import { Sessions } from '../../../src/core/control/sessions.ts';
import { Hub } from '../../../src/core/media/hub.ts';
import { createNet, RealClock, RealRng } from '../../../src/core/net/index.ts';
import { type HttpFlvConfig, httpFlv } from '../../../src/core/protocols/http-flv/index.ts';
import type { HttpExchange } from '../../../src/core/wire/http/exchange.ts';
import { anyPort, finally_ } from './tools.ts';

export interface ServerOptions {
  readonly limits?: Partial<Limits>;
  readonly config?: Partial<HttpFlvConfig>;
  readonly mergeWindowMs?: number;
}

export async function startServer({ limits: changes = {}, config = {}, mergeWindowMs = 0 }: ServerOptions = {}) {
  const clock = new RealClock();
  const rng = new RealRng();
  const limits = { ...defaultLimits, ...changes };
  const mergeWindow = fromMs(mergeWindowMs);
  const hub = new Hub({ clock, limits, gopCache: true, mergeWindow });
  const wheel = new Wheel();
  const turning = setInterval(() => wheel.turn(clock.now()), 20);
  onTestFinished(() => clearInterval(turning));
  const routes: ((exchange: HttpExchange) => boolean | Promise<boolean>)[] = [];
  const lines: LogLine[] = [];
  const log = new Log((line) => lines.push(line));
  const net = createNet({ limits, log, clock });
  const host: Host = {
    clock,
    rng,
    log,
    limits,
    hub,
    wheel,
    net,
    hooks: noHooks,
    sessions: new Sessions(clock, rng, limits.sessions),
    settings: settingsOf(),
    admission: new OpenAdmission({ policy: 'refuse', mergeWindow, nameBytes: limits.nameBytes }),
    http: {
      add: (on) => {
        routes.push(on);
        return { close: () => void routes.splice(routes.indexOf(on), 1) };
      },
    },
  };
  const protocol = finally_(await httpFlv.serve(host, { ...httpFlv.defaults, ...config }));
  const listener = finally_(
    await net.listenHttp(anyPort, (exchange) => {
      if (!routes.some((route) => route(exchange) === true)) exchange.reply(404, {}, 'no');
    }),
  );
  const url = (path: string, scheme = 'http'): URL => new URL(path, `${scheme}://127.0.0.1:${listener.address.port}`);
  return { host, hub, net, url, protocol, lines, port: listener.address.port };
}

/** Resolves when `condition` holds; looked at in every turn of the loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

// SRS's raw API: the configuration of the API, and reload. What SRS refuses since release 4 is refused here too: settings
// are changed at /api/srsx/v1/settings/.

import { randomId } from '../../base/rng.ts';
import { toSrsxError } from '../../base/session.ts';
import { type Answer, type Body, bare, type Call, code, failure } from './answer.ts';
import type { ApiContext } from './context.ts';

/** SRS's states of a reload. */
const state = { none: 0, running: 10, done: 90 } as const;
/** SRS: CONFIG_INVALID, for errors that have no number of their own. */
const INVALID = 1023;

/** The raw API. */
export function rawHandlers(context: ApiContext) {
  let last = { err: 0, msg: 'Success', state: state.none as number, rid: randomId(context.rng, 7) };
  /** Answered at once, as SRS does; reload-fetch tells how it went. */
  const reload = (): Answer => {
    const { reload: run, log, rng, settings } = context;
    if (!settings.root.get('http_api.raw_api.allow_reload') || run === undefined) return failure(code.rawDisabled);
    const mine = { err: 0, msg: 'Success', state: state.running as number, rid: randomId(rng, 7) };
    last = mine;
    run().then(
      () => {
        mine.state = state.done;
      },
      (thrown: unknown) => {
        const error = toSrsxError(thrown);
        log.warn('api', `the reload failed: ${error.message}`, { code: error.code });
        Object.assign(mine, { err: error.srs ?? INVALID, msg: error.message, state: state.done });
      },
    );
    return bare({});
  };
  return {
    raw: ({ request }: Call): Answer => {
      const rpc = request.query.get('rpc');
      if (rpc === 'raw') return bare({ http_api: rawConfig(context) });
      if (!context.settings.root.get('http_api.raw_api.enabled')) return failure(code.rawDisabled);
      if (rpc === 'reload') return reload();
      if (rpc === 'reload-fetch') return bare({ data: last });
      return failure(code.raw);
    },
  };
}

function rawConfig({ settings: { root } }: ApiContext): Body {
  return {
    enabled: root.get('http_api.enabled'),
    listen: root.get('http_api.listen').join(' '),
    crossdomain: root.get('http_api.crossdomain'),
    raw_api: {
      enabled: root.get('http_api.raw_api.enabled'),
      allow_reload: root.get('http_api.raw_api.allow_reload'),
      allow_query: false,
      allow_update: false,
    },
  };
}

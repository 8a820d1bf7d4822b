// A server's admission and hooks on virtual time; the callback server is a function.
import { utf8 } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { idle } from '../../../../src/core/base/link.ts';
import { Log, type LogLine } from '../../../../src/core/base/log.ts';
import type { AdmissionRequest } from '../../../../src/core/control/admission.ts';
import type { ClusterGate } from '../../../../src/core/control/cluster/cluster.ts';
import { loadConfig } from '../../../../src/core/control/config/load.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { HttpHooks } from '../../../../src/core/control/hooks/http-hooks.ts';
import type { LaneLimits } from '../../../../src/core/control/hooks/lanes.ts';
import type { HttpRequestOptions } from '../../../../src/core/control/host.ts';
import { type SessionInfo, Sessions } from '../../../../src/core/control/sessions.ts';
import { VhostAdmission } from '../../../../src/core/control/vhost-admission.ts';
import { Hub } from '../../../../src/core/media/hub.ts';
import { netErrors } from '../../../../src/core/net/errors.ts';
import type { HttpResponse } from '../../../../src/core/wire/http/exchange.ts';
import { FakeLink, SeedRng, VirtualClock } from '../../../tools/fakes.ts';

/** What the other end got. */
export interface Asked {
  readonly url: string;
  readonly method: string;
  readonly headers: HttpRequestOptions['headers'];
  readonly body: Record<string, unknown>;
  readonly text: string;
}

/** An answer, an error of the net, or nothing for ever. */
export type Answer =
  | { readonly status?: number; readonly text: string }
  | Error
  | 'hang'
  | 'body hangs'
  | 'body breaks';

export interface WorldOptions {
  readonly settings?: string;
  readonly policy?: 'refuse' | 'takeover';
  readonly sessions?: number;
  readonly lanes?: LaneLimits;
  readonly cluster?: ClusterGate;
}

export const hooksOf = (lines: string): string => `vhost __defaultVhost__ { http_hooks { enabled on; ${lines} } }`;

export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function world({ settings: text, policy = 'refuse', sessions: limit = 100, lanes, cluster }: WorldOptions = {}) {
  const clock = new VirtualClock();
  const rng = new SeedRng(3);
  const lines: LogLine[] = [];
  const log = new Log((line) => lines.push(line));
  const limits = defaultLimits;
  const settings = settingsOf(text);
  const hub = new Hub({ clock, limits, gopCache: true, mergeWindow: 0 });
  const sessions = new Sessions(clock, rng, limit);
  const asked: Asked[] = [];
  const bodies: FakeLink[] = [];
  const answers = { of: (_: Asked): Answer => ({ text: '0' }) };
  const net = {
    request: async (
      url: URL,
      { method, headers, signal, upload, follow }: HttpRequestOptions,
    ): Promise<HttpResponse> => {
      const link = new FakeLink();
      upload?.(link);
      const sent = new TextDecoder().decode(link.bytes);
      const body = sent === '' ? {} : (JSON.parse(sent) as Record<string, unknown>);
      if (follow !== false) throw new Error('redirects must not be followed');
      const one: Asked = { url: url.href, method, headers, body, text: sent };
      asked.push(one);
      await Promise.resolve();
      const answer = answers.of(one);
      if (answer instanceof Error) throw answer;
      if (answer === 'hang') {
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(netErrors.system('ABORTED', { at: url.host })));
        });
      }
      const status = typeof answer === 'string' ? 200 : (answer.status ?? 200);
      const answerBody = bodyOf(answer, signal);
      bodies.push(answerBody);
      return { status, header: () => undefined, body: answerBody };
    },
  };
  const identity = { serverId: 'vid-1', serviceId: 's1', streamId: () => 'vid-s', workDir: () => '/srv' };
  const hooks = new HttpHooks({ clock, rng, log, net, limits, hub, settings, identity, ...(lanes && { lanes }) });
  const admission = new VhostAdmission({
    ...{ clock, rng, limits, settings, sessions, hooks, policy },
    ...(cluster && { cluster }),
  });
  const request = (more: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
    ...{ action: 'publish', protocol: 'rtmp', type: 'fmle-publish', peer: { host: '10.0.0.9', port: 5 } },
    ...{ name: { vhost: 'any', app: 'live', stream: 'a' }, param: '?k=v', tcUrl: 'rtmp://any/live' },
    ...{ pageUrl: 'http://p', swfUrl: '' },
    ...more,
  });
  const admit = (more: Partial<AdmissionRequest> = {}) => admission.admit(request(more));
  /** As every protocol does it after the admission. */
  const open = async (more: Partial<AdmissionRequest> = {}) => {
    const asking = request(more);
    const grant = await admission.admit(asking);
    const info: SessionInfo = {
      ...{ ...asking, name: grant.name, publish: asking.action === 'publish', shownName: grant.name.stream },
      end: () => undefined,
    };
    const entry = sessions.open(info, grant);
    return { grant, entry };
  };
  /** A publisher that really has the name. */
  const publish = async (more: Partial<AdmissionRequest> = {}) => {
    const { grant, entry } = await open(more);
    try {
      const publication = hub.stream(grant.name).publish({ policy: grant.policy, onEvicted: () => entry.close() });
      return { grant, entry, publication };
    } catch (error) {
      entry.close();
      throw error;
    }
  };
  const actions = (): unknown[] => asked.map(({ body }) => body['action']);
  const reload = (next: string): void => settings.replace(loadConfig({ text: next, file: 'srs.conf', read: () => '' }));
  return {
    ...{ clock, lines, hub, sessions, hooks, admission, asked, answers, settings, bodies },
    ...{ admit, open, publish, actions, reload },
  };
}

function bodyOf(answer: Exclude<Answer, Error | 'hang'>, signal: AbortSignal): FakeLink {
  let onData: (bytes: Uint8Array) => void = idle.onData;
  const link = new FakeLink();
  return Object.defineProperty(link, 'onData', {
    get: () => onData,
    set: (on: (bytes: Uint8Array) => void) => {
      onData = on;
      if (answer === 'body breaks') queueMicrotask(() => link.onClose(netErrors.system('RESET', { at: 'there' })));
      if (answer === 'body hangs') signal.addEventListener('abort', () => link.close());
      if (typeof answer === 'string') return;
      queueMicrotask(() => {
        const bytes = utf8(answer.text);
        for (let at = 0; at < bytes.length && !link.closed; at += 1000) onData(bytes.subarray(at, at + 1000));
        link.close();
      });
    },
  });
}

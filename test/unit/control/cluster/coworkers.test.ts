import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../../src/core/base/log.ts';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import type { AdmissionRequest } from '../../../../src/core/control/admission.ts';
import { Coworkers, movedRequest, movedTo } from '../../../../src/core/control/cluster/coworkers.ts';
import type { HttpRequest, HttpResponse } from '../../../../src/core/wire/http/exchange.ts';
import type { Query } from '../../../../src/core/wire/http/query.ts';
import { FakeLink, VirtualClock } from '../../../tools/fakes.ts';

const name = { vhost: 'v', app: 'live', stream: 'one' };
const request = (elsewhere: 'rtmp' | 'http' = 'rtmp'): AdmissionRequest => ({
  ...{ action: 'play', protocol: 'p', type: 't', peer: { host: 'h', port: 1 }, name: { ...name, vhost: 'asked' } },
  ...{ param: '?a=b&vhost=v', tcUrl: '', pageUrl: '', swfUrl: '', elsewhere },
});

/** What each coworker answers; undefined: it cannot be reached. */
function world(answers: Readonly<Record<string, string | undefined>>) {
  const clock = new VirtualClock();
  const asked: string[] = [];
  const net = {
    request: async (url: URL): Promise<HttpResponse> => {
      asked.push(url.href);
      const text = answers[url.host];
      if (text === undefined) throw new Error('refused');
      const body = new FakeLink();
      // Whoever asked listens by then.
      setImmediate(() => {
        for (const part of [text.slice(0, 9), text.slice(9)]) body.onData(new TextEncoder().encode(part));
        if (!body.closed) body.onClose(undefined);
      });
      return { status: 200, header: () => undefined, body };
    },
  };
  return { asked, clock, coworkers: new Coworkers({ clock, net, log: silentLog }) };
}

const origin = (value: object): string => JSON.stringify({ code: 0, data: { query: {}, origin: value } });
const found = origin({ ip: '10.0.0.9', port: 19350, http: 8081 });

describe('a stream that another server has', () => {
  it('is found at the first coworker that says so, in the words of SRS', async () => {
    const { asked, coworkers } = world({ 'b:1': '{"code":0,"data":{"origin":null}}', 'c:2': found, 'd:3': found });
    const error = await coworkers.redirect(['a:1', 'b:1', 'c:2', 'd:3'], name, request()).catch((thrown) => thrown);

    expect(movedTo(error)).toMatchObject({
      tcUrl: 'rtmp://10.0.0.9:19350/live?vhost=v',
      url: 'rtmp://10.0.0.9:19350/live?vhost=v/one?a=b',
    });
    expect(asked).toHaveLength(3);
    expect(asked[2]).toBe('http://c:2/api/v1/clusters?vhost=v&ip=asked&app=live&stream=one&coworker=c%3A2&http=on');
  });

  it('is named over HTTP when the server says where', async () => {
    const { coworkers } = world({ 'a:1': found });
    const error = await coworkers.redirect(['a:1'], name, request('http')).catch((thrown) => thrown);
    const moved = movedTo(error);
    const at = (search: string): HttpRequest =>
      ({ path: '/live/one.flv', search, query: new URLSearchParams(search) as Query }) as HttpRequest;

    expect(moved && movedRequest(at(''), moved)).toBe('http://10.0.0.9:8081/live/one.flv?vhost=v');
    expect(moved && movedRequest(at('?x=y'), moved)).toBe('http://10.0.0.9:8081/live/one.flv?x=y&vhost=v');
    expect(moved && movedRequest(at('?vhost=v'), moved)).toBe('http://10.0.0.9:8081/live/one.flv?vhost=v');

    const srs = world({ 'a:1': origin({ ip: '10.0.0.9', port: 19350 }) });
    await expect(srs.coworkers.redirect(['a:1'], name, request('http'))).rejects.toMatchObject({
      code: 'CLUSTER_NOWHERE',
    });
  });

  it('is looked for once by players that come together', async () => {
    const { asked, coworkers } = world({ 'a:1': found });
    const players = Array.from({ length: 100 }, () => coworkers.redirect(['a:1'], name, request()).catch(movedTo));

    expect((await Promise.all(players)).filter(Boolean)).toHaveLength(100);
    expect(asked).toHaveLength(1);
  });
});

describe('an answer that is none', () => {
  it.each([
    ['no JSON', '<html>'],
    ['no object', '3'],
    ['null all over', '{"data":null}'],
    ['no address', origin({ ip: 3, port: 1935 })],
    ['markup for an address', origin({ ip: 'a/../<b>', port: 1935 })],
    ['a user for an address', origin({ ip: 'me@evil', port: 1935 })],
    ['no port', origin({ ip: 'a', port: '1935' })],
    ['a port too high', origin({ ip: 'a', port: 70_000 })],
    ['a port below zero', origin({ ip: 'a', port: -1 })],
    ['too long', ' '.repeat(70_000) + found],
  ])('is left out: %s', async (_, text) => {
    const { coworkers } = world({ 'a:1': text });
    await expect(coworkers.redirect(['a:1'], name, request())).rejects.toMatchObject({ code: 'CLUSTER_NOWHERE' });
  });

  it('does not come: the request is given up after 3 s', async () => {
    const clock = new VirtualClock();
    const net = {
      request: (_: URL, { signal }: { readonly signal: AbortSignal }) =>
        new Promise<never>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('given up')));
        }),
    };
    const coworkers = new Coworkers({ clock, net, log: silentLog });
    const asking = coworkers.redirect(['a:1'], name, request());
    clock.advance(fromSeconds(3));

    await expect(asking).rejects.toMatchObject({ code: 'CLUSTER_NOWHERE' });
  });
});

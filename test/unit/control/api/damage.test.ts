// Whatever is asked, the API answers once, with a status that it knows, and nothing that a browser would run.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { endpoints } from '../../../../src/core/control/api/endpoints.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { configText, World } from './world.ts';

const known = fc.constantFrom(...endpoints.map(({ path }) => path));
const words = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => encodeURIComponent(text.toWellFormed()));
const path = fc.oneof(
  known,
  fc.tuple(known, words).map(([start, word]) => start.replace('{id}', word)),
  words.map((word) => `/api/${word}`),
  words.map((word) => `/${word}`),
);
const query = fc.dictionary(
  fc.constantFrom('start', 'count', 'callback', 'method', 'rpc', 'vhost', 'app', 'stream', 'coworker', 'types', 'all'),
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }).map((text) => text.toWellFormed()),
    fc.constantFrom('DELETE', 'PUT', 'reload', 'raw', '-1', '1e400', '<script>alert(1)</script>', '__proto__'),
  ),
);
const headers = fc.dictionary(
  fc.constantFrom('authorization', 'origin', 'referer', 'host', 'sec-fetch-site', 'last-event-id'),
  fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.constantFrom('null', 'http://x', 'Basic Og==', 'Bearer x')),
);

const statuses = [200, 201, 301, 302, 400, 401, 403, 404, 405, 503];

it('whatever is asked', async () => {
  const settings = configText('raw_api { enabled on; }');
  const guarded = configText('auth { enabled on; username a; password b; token c; }');
  const worlds = [new World({}, settingsOf(settings)), new World({}, settingsOf(guarded))];

  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...worlds),
      path,
      query,
      headers,
      fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'x'),
      fc.oneof(fc.json(), fc.string()),
      async (world, where, asked, given, method, body) => {
        const search = new URLSearchParams(asked);
        const answer = await world.ask(`${where}?${search}`, { method, headers: given, body });
        for (const feed of world.feeds.splice(0)) feed.close();

        expect(statuses).toContain(answer.status);
        expect(answer.headers['Content-Type']).toMatch(/^(application\/json|text\/(javascript|plain|event-stream))/);
        expect(answer.headers['X-Content-Type-Options'] ?? 'nosniff').toBe('nosniff');
        if (answer.headers['Content-Type'] === 'text/javascript') expect(answer.body).toMatch(/^[\w$][\w$.]*\(\{/);
        expect(world.wheel.size).toBe(0);
        expect(world.clock.pending).toBe(0);
      },
    ),
    { numRuns: 1500 },
  );
});

it('names with markup are told as data', async () => {
  const world = new World();
  const stream = '<img src=x onerror=alert(1)>';
  world.hub
    .stream({ vhost: '__defaultVhost__', app: 'live', stream })
    .publish({ policy: 'refuse', onEvicted: () => undefined });

  const { headers, body } = await world.ask('/api/v1/streams/');

  expect(headers).toMatchObject({ 'Content-Type': 'application/json', 'X-Content-Type-Options': 'nosniff' });
  expect(JSON.parse(body)).toMatchObject({ streams: [{}, { name: stream }] });
});

// The indexes that SRS answers for a path it does not know, and the tests for clients.
import { code, failure, redirect } from './answer.ts';
import { type Endpoint, endpoints } from './endpoints.ts';

/** Endpoints right under a path, by their names there. */
function under(prefix: string): Record<string, string> {
  const list: readonly Endpoint[] = endpoints;
  const names = list
    .filter(({ path, method }) => path.startsWith(prefix) && path !== prefix && method === 'GET')
    .map(({ path, says }) => ({ name: path.slice(prefix.length).replace(/\/$/, ''), says }))
    .filter(({ name }) => !/[/{]/.test(name));
  return Object.fromEntries(names.map(({ name, says }) => [name, says]));
}

/** Indexes and tests. */
export function indexHandlers() {
  const v1 = under('/api/v1/');
  const tests = under('/api/v1/tests/');
  return {
    root: () => ({
      urls: { api: 'the HTTP API', rtc: { v1: { play: 'WebRTC out', publish: 'WebRTC in', nack: '' } } },
    }),
    api: () => ({ urls: { v1: 'the HTTP API, as SRS has it', srsx: 'what is beyond SRS' } }),
    index: () => ({ urls: v1, tests }),
    testErrors: () => failure(code.test),
    testRedirects: () => redirect(301, '/api/v1/tests/errors'),
  };
}

// Who may ask: credentials, their comparison, and pages of other sites that borrow a browser.
import { beforeEach, describe, expect, it } from 'vitest';
import { Log } from '../../../../src/core/base/log.ts';
import { accessOf } from '../../../../src/core/control/api/access.ts';
import { Answer } from '../../../../src/core/control/api/answer.ts';
import { loadConfig } from '../../../../src/core/control/config/load.ts';
import { planServe } from '../../../../src/core/control/config/serve-settings.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { type Ask, basic, configText, World } from './world.ts';

const guarded = (auth: string): World => new World({}, settingsOf(configText(`auth { enabled on; ${auth} }`)));
const both = 'username admin; password "pass:word"; token s3cret;';
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

async function status(world: World, headers: Record<string, string>, path = '/api/v1/versions'): Promise<number> {
  return (await world.ask(path, { headers })).status;
}

describe('basic credentials', () => {
  it('let in who has them; a password may have a colon', async () => {
    const world = guarded('username admin; password "pass:word";');

    expect(await status(world, basic('admin', 'pass:word'))).toBe(200);
    for (const wrong of [{}, basic('admin', 'pass'), basic('Admin', 'pass:word'), basic('', ''), bearer('')]) {
      const { status: refused, headers, body } = await world.ask('/api/v1/versions', { headers: wrong });
      expect(refused, JSON.stringify(wrong)).toBe(401);
      expect(headers['WWW-Authenticate']).toBe('Basic');
      expect(body).toBe('');
    }
  });

  it('guard every path with /api/ in it, and no others', async () => {
    const world = guarded('username admin; password x;');

    for (const path of [
      '/api/v1/streams/',
      '/api/v1/raw?rpc=raw',
      '/api/srsx/v1/settings/',
      '/x/api/y',
      '/api/v1/events',
    ]) {
      expect(await status(world, {}, path), path).toBe(401);
    }
    expect(await status(world, {}, '/')).toBe(200);
    expect((await world.ask('/api/v1/clients/x', { method: 'DELETE' })).status).toBe(401);
  });

  it('are not asked of a preflight, which has none', async () => {
    const headers = { origin: 'https://pages.example' };
    const answer = await guarded(both).ask('/api/v1/versions', { method: 'OPTIONS', headers });

    expect(answer.status).toBe(200);
    expect(answer.headers['Access-Control-Allow-Headers']).toBe('*, Authorization');
  });

  it.each([
    ['damaged base64', 'Basic ###'],
    ['no colon', `Basic ${Buffer.from('admin').toString('base64')}`],
    ['another scheme', 'Digest username=admin'],
    ['nothing behind the scheme', 'Basic '],
    ['a very long one', `Basic ${'QUFB'.repeat(5000)}`],
    ['bytes that are no text', `Basic ${Buffer.from([0xff, 0x3a, 0xfe]).toString('base64')}`],
  ])('are not taken: %s', async (_, authorization) => {
    expect(await status(guarded('username admin; password x;'), { authorization })).toBe(401);
  });
});

describe('a bearer token', () => {
  it('lets in who has it', async () => {
    const world = guarded('type bearer; token s3cret; username admin; password x;');

    expect(await status(world, bearer('s3cret'))).toBe(200);
    expect(await status(world, { authorization: 'bearer s3cret' })).toBe(200);
    for (const wrong of [bearer('s3cre'), bearer('s3cret '.repeat(2)), basic('admin', 'x'), {}]) {
      const { status: refused, headers } = await world.ask('/api/v1/versions', { headers: wrong });
      expect(refused).toBe(401);
      expect(headers['WWW-Authenticate']).toBe('Bearer');
    }
  });

  it('stands beside a password when no type is written, and not beside another type', async () => {
    expect(await status(guarded(both), bearer('s3cret'))).toBe(200);
    expect(await status(guarded(both), basic('admin', 'pass:word'))).toBe(200);
    expect(await status(guarded(`type basic; ${both}`), bearer('s3cret'))).toBe(401);
  });

  it('guards WHIP and WHEP when that is asked for', () => {
    const root = settingsOf(configText(`auth { enabled on; ${both} rtc_bearer_enabled on; }`)).root;
    const from = (headers: Record<string, string>) => accessOf(root, { header: (name) => headers[name] }, 'rtc');

    expect(from(bearer('s3cret'))).toBe('bearer');
    expect(from({})).toBeInstanceOf(Answer);
    expect(from(basic('admin', 'pass:word'))).toBeInstanceOf(Answer);
    const plain = settingsOf(configText(`auth { enabled on; ${both} }`)).root;
    expect(accessOf(plain, { header: () => undefined }, 'rtc')).toBe('open');
  });
});

describe('a route of WebRTC', () => {
  const rtc = '/rtc/v1/whip/?app=live';
  const asked: string[] = [];
  const serve = (auth: string): World =>
    new World(
      {
        also: async (exchange) => {
          asked.push(exchange.request.path);
          exchange.reply(201, {}, 'v=0');
          return true;
        },
      },
      settingsOf(configText(`auth { enabled on; ${auth} }`)),
    );

  it('is reached at the port of the API, with the token when that is asked for', async () => {
    const world = serve(`${both} rtc_bearer_enabled on;`);

    expect((await world.ask(rtc, { method: 'POST' })).status).toBe(401);
    expect((await world.ask(rtc, { method: 'POST', headers: bearer('s3cret') })).status).toBe(201);
    expect((await serve(both).ask(rtc, { method: 'POST' })).status).toBe(201);
    expect(asked).toEqual(['/rtc/v1/whip/', '/rtc/v1/whip/']);
  });

  it('is guarded at the port of streams too', async () => {
    const world = serve(`${both} rtc_bearer_enabled on;`);

    expect(await world.share(rtc)).toMatchObject({ status: 401 });
    expect(await world.share(rtc, { headers: bearer('s3cret') })).toBeUndefined();
    expect(await world.share('/live/a.flv')).toBeUndefined();
    expect(await world.share('/api/v1/versions')).toMatchObject({ status: 401 });
  });
});

describe('a guard without a credential', () => {
  it.each(['', 'username admin;', 'password x;', 'type bearer;', 'type basic;'])('lets nobody in: %s', async (auth) => {
    const world = guarded(auth);

    for (const headers of [{}, basic('', ''), basic('admin', ''), basic('', 'x'), bearer('')]) {
      expect(await status(world, headers)).toBe(401);
    }
  });
});

describe('the address', () => {
  const api = (text: string): readonly string[] =>
    planServe(loadConfig({ text: `listen 1935; http_api { enabled on; ${text} }`, read: () => '' })).settings.api
      .listen;

  it('is this machine only, until there is a credential or the operator names another', () => {
    expect(api('')).toEqual(['127.0.0.1:1985']);
    expect(api('auth { enabled on; }')).toEqual(['127.0.0.1:1985']);
    expect(api('auth { enabled off; username a; password b; }')).toEqual(['127.0.0.1:1985']);
    expect(api('auth { enabled on; username a; password b; }')).toEqual(['1985']);
    expect(api('auth { enabled on; token x; }')).toEqual(['1985']);
    expect(api('listen 1985;')).toEqual(['1985']);
  });
});

describe('a crowd that guesses', () => {
  it('costs a line of the log a second', async () => {
    const lines: string[] = [];
    const log = new Log(({ text }) => lines.push(text));
    const world = new World({ log }, settingsOf(configText('auth { enabled on; token x; }')));

    for (let i = 0; i < 1000; i++) await status(world, bearer(`guess${i}`));

    expect(lines).toEqual(['1 requests refused, last from 10.0.0.1']);
  });
});

describe('a page of another site', () => {
  let world: World;
  let path: string;

  beforeEach(async () => {
    world = new World(
      { reload: async () => undefined },
      settingsOf(configText('raw_api { enabled on; allow_reload on; }')),
    );
    const { json } = await world.ask('/api/v1/clients/');
    path = `/api/v1/clients/${(json as unknown as { clients: { id: string }[] }).clients[1]?.id}`;
  });

  const foreign: readonly (readonly [string, Ask])[] = [
    ['by fetch', { headers: { origin: 'https://evil.example' } }],
    ['from a sandbox', { headers: { origin: 'null' } }],
    ['with what the browser says of it', { headers: { 'sec-fetch-site': 'cross-site' } }],
    ['from a neighbour', { headers: { 'sec-fetch-site': 'same-site' } }],
    ['by the page it came from', { headers: { referer: 'https://evil.example/a' } }],
    [
      'under a name that it lets point here',
      { headers: { origin: 'http://evil.example:1985', host: 'evil.example:1985' }, peer: '127.0.0.1' },
    ],
    [
      'under a name that it lets point here, as the same origin',
      { headers: { 'sec-fetch-site': 'same-origin', host: 'evil.example:1985' }, peer: '::1' },
    ],
    [
      'under a name that it lets point here, without a word of it',
      { headers: { host: 'evil.example:1985' }, peer: '127.0.0.1' },
    ],
  ];

  it.each(foreign)('ends no client %s', async (_, options) => {
    expect((await world.ask(path, { ...options, method: 'DELETE' })).status).toBe(403);
    expect((await world.ask(`${path}?callback=f&method=DELETE`, options)).status).toBe(403);
    expect((await world.ask('/api/v1/raw?rpc=reload', options)).status).toBe(403);
    expect(world.ended).toEqual([]);
  });

  it('does it with a token, which no browser sends by itself', async () => {
    world = new World({}, settingsOf(configText('auth { enabled on; token x; }')));
    const headers = { ...bearer('x'), origin: 'https://console.example' };

    expect((await world.ask('/api/v1/clients/nosuch', { method: 'DELETE', headers })).body).toBe('{"code":2049}');
  });

  it('does not do it with a password, which browsers send by themselves', async () => {
    world = new World({}, settingsOf(configText('auth { enabled on; username a; password b; }')));
    const headers = { ...basic('a', 'b'), origin: 'https://evil.example' };

    expect((await world.ask('/api/v1/clients/nosuch', { method: 'DELETE', headers })).status).toBe(403);
  });

  it.each(foreign)('reads no settings %s', async (_, options) => {
    for (const path of ['/api/srsx/v1/settings/', '/api/srsx/v1/settings/pid?callback=f']) {
      const answer = await world.ask(path, options);

      expect([answer.status, answer.body]).toEqual([403, '{"code":403}']);
      expect(answer.headers).not.toHaveProperty('Access-Control-Allow-Origin');
    }
  });

  it('has no script loaded with the password of a browser, even when it hides where it is', async () => {
    world = new World({}, settingsOf(configText('auth { enabled on; username a; password b; }')));
    const ask = (headers: Record<string, string>) =>
      world.ask('/api/v1/streams/?callback=f', { headers: { ...basic('a', 'b'), ...headers } });

    expect((await ask({})).status).toBe(403);
    expect((await ask({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await ask({ referer: 'http://evil.example/' })).status).toBe(403);
    expect((await ask({ referer: 'http://127.0.0.1:8080/' })).body).toMatch(/^f\(/);
    expect((await world.ask('/api/v1/streams/', { headers: basic('a', 'b') })).status).toBe(200);
  });
});

describe('a page of this server', () => {
  const own: readonly (readonly [string, Ask])[] = [
    ['its own', { headers: { origin: 'http://127.0.0.1:1985' } }],
    [
      'of another port, where the console is',
      { headers: { origin: 'http://127.0.0.1:8080', 'sec-fetch-site': 'same-site' } },
    ],
    ['typed by hand', { headers: { 'sec-fetch-site': 'none' } }],
    ['on this machine', { headers: { origin: 'http://localhost:8080', host: 'localhost:1985' }, peer: '127.0.0.1' }],
    ['by name', { headers: { origin: 'http://srs.example:8080', host: 'srs.example:1985' } }],
    ['no page at all', {}],
  ];

  it.each(own)('ends clients: %s', async (_, options) => {
    const world = new World();
    const { json } = await world.ask('/api/v1/clients/');
    const id = (json as unknown as { clients: { id: string }[] }).clients[1]?.id;

    expect((await world.ask(`/api/v1/clients/${id}`, { ...options, method: 'DELETE' })).json).toMatchObject({
      code: 0,
    });
    expect(world.ended).toHaveLength(1);
  });
});

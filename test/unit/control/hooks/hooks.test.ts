// What hooks answer, what they do not, and what the server does then.
import { describe, expect, it } from 'vitest';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { netErrors } from '../../../../src/core/net/errors.ts';
import { rejected } from '../../../tools/thrown.ts';
import { type Answer, hooksOf, settled, world } from './world.ts';

const settings = hooksOf('on_publish http://one/a?x=1 https://two/b; on_unpublish http://one/u;');

describe('an answer of a callback server', () => {
  const outcomes: readonly (readonly [string, Answer, string | undefined])[] = [
    ['0', { text: '0' }, undefined],
    ['0 and a line end', { text: ' 0\n' }, undefined],
    ['code 0', { text: '{"code":0}' }, undefined],
    ['code 0 and more', { text: '{"code":0,"data":{"x":[1]}}' }, undefined],
    ['201', { status: 201, text: '0' }, undefined],
    ['1', { text: '1' }, 'HOOKS_REFUSED'],
    ['-1', { text: '-1' }, 'HOOKS_REFUSED'],
    ['code 403', { text: '{"code":403,"msg":"no"}' }, 'HOOKS_REFUSED'],
    ['nothing', { text: '' }, 'HOOKS_ANSWER'],
    ['blanks', { text: ' \n' }, 'HOOKS_ANSWER'],
    ['text', { text: '"0"' }, 'HOOKS_ANSWER'],
    ['a list', { text: '[0]' }, 'HOOKS_ANSWER'],
    ['null', { text: 'null' }, 'HOOKS_ANSWER'],
    ['true', { text: 'true' }, 'HOOKS_ANSWER'],
    ['a fraction', { text: '0.5' }, 'HOOKS_ANSWER'],
    ['no code', { text: '{"data":0}' }, 'HOOKS_ANSWER'],
    ['code as text', { text: '{"code":"0"}' }, 'HOOKS_ANSWER'],
    ['a page', { text: '<html>' }, 'HOOKS_ANSWER'],
    ['deep nesting', { text: '['.repeat(60_000) }, 'HOOKS_ANSWER'],
    ['64 KiB', { text: `0${' '.repeat(64 * 1024 - 1)}` }, undefined],
    ['more than 64 KiB', { text: `0${' '.repeat(64 * 1024)}` }, 'HOOKS_ANSWER'],
    ['500', { status: 500, text: '0' }, 'HOOKS_STATUS'],
    ['404', { status: 404, text: '0' }, 'HOOKS_STATUS'],
    ['204', { status: 204, text: '' }, 'HOOKS_STATUS'],
    ['a redirect', { status: 302, text: '0' }, 'HOOKS_STATUS'],
    ['a broken body', 'body breaks', 'HOOKS_FAILED'],
    ['nobody there', netErrors.system('REFUSED', { at: 'one' }), 'HOOKS_FAILED'],
    ['a time-out of the net', netErrors.system('TIMEOUT', { at: 'one' }), 'HOOKS_LATE'],
    ['a bug', new TypeError('x'), 'HOOKS_FAILED'],
  ];

  it.each(outcomes)('%s', async (_, answer, code) => {
    const { admit, answers, bodies } = world({ settings });
    answers.of = () => answer;

    expect(await rejected(admit())).toBe(code);
    expect(bodies.every(({ closed }) => closed)).toBe(true);
  });

  it.each(['hang', 'body hangs'] as const)('that never comes (%s) is waited for 28 s and no longer', async (answer) => {
    const { admit, answers, clock, asked } = world({ settings });
    answers.of = () => answer;
    const code = rejected(admit());
    await settled();
    clock.advance(fromMs(27_999));
    await settled();
    expect(asked).toHaveLength(1);

    clock.advance(fromMs(1));
    expect(await code).toBe('HOOKS_LATE');
    expect(clock.pending).toBe(0);
  });

  it('has the time that the vhost says, all URLs together', async () => {
    const { admit, answers, clock, asked } = world({
      settings: hooksOf('hooks_timeout 500; on_publish http://one/ http://two/;'),
    });
    answers.of = ({ url }) => {
      if (url === 'http://two/') return 'hang';
      clock.advance(fromMs(300));
      return { text: '0' };
    };
    const code = rejected(admit());
    await settled();
    clock.advance(fromMs(200));

    expect(await code).toBe('HOOKS_LATE');
    expect(asked).toHaveLength(2);
  });
});

describe('a hook that is asked', () => {
  it('goes to each URL, one after the other, with the headers of SRS', async () => {
    const { admit, asked } = world({ settings });
    await admit();

    expect(asked.map(({ url }) => url)).toEqual(['http://one/a?x=1', 'https://two/b']);
    expect(asked.map(({ method }) => method)).toEqual(['POST', 'POST']);
    expect(Object.keys(asked[0]?.headers ?? {})).toEqual([
      'Connection',
      'Content-Length',
      'Content-Type',
      'User-Agent',
    ]);
    expect(asked[0]?.headers).toMatchObject({
      ...{ Connection: 'Keep-Alive', 'Content-Length': Buffer.byteLength(asked[0]?.text ?? '') },
      ...{ 'Content-Type': 'application/json', 'User-Agent': expect.stringMatching(/^SRS\/7\.\d+\.\d+\(/) },
    });
  });

  it('stops at the first URL that does not say yes', async () => {
    const { admit, asked, answers } = world({ settings });
    answers.of = () => ({ text: '1' });

    expect(await rejected(admit())).toBe('HOOKS_REFUSED');
    expect(asked).toHaveLength(1);
  });

  it('does not go to what is no web address', async () => {
    for (const url of ['ftp://h/', 'h/x', 'file:///etc/passwd']) {
      const { admit, asked } = world({ settings: hooksOf(`on_publish ${url};`) });
      expect(await rejected(admit())).toBe('HOOKS_URL');
      expect(asked).toEqual([]);
    }
  });

  it('is that of the settings in force', async () => {
    const { admit, asked, reload, open } = world({ settings });
    const { entry } = await open();
    reload(hooksOf('on_publish http://three/; on_unpublish http://three/u;'));
    await admit({ name: { vhost: 'any', app: 'live', stream: 'b' } });
    entry.close();
    reload('vhost __defaultVhost__ { http_hooks { enabled off; on_publish http://four/; } }');
    await admit();
    await settled();

    expect(asked.map(({ url }) => url)).toEqual(['http://one/a?x=1', 'https://two/b', 'http://three/']);
  });

  it('waits in line when a URL has 128 requests under way', async () => {
    const { admit, answers, asked, clock } = world({
      settings: hooksOf('on_play http://slow/; on_publish http://fast/;'),
    });
    answers.of = ({ url }) => (url === 'http://slow/' ? 'hang' : { text: '0' });
    const players = Array.from({ length: 200 }, () => rejected(admit({ action: 'play' })));
    await settled();
    expect(asked).toHaveLength(128);

    expect(await rejected(admit())).toBeUndefined();
    clock.advance(fromSeconds(28));
    expect(new Set(await Promise.all(players))).toEqual(new Set(['HOOKS_LATE']));
    expect(asked).toHaveLength(129);
  });

  it('is refused when the line is full', async () => {
    const { admit, answers, clock } = world({
      settings: hooksOf('on_play http://slow/;'),
      lanes: { active: 2, waiting: 3 },
    });
    answers.of = () => 'hang';
    const players = Array.from({ length: 7 }, () => rejected(admit({ action: 'play' })));
    await settled();
    clock.advance(fromSeconds(28));
    const codes = await Promise.all(players);

    expect(codes.filter((code) => code === 'HOOKS_BUSY')).toHaveLength(2);
    expect(codes.filter((code) => code === 'HOOKS_LATE')).toHaveLength(5);
    answers.of = () => ({ text: '0' });
    expect(await rejected(admit({ action: 'play' }))).toBeUndefined();
  });

  it('goes on in line as answers come', async () => {
    const { admit, asked } = world({ settings: hooksOf('on_play http://slow/;') });
    const players = Array.from({ length: 500 }, () => rejected(admit({ action: 'play' })));

    expect(new Set(await Promise.all(players))).toEqual(new Set([undefined]));
    expect(asked).toHaveLength(500);
  });
});

describe('a hook that is told', () => {
  it('never holds up the end of a session, and its failure is in the log', async () => {
    const { publish, answers, lines, sessions, hub } = world({ settings });
    const { entry, publication } = await publish();
    answers.of = () => ({ status: 500, text: '' });
    publication.end();
    entry.close();

    expect([sessions.size, hub.size]).toEqual([0, 0]);
    await settled();
    expect(lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields['code'])).toEqual(['HOOKS_STATUS']);
  });

  it('comes in order for each client: on_stop before on_close, and not mixed with other clients', async () => {
    const { open, hooks, actions, answers } = world({
      settings: hooksOf('on_connect http://h/c; on_stop http://h/s http://h/s2; on_close http://h/x;'),
    });
    const connection = hooks.connection({ host: '10.0.0.9', port: 5 });
    const { entry } = await open({ action: 'play', connection });
    answers.of = ({ url }) => (url === 'http://h/s' ? { text: '1' } : { text: '0' });
    entry.close();
    connection.close({ sent: 5, received: 6 });
    await settled();

    expect(actions()).toEqual(['on_connect', 'on_stop', 'on_stop', 'on_close']);
  });

  it('is left out when a thousand wait for one client', async () => {
    const { hooks, answers, asked, lines } = world({ settings: hooksOf('on_dvr http://h/d;') });
    answers.of = () => 'hang';
    const file = { name: { vhost: 'x', app: 'live', stream: 'a' }, cwd: '/', file: 'f', sizeBytes: 1, duration: 1 };
    for (let i = 0; i < 1010; i++) hooks.dvr(file);
    await settled();

    expect(asked).toHaveLength(1);
    expect(lines.filter(({ text }) => text.startsWith('too much'))).toHaveLength(10);
  });

  it('has some seconds when the server stops', async () => {
    const { open, answers, clock, hooks, asked } = world({ settings: hooksOf('on_stop http://h/s;') });
    const { entry } = await open({ action: 'play' });
    answers.of = () => 'hang';
    entry.close();
    let closed = false;
    const closing = hooks.close().then(() => {
      closed = true;
    });
    await settled();
    expect([asked.length, closed]).toEqual([1, false]);

    clock.advance(fromSeconds(3));
    await closing;
    expect(closed).toBe(true);
  });
});

describe('files', () => {
  const settings = hooksOf(
    'on_dvr http://h/dvr; on_hls http://h/hls; on_hls_notify http://h/n/[app]/[stream]/[ts_url][param]; on_publish http://h/p;',
  );
  const name = { vhost: '__defaultVhost__', app: 'live', stream: 'a' };
  const segment = {
    ...{ name, file: './live/a-0.ts', url: 'live/a-0.ts', m3u8: './live/a.m3u8', m3u8Url: 'live/a.m3u8' },
    ...{ sequence: 7, duration: fromSeconds(2) },
  };
  const file = { name, cwd: '/srv', file: './a.flv', sizeBytes: 1, duration: 1 };

  it('are told with their publisher, also when it has left or another one was refused', async () => {
    const { publish, hooks, asked } = world({ settings });
    const { grant, entry, publication } = await publish();
    await rejected(publish({ param: '?other' }));
    publication.end();
    entry.close();
    hooks.hls(segment);
    hooks.dvr(file);
    await settled();

    expect(asked.slice(2).map(({ body }) => [body['action'], body['client_id'], body['param']])).toEqual([
      ['on_hls', grant.id, '?k=v'],
      ['on_dvr', grant.id, '?k=v'],
    ]);
  });

  it('of a stream that nobody published over a protocol have no client, nor one that was refused before', async () => {
    const { hooks, asked, publish, hub } = world({ settings });
    const { entry, publication } = await publish();
    await rejected(publish());
    publication.end();
    entry.close();
    hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
    hooks.hls(segment);
    await settled();

    expect(asked.at(-1)?.body).toMatchObject({ action: 'on_hls', client_id: '', stream: 'a', seq_no: 7, duration: 2 });
  });

  it('are fetched by on_hls_notify, whose answer may be anything', async () => {
    const { hooks, asked, answers, lines, publish } = world({ settings });
    await publish();
    answers.of = () => ({ text: 'x'.repeat(100_000) });
    hooks.hlsNotify(segment);
    await settled();

    expect(asked[1]).toMatchObject({ method: 'GET', url: 'http://h/n/live/a/a-0.ts?k=v', text: '' });
    expect(asked[1]?.headers).toMatchObject({ 'Content-Length': 0 });
    expect(lines).toEqual([]);
  });
});

describe('a forward backend', () => {
  const name = { vhost: '__defaultVhost__', app: 'live', stream: 'a' };
  const at = (url: string): string => `vhost __defaultVhost__ { forward { enabled on; backend ${url}; } }`;

  it('says where to', async () => {
    const { hooks, answers, asked, publish } = world({ settings: at('http://h/f') });
    answers.of = () => ({ text: '{"code":0,"data":{"urls":["rtmp://x/live/a","rtmp://y/live/b"]}}' });
    const { grant } = await publish();

    expect(await hooks.forward(name)).toEqual(['rtmp://x/live/a', 'rtmp://y/live/b']);
    expect(asked[0]?.body).toMatchObject({ action: 'on_forward', client_id: grant.id });
  });

  it.each([
    ['{"code":0}', []],
    ['0', []],
    ['{"code":0,"data":null}', []],
    ['{"code":0,"data":{"urls":[]}}', []],
  ])('that answers %s means nowhere', async (text, urls) => {
    const { hooks, answers } = world({ settings: at('http://h/f') });
    answers.of = () => ({ text });

    expect(await hooks.forward(name)).toEqual(urls);
  });

  it.each([
    '{"code":1}',
    JSON.stringify({ code: 0, data: { urls: Array(65).fill('rtmp://x/a/b') } }),
    '{"code":0,"data":{"urls":"x"}}',
    '{"code":0,"data":{"urls":[1]}}',
    'x',
  ])('that answers %s has failed', async (text) => {
    const { hooks, answers } = world({ settings: at('http://h/f') });
    answers.of = () => ({ text });

    expect(await rejected(hooks.forward(name))).toMatch(/^HOOKS_/);
  });

  it('that is not written is not asked', async () => {
    const { hooks, asked } = world();

    expect(await hooks.forward(name)).toEqual([]);
    expect(asked).toEqual([]);
  });
});

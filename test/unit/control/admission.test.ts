// Who may publish and play: vhosts, terms, the order of the questions, and the ends of what was admitted.
import { describe, expect, it } from 'vitest';
import { fromMs, fromSeconds } from '../../../src/core/base/time.ts';
import { streamSettings } from '../../../src/core/control/stream-settings.ts';
import { rejected, thrown } from '../../tools/thrown.ts';
import { hooksOf, settled, world } from './hooks/world.ts';

describe('a vhost', () => {
  const settings = `vhost a.com { play { mw_latency 100; } publish { firstpkt_timeout 7000; normal_timeout 800; } }
    vhost off.com { enabled off; } vhost low.com { min_latency on; } vhost odd.com { publish { normal_timeout x; } }`;
  const at = (vhost: string) => ({ name: { vhost, app: 'live', stream: 'a' } });

  it('gives its own name and terms', async () => {
    expect(await world({ settings }).admit(at('a.com'))).toMatchObject({
      name: { vhost: 'a.com', app: 'live', stream: 'a' },
      policy: 'refuse',
      mergeWindow: fromMs(100),
      firstMediaTime: fromSeconds(7),
      silentTime: fromMs(800),
    });
    expect(await world({ settings }).admit(at('low.com'))).toMatchObject({ mergeWindow: 0 });
    expect(await world({ settings }).admit(at('odd.com'))).not.toHaveProperty('silentTime');
  });

  it('that is not there or switched off serves nobody', async () => {
    const { admit } = world({ settings });
    expect(await rejected(admit(at('b.com')))).toBe('ADMISSION_VHOST');
    expect(await rejected(admit(at('')))).toBe('ADMISSION_VHOST');
    expect(await rejected(admit(at('off.com')))).toBe('ADMISSION_VHOST');
    expect(
      await rejected(world({ settings: `${settings} vhost __defaultVhost__ { enabled off; }` }).admit(at('b.com'))),
    ).toBe('ADMISSION_VHOST');
  });

  it('of the default name serves all others, also when it comes with a reload', async () => {
    const { admit, reload } = world({ settings });
    reload(`${settings} vhost __defaultVhost__ {}`);

    expect((await admit(at('b.com'))).name.vhost).toBe('__defaultVhost__');
    expect(await rejected(admit(at('off.com')))).toBe('ADMISSION_VHOST');
  });

  it('says what its streams have', () => {
    const text = `vhost a.com { http_remux { fast_cache 2.5; }
      play { gop_cache off; gop_cache_max_frames 7; queue_length 3; mw_latency 50; } }`;
    const of = streamSettings(world({ settings: text }).settings);

    expect(of(at('a.com').name)).toEqual({
      gopCache: false,
      mergeWindow: fromMs(50),
      timeline: 'full',
      interleave: false,
      soundCache: fromMs(2500),
      limits: { gopFrames: 7, feedSpan: fromSeconds(3) },
    });
    const garbage = world({ settings: 'vhost a.com { http_remux { fast_cache 1e9; } play { mw_latency -5; } }' });
    expect(streamSettings(garbage.settings)(at('a.com').name)).toMatchObject({
      mergeWindow: 0,
      soundCache: fromSeconds(30),
    });
  });
});

describe('the questions', () => {
  const all = `vhost __defaultVhost__ {
    refer { enabled on; all ok.org; play play.ok.org; } security { enabled on; allow play 10.0.0.0/8; }
    http_hooks { enabled on; on_connect http://h/c; on_play http://h/p; on_close http://h/x; } }`;
  const play = { action: 'play', pageUrl: 'http://play.ok.org/' } as const;

  it('are asked in the order of SRS', async () => {
    const { admit, actions, hooks, sessions } = world({ settings: all, sessions: 0 });
    const connection = hooks.connection({ host: '10.0.0.9', port: 5 });
    const codes = [];
    for (const more of [
      { ...play, pageUrl: 'http://bad.org/', name: { vhost: 'x', app: 'live', stream: 'a;b' } },
      { ...play, pageUrl: 'http://bad.org/' },
      { ...play, connection, peer: { host: '11.0.0.1', port: 5 } },
      { ...play, connection, pageUrl: 'http://other.ok.org/' },
      { ...play, connection },
    ]) {
      codes.push(await rejected(admit(more)));
    }

    expect(codes).toEqual(['ADMISSION_NAME', 'REFER_PAGE', 'SECURITY_ALLOW', 'REFER_PAGE', 'ADMISSION_SESSIONS']);
    expect(actions()).toEqual(['on_connect']);
    expect(sessions.failed).toBe(1);
    connection.close({ sent: 1, received: 2 });
    connection.close({ sent: 1, received: 2 });
    await settled();
    expect(actions()).toEqual(['on_connect', 'on_close']);
  });

  it('end with the hook of the action', async () => {
    const { admit, actions } = world({ settings: all });
    await admit(play);

    expect(actions()).toEqual(['on_play']);
  });

  it('of a request that makes no session are those without hooks', async () => {
    const { admit, actions } = world({ settings: all });

    expect(await admit({ ...play, session: false })).not.toHaveProperty('ticket');
    expect(await rejected(admit({ ...play, session: false, peer: { host: '11.0.0.1', port: 5 } }))).toBe(
      'SECURITY_ALLOW',
    );
    expect(actions()).toEqual([]);
  });

  it('are about a client whose id is that of its session', async () => {
    const { open, hooks, asked, sessions } = world({ settings: all });
    const connection = hooks.connection({ host: '10.0.0.9', port: 5 });
    const first = await open({ ...play, connection });
    const named = await open({ ...play, id: 'ctx-1' });
    const again = await open({ ...play, id: 'ctx-1' });

    expect(first.entry.id).toBe(connection.id);
    expect(named.entry.id).toBe('ctx-1');
    expect(again.entry.id).toMatch(/^[0-9a-z]{8}$/);
    expect(asked.map(({ body }) => body['client_id'])).toEqual([
      ...[connection.id, connection.id, 'ctx-1', again.entry.id],
    ]);
    expect(sessions.size).toBe(3);
  });
});

describe('a connection that breaks while it is asked about', () => {
  const settings = hooksOf(
    'on_connect http://h/c; on_close http://h/x; on_publish http://h/p; on_unpublish http://h/u;',
  );
  const at = { host: '10.0.0.9', port: 5 };

  it('is not asked about any more', async () => {
    const { admit, hooks, actions } = world({ settings });
    const connection = hooks.connection(at);
    const admitted = rejected(admit({ connection }));
    connection.close({ sent: 0, received: 0 });

    expect(await admitted).toBe('HOOKS_REFUSED');
    await settled();
    expect(actions()).toEqual(['on_connect', 'on_close']);
    expect(await rejected(admit({ connection }))).toBe('HOOKS_REFUSED');
    expect(actions()).toEqual(['on_connect', 'on_close']);
  });

  it('is told as closed after its stream is told as over', async () => {
    const { admit, hooks, actions, answers } = world({ settings });
    const connection = hooks.connection(at);
    answers.of = ({ url }) => {
      if (url === 'http://h/p') connection.close({ sent: 0, received: 0 });
      return { text: '0' };
    };
    const grant = await admit({ connection });
    await settled();
    expect(actions()).toEqual(['on_connect', 'on_publish']);

    grant.ticket?.end();
    await settled();
    expect(actions()).toEqual(['on_connect', 'on_publish', 'on_unpublish', 'on_close']);
  });
});

describe('what was admitted', () => {
  const settings = hooksOf('on_publish http://h/p; on_unpublish http://h/u; on_play http://h/y; on_stop http://h/s;');

  it('ends once, whatever is closed how often', async () => {
    const { publish, open, actions } = world({ settings });
    const { entry, publication, grant } = await publish();
    const player = await open({ action: 'play' });
    publication.end();
    for (let i = 0; i < 3; i++) {
      entry.close();
      grant.ticket?.end();
      player.entry.close();
    }
    await settled();

    expect(actions()).toEqual(['on_publish', 'on_play', 'on_unpublish', 'on_stop']);
  });

  it('ends by itself when no session begins', async () => {
    const { admit, actions, clock } = world({ settings });
    await admit({ action: 'play' });
    await admit();
    clock.advance(fromSeconds(9));
    await settled();
    expect(actions()).toEqual(['on_play', 'on_publish']);

    clock.advance(fromSeconds(1));
    await settled();
    expect(actions()).toEqual(['on_play', 'on_publish', 'on_stop', 'on_unpublish']);
  });

  it('cannot begin after it ended by itself, ADMISSION_LATE', async () => {
    const { admit, actions, clock, sessions } = world({ settings });
    const grant = await admit();
    clock.advance(fromSeconds(10));
    const info = { ...{ protocol: 'x', type: 'x', publish: true, peer: { host: '', port: 0 }, name: grant.name } };
    const rest = { shownName: '', tcUrl: '', pageUrl: '', swfUrl: '', end: () => undefined };

    expect(thrown(() => sessions.open({ ...info, ...rest }, grant))).toBe('ADMISSION_LATE');
    await settled();
    expect(actions()).toEqual(['on_publish', 'on_unpublish']);
    expect(sessions.size).toBe(0);
  });

  it('does not end by itself when there is a session', async () => {
    const { publish, actions, clock } = world({ settings });
    await publish();
    clock.advance(fromSeconds(3600));
    await settled();

    expect(actions()).toEqual(['on_publish']);
    expect(clock.pending).toBe(0);
  });

  it('ends when the limit of sessions is reached meanwhile', async () => {
    const { admit, sessions, actions, open } = world({ settings, sessions: 1 });
    const grant = await admit({ action: 'play' });
    await open({ action: 'play' });
    const info = { ...{ protocol: 'x', type: 'x', publish: false, peer: { host: '', port: 0 }, name: grant.name } };
    const rest = { shownName: '', tcUrl: '', pageUrl: '', swfUrl: '', end: () => undefined };
    expect(() => sessions.open({ ...info, ...rest }, grant)).toThrow('limit of 1 sessions');
    await settled();

    expect(actions()).toEqual(['on_play', 'on_play', 'on_stop']);
  });

  it('and finds its name taken is not told as unpublished, so that the live stream is not taken for gone', async () => {
    const { publish, actions, hub } = world({ settings });
    const first = await publish();
    expect(await rejected(publish())).toBe('STREAM_BUSY');
    await settled();
    expect(actions()).toEqual(['on_publish', 'on_publish']);

    first.publication.end();
    first.entry.close();
    await settled();
    expect(actions()).toEqual(['on_publish', 'on_publish', 'on_unpublish']);
    expect(hub.size).toBe(0);
  });

  it('and is taken over is told as unpublished', async () => {
    const { publish, asked, actions } = world({ settings, policy: 'takeover' });
    const first = await publish();
    await publish();
    await settled();

    expect(actions()).toEqual(['on_publish', 'on_publish', 'on_unpublish']);
    expect(asked[2]?.body['client_id']).toBe(first.grant.id);
  });
});

describe('another server of the cluster', () => {
  const settings = hooksOf('on_publish http://h/p; on_unpublish http://h/u;');
  const no = async (): Promise<never> => {
    throw new Error('no');
  };
  const yes = async (): Promise<undefined> => undefined;

  it('is asked before hooks, and again after them', async () => {
    const before = world({ settings, cluster: { enter: no, take: yes } });
    await rejected(before.admit());
    expect(before.actions()).toEqual([]);

    const after = world({ settings, cluster: { enter: yes, take: no } });
    await rejected(after.admit());
    await settled();
    expect(after.actions()).toEqual(['on_publish', 'on_unpublish']);
  });

  it('hears of the end of a session once, also when none began', async () => {
    const closed: string[] = [];
    const take = async (_: unknown, __: unknown, id: string) => ({ close: () => void closed.push(id) });
    const { open, admit, clock } = world({ settings, cluster: { enter: yes, take } });
    const { entry } = await open();
    expect(closed).toEqual([]);
    entry.close();
    entry.close();
    expect(closed).toEqual([entry.id]);

    const { id } = await admit();
    clock.advance(fromSeconds(10));
    expect(closed).toEqual([entry.id, id]);
  });
});

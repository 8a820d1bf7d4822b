// The contract with SRS's clients: captured answers compared key by key and type by type, both ways.
import { describe, expect, it } from 'vitest';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { beside, captured } from './captured.ts';
import { configText, World } from './world.ts';

/** `path type` of every leaf. */
function leaves(value: unknown, path = ''): string[] {
  if (value === null || typeof value !== 'object')
    return [`${path.slice(1)} ${value === null ? 'null' : typeof value}`];
  const list = Object.entries(value).flatMap(([key, member]) => leaves(member, `${path}.${key}`));
  return list.length > 0 ? list : [`${path.slice(1)} empty`];
}

const world = (): World => new World({}, settingsOf(configText('raw_api { enabled on; allow_reload on; }')));

describe('captured answers', () => {
  it.each(Object.keys(captured))('%s has the keys and types of SRS, and no others', async (path) => {
    const { status, json, headers } = await world().ask(path);

    const mine = leaves(json).filter((leaf) => !beside.has(leaf.split(' ')[0] ?? ''));
    // One client and one stream stand for all of the list.
    const first = mine.filter((leaf) => !/^(clients|streams|vhosts)\.[1-9]/.test(leaf));
    expect(status).toBe(200);
    expect(headers['Content-Type']).toBe('application/json');
    expect(first.toSorted()).toEqual(leaves(captured[path]).toSorted());
  });

  it('are in the order of SRS, so that texts can be compared', async () => {
    const { body } = await world().ask('/api/v1/streams/');

    expect(body).toMatch(
      /^\{"code":0,"server":"vid-[0-9a-z]{7}","service":"[0-9a-z]{8}","pid":"18579","streams":\[\{"id":"vid-[0-9a-z]{7}","name":"livestream","vhost":"vid-/,
    );
    expect(body).toContain('"kbps":{"recv_30s":0,"send_30s":0},"publish":{"active":true,"cid":"');
  });

  it('say floats with two decimals', async () => {
    expect((await world().ask('/api/v1/vhosts/')).body).toContain('"hls":{"enabled":true,"fragment":4.00}');
    expect((await world().ask('/api/v1/summaries')).body).toContain('"ilde_time":5843.35');
  });
});

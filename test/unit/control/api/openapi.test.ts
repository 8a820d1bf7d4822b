// The OpenAPI document: valid, and true of the answers.
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../../../src/core/control/api/endpoints.ts';
import { endpoints } from '../../../../src/core/control/api/endpoints.ts';
import { answerSchema, openApi } from '../../../../src/core/control/api/openapi.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { configText, World } from './world.ts';

const ajv = new Ajv2020({ allErrors: true, strict: true });
const list: readonly Endpoint[] = endpoints;

describe('the document', () => {
  it('is served as JSON', async () => {
    const { json, headers } = await new World().ask('/api/v1/openapi.json');

    expect(headers['Content-Type']).toBe('application/json');
    expect(json).toEqual(JSON.parse(JSON.stringify(openApi('0.1.0'))));
    expect(json).toMatchObject({ openapi: '3.1.0', info: { title: 'srsx', version: '0.1.0' } });
  });

  it('names every endpoint once, with schemas that compile', () => {
    const paths = openApi('1')['paths'] as Record<string, Record<string, { operationId: string }>>;
    const ids = Object.values(paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId));

    expect(ids.toSorted()).toEqual(list.map(({ name }) => name).toSorted());
    expect(new Set(ids).size).toBe(ids.length);
    for (const endpoint of list) {
      const schema = answerSchema(endpoint);
      if (schema !== undefined) expect(ajv.compile(schema), endpoint.name).toBeTypeOf('function');
    }
  });

  it('refers only to what is in it', () => {
    const text = JSON.stringify(openApi('1'));

    expect([...text.matchAll(/"\$ref":"([^"]*)"/g)].map(([, ref]) => ref)).toEqual(
      expect.arrayContaining(['#/components/schemas/Failure']),
    );
    expect(text).not.toMatch(/"\$ref":"(?!#\/components\/schemas\/Failure")/);
  });
});

describe('each answer', () => {
  it.each(list.filter((endpoint) => answerSchema(endpoint) !== undefined && !/Setting$|kick/.test(endpoint.name)))(
    'of $method $path is what the document says',
    async (endpoint) => {
      const world = new World({}, settingsOf(configText('raw_api { enabled on; }')));
      world.hub.stream({ vhost: '__defaultVhost__', app: 'live', stream: 'empty' }).tap(() => undefined);
      const [first] = [...world.hub.streams()];
      const ids: Record<string, string> = {
        stream: world.stats.of(first!).id,
        healthOne: world.stats.of(first!).id,
        vhost: world.stats.vhost('__defaultVhost__').id,
        client: [...world.sessions.list()][0]!.id,
        session: [...world.sessions.list()][0]!.id,
        setting: 'vhost.hls.hls_fragment',
      };
      const query = { raw: '?rpc=raw', clusters: '?app=live&stream=livestream' }[endpoint.name] ?? '';
      const path = endpoint.path.replace('{id}', ids[endpoint.name] ?? '') + query;

      const { status, json } = await world.ask(path, { method: endpoint.method });

      const validate = ajv.compile(answerSchema(endpoint)!);
      expect(status).toBe(200);
      validate(json);
      expect(validate.errors).toBeNull();
    },
  );

  it('would be found out if it were something else', () => {
    const validate = ajv.compile(answerSchema(list.find(({ name }) => name === 'versions')!)!);

    expect(validate({ code: 0, server: 'a', service: 'b', pid: 'c', data: { major: '7' } })).toBe(false);
    expect(validate({ code: 0, server: 'a', service: 'b', pid: 'c', data: {}, extra: 1 })).toBe(false);
  });
});

// POST /gb/v1/publish/, for SIP servers of other programs.
import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../../../src/core/base/bytes.ts';
import { cameraId, RtpWriter } from '../../../tools/gb-camera.ts';
import { both, program } from '../../format/ts/media.ts';
import { FakeExchange, settled } from '../http-flv/fakes.ts';
import { config, type World, world } from './world.ts';

const second = program({ seconds: 1 });
const external = config().replace('enabled on; listen 5060;', 'enabled off;');

async function ask({ server }: World, body: string, path = '/gb/v1/publish/') {
  const exchange = new FakeExchange(path, { method: 'POST' });
  const taken = server.answer(exchange);
  await settled();
  if (exchange.bodyAsked) {
    exchange.upload.onData(utf8(body));
    exchange.upload.onClose(undefined);
  }
  return { exchange, taken: await taken };
}

const wish = (id = cameraId, ssrc = '1234567890'): string => JSON.stringify({ id, ssrc });

describe('the API to publish', () => {
  it('expects the SSRC at the media port, and publishes it', async () => {
    const here = await world({ text: external });
    const { exchange } = await ask(here, wish());

    expect([exchange.status, exchange.text]).toEqual([200, '{"code":0,"port":9000,"is_tcp":true}']);
    const media = here.connect(9000, '192.0.2.64');
    const rtp = new RtpWriter(1234567890);
    media.onData(concat(second.map((frame) => rtp.frame(frame, both))));
    await settled();
    expect(here.published()).toBe(true);

    media.close();
    expect([here.frames.length, here.server.receivers.size, here.clock.pending]).toEqual([second.length, 0, 0]);
    expect((await ask(here, wish())).exchange.json).toMatchObject({ code: 0 });
  });

  it('says StreamBusy while the id or the SSRC is expected, and frees them after media_connect_timeout', async () => {
    const here = await world({ text: external });
    await ask(here, wish());
    const busy = { code: 1028, desc: 'StreamBusy' };

    expect((await ask(here, wish())).exchange.json).toEqual(busy);
    expect((await ask(here, wish('other'))).exchange.json).toEqual(busy);
    expect((await ask(here, wish(cameraId, '5'))).exchange.json).toEqual(busy);
    here.advance(9500);
    expect((await ask(here, wish())).exchange.json).toEqual(busy);
    here.advance(750);
    expect((await ask(here, wish())).exchange.json).toMatchObject({ code: 0 });
    expect(here.lines.some(({ fields }) => fields?.['code'] === 'GB_BUSY')).toBe(true);
  });

  it.each([
    { name: 'no body', body: '' },
    { name: 'no JSON', body: 'id=1' },
    { name: 'a number', body: '1' },
    { name: 'null', body: 'null' },
    { name: 'no ssrc', body: '{"id":"1"}' },
    { name: 'an SSRC that is a number', body: '{"id":"1","ssrc":5}' },
    { name: 'an SSRC above 32 bits', body: wish('1', '4294967296') },
    { name: 'an SSRC in hexadecimal', body: wish('1', '0x10') },
    { name: 'a negative SSRC', body: wish('1', '-1') },
    { name: 'an id that leaves its folder', body: wish('../1') },
    { name: 'an id with a query', body: wish('1?vhost=x') },
    { name: 'an id that is empty', body: wish('') },
    { name: 'more than 4 KiB', body: wish('1'.repeat(5000)) },
  ])('refuses $name with 3008 and status 200: GB_REQUEST', async ({ body }) => {
    const here = await world({ text: external });
    const { exchange } = await ask(here, body);

    expect([exchange.status, exchange.json]).toEqual([200, { code: 3008, desc: 'HttpResponseData' }]);
    expect(here.lines.some(({ fields }) => fields?.['code'] === 'GB_REQUEST')).toBe(true);
    expect(here.server.receivers.size).toBe(0);
  });

  it('takes SSRCs of 32 bits, which SRS reads as negative ones', async () => {
    const here = await world({ text: external });
    await ask(here, wish('1', '4294967295'));

    expect(here.server.receivers.find(4294967295)?.id).toBe('1');
  });

  it('has the path with its slash and without, and no other', async () => {
    const here = await world({ text: external });

    expect((await ask(here, wish('1', '1'), '/gb/v1/publish')).exchange.json).toMatchObject({ code: 0 });
    expect((await ask(here, wish('2', '2'), '/gb/v1/publish/x')).taken).toBe(false);
  });

  it('gives up a body that does not come', async () => {
    const here = await world({ text: external });
    const exchange = new FakeExchange('/gb/v1/publish/', { method: 'POST' });
    const taken = here.server.answer(exchange);
    here.advance(10_250);
    await taken;

    expect(exchange.json).toMatchObject({ code: 3008 });
  });

  it('is bounded by the limit of sessions', async () => {
    const here = await world({ text: external, limits: { sessions: 1 } });
    await ask(here, wish('1', '1'));

    expect((await ask(here, wish('2', '2'))).exchange.json).toEqual({ code: 1074, desc: 'ConnectionsExceed' });
  });

  it('leaves nothing behind when the server ends', async () => {
    const here = await world({ text: external });
    await ask(here, wish());
    here.server.close();

    expect([here.clock.pending, here.server.receivers.size]).toEqual([0, 0]);
  });
});

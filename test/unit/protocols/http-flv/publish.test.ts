// Publishing by POST: good and bad bodies, and the answer of each end.
import { describe, expect, it } from 'vitest';
import { concat, fromHex, utf8 } from '../../../../src/core/base/bytes.ts';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import { aacTrack, audio, h264Track, live, video } from '../../../tools/builders.ts';
import { chop } from '../../../tools/chop.ts';
import { flvFile, liveName, publish, settled, setUp } from './fakes.ts';

const frames = live({ seconds: 2 });
const file = flvFile(frames);
const post = { method: 'POST' } as const;

describe('a publisher', () => {
  it.each([1, 7, 100, 1_000_000])('gives its frames to the stream, in pieces of %i bytes', async (size) => {
    const world = await setUp();
    const player = await world.ask('/live/a.flv', { chunked: false });
    const exchange = await world.ask('/live/a.flv', post);

    for (const piece of chop(file, size)) exchange.upload.onData(piece);
    exchange.upload.onClose(undefined);
    world.advance(250);

    expect([exchange.status, exchange.json]).toEqual([200, { code: 0 }]);
    expect(Buffer.compare(player.link.bytes, file)).toBe(0);
    expect(player.link.closed).toBe(true);
    expect([world.host.sessions.size, world.wheel.size, world.hub.size]).toEqual([0, 0, 0]);
  });

  it('is not read before the admission has answered', async () => {
    const gate = Promise.withResolvers<void>();
    const world = await setUp({
      admission: {
        admit: async ({ name }) => {
          await gate.promise;
          return { name, policy: 'refuse', mergeWindow: 0 };
        },
      },
    });
    const exchange = await world.ask('/live/a.flv', post);
    expect(exchange.bodyAsked).toBe(false);

    gate.resolve();
    await settled();

    expect(exchange.bodyAsked).toBe(true);
    expect([...world.host.sessions.list()][0]?.info).toMatchObject({ type: 'flv-publish', publish: true });
  });

  it('with sound only, as its metadata says, is played at once', async () => {
    const world = await setUp();
    const player = await world.ask('/live/a.flv', { chunked: false });
    const exchange = await world.ask('/live/a.flv', post);

    exchange.upload.onData(flvFile([audio({ at: 0 })], [aacTrack]));

    expect(player.link.bytes.length).toBeGreaterThan(13);
  });

  it('that ends before its tracks are known loses nothing', async () => {
    const world = await setUp();
    const player = await world.ask('/live/a.flv', { chunked: false });
    const exchange = await world.ask('/live/a.flv', post);
    const whole = flvFile([video({ at: 0, key: true })], [h264Track]);
    // Without metadata sound might still come.
    const metadataBytes = 11 + (((whole[14] ?? 0) << 16) | ((whole[15] ?? 0) << 8) | (whole[16] ?? 0)) + 4;

    exchange.upload.onData(concat([whole.subarray(0, 13), whole.subarray(13 + metadataBytes)]));
    expect(player.link.sent).toHaveLength(0);
    exchange.upload.onClose(undefined);

    expect(player.link.bytes.length).toBeGreaterThan(100);
  });

  it('that sends bad tags goes on, and they are reported', async () => {
    const world = await setUp();
    const exchange = await world.ask('/live/a.flv', post);

    exchange.upload.onData(flvFile([]));
    exchange.upload.onData(fromHex('0f 00 00 00 00 00 00 00 00 00 00 00 00 00 0b'));

    expect(exchange.answered).toBe(false);
    expect(world.lines.at(-1)).toMatchObject({ text: 'leaves parts out', fields: { count: 1, last: 'FLV_TAG_TYPE' } });
  });

  it('is refused with 409 STREAM_BUSY when the name is taken, and the other goes on', async () => {
    const world = await setUp();
    publish(world);

    const exchange = await world.ask('/live/a.flv', post);

    expect([exchange.status, exchange.json]).toEqual([409, expect.objectContaining({ code: 1028 })]);
    expect(world.host.sessions.size).toBe(0);
    expect(world.hub.find(liveName)?.published).toBe(true);
  });

  it('is told 409 STREAM_TAKEN when another takes over', async () => {
    const world = await setUp({ policy: 'takeover' });
    const exchange = await world.ask('/live/a.flv', post);

    publish(world, 'takeover');

    expect([exchange.status, exchange.json]).toEqual([409, expect.objectContaining({ error: 'STREAM_TAKEN' })]);
    expect(exchange.upload.closed).toBe(true);
  });

  it('may be kicked', async () => {
    const world = await setUp();
    const exchange = await world.ask('/live/a.flv', post);

    world.host.sessions.kick([...world.host.sessions.list()][0]?.id ?? '');

    expect(exchange.status).toBe(403);
    expect(world.hub.find(liveName)).toBeUndefined();
  });

  it('that breaks off frees its name', async () => {
    const world = await setUp();
    const exchange = await world.ask('/live/a.flv', post);
    exchange.upload.onData(file.subarray(0, 1000));

    exchange.upload.onClose(new Error('reset'));

    expect(exchange.answered).toBe(false);
    expect([world.host.sessions.size, world.wheel.size, world.hub.size]).toEqual([0, 0, 0]);
  });

  it.each([
    ['no FLV header', utf8('hello, this is no FLV'), 'FLV_HEADER'],
    ['an HTML page', utf8('<html><body></body></html>'), 'FLV_HEADER'],
    [
      'a tag above the limit',
      concat([file.subarray(0, 13), Uint8Array.from([9, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0])]),
      'FLV_TAG_SIZE',
    ],
    ['an end within a tag', file.subarray(0, file.length - 20), 'FLV_CUT'],
    ['nothing', new Uint8Array(0), 'HTTP_FLV_EMPTY'],
  ])('with %s is answered 400', async (_name, body, error) => {
    const world = await setUp({ limits: { messageBytes: 1_000_000 } });
    const exchange = await world.ask('/live/a.flv', post);

    if (body.length > 0) exchange.upload.onData(body);
    if (!exchange.answered) exchange.upload.onClose(undefined);

    expect([exchange.status, exchange.json]).toEqual([400, expect.objectContaining({ error })]);
    expect([world.host.sessions.size, world.hub.size]).toEqual([0, 0]);
  });

  it('without a frame within the time is answered 408 HTTP_FLV_NO_MEDIA', async () => {
    const world = await setUp({ limits: { firstMediaTime: fromSeconds(20) } });
    const exchange = await world.ask('/live/a.flv', post);
    world.advance(10_000);
    exchange.upload.onData(file.subarray(0, 13));
    world.advance(9_750);
    expect(exchange.answered).toBe(false);

    world.advance(500);

    expect([exchange.status, exchange.json]).toEqual([408, expect.objectContaining({ error: 'HTTP_FLV_NO_MEDIA' })]);
  });

  it('that falls silent is answered 408 HTTP_FLV_SILENT', async () => {
    const world = await setUp({ limits: { silentTime: fromSeconds(5) } });
    const exchange = await world.ask('/live/a.flv', post);
    exchange.upload.onData(file);
    world.advance(4750);
    exchange.upload.onData(
      flvFile([video({ at: 3000 })])
        .subarray(13)
        .subarray(0, 5),
    );
    world.advance(4750);
    expect(exchange.answered).toBe(false);

    world.advance(500);

    expect([exchange.status, exchange.json]).toEqual([408, expect.objectContaining({ error: 'HTTP_FLV_SILENT' })]);
    expect(world.hub.find(liveName)).toBeUndefined();
  });

  it('gives up everything when the streams are too many', async () => {
    const world = await setUp({ limits: { streams: 0 } });

    const exchange = await world.ask('/live/a.flv', post);

    expect([exchange.status, world.host.sessions.size]).toEqual([503, 0]);
  });
});

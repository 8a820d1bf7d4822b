// Settings through the API: shown without secrets, changed with checks, kept over a restart.
import { beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../../../../src/core/control/config/config.ts';
import { loadConfig } from '../../../../src/core/control/config/load.ts';
import { OverlayFile } from '../../../../src/core/control/config/overlay-file.ts';
import { LiveSettings } from '../../../../src/core/control/config/settings.ts';
import { MemoryFolder } from '../../../tools/memory-folder.ts';
import { configText, type Reply, World } from './world.ts';

let world: World;
let folder: MemoryFolder;
let environment: Record<string, string>;
/** No credential is asked for. */
const peer = '127.0.0.1';

/** As a server reads its configuration: the file on the disk, or the text that is tried. */
const read = (overlay?: string): Config =>
  loadConfig({
    text: `${configText('overlay o.conf; auth { token s3cret; } ')} rtc_server { ice_servers turn:a u s3cret; }`,
    environment,
    read: (path) => {
      const bytes = folder.files.get(path);
      if (bytes === undefined) throw Object.assign(new Error('nothing'), { code: 'ENOENT' });
      return new TextDecoder().decode(bytes);
    },
    ...(overlay !== undefined && { overlay }),
  });

beforeEach(() => {
  folder = new MemoryFolder('.');
  environment = {};
  const settings = new LiveSettings(read());
  const reload = async (): Promise<void> => settings.replace(read());
  const file = new OverlayFile({ folder, name: 'o.conf', tryOut: (text) => void read(text), reload });
  world = new World({ overlay: () => file, reload }, settings);
});

const put = (path: string, value: unknown, query = ''): Promise<Reply> =>
  world.ask(`/api/srsx/v1/settings/${path}${query}`, { method: 'PUT', body: JSON.stringify({ value }), peer });

describe('a setting', () => {
  it('is shown with its value and where that is from', async () => {
    expect((await world.ask('/api/srsx/v1/settings/vhost.hls.hls_fragment')).json).toMatchObject({
      data: { directive: 'vhost.hls.hls_fragment', value: '4', from: 'srs.conf:2', changed: false },
    });
    const { json } = await world.ask('/api/srsx/v1/settings/');
    expect(json).toMatchObject({
      settings: expect.arrayContaining([expect.objectContaining({ directive: 'rtmp.listen' })]),
    });
  });

  it('is not shown when it is a secret', async () => {
    const { body } = await world.ask('/api/srsx/v1/settings/?all');

    expect(body).not.toContain('s3cret');
    expect(body).toContain('{"directive":"http_api.auth.token","vhost":"","value":"***"');
    expect(body).toContain('{"directive":"rtc_server.ice_servers","vhost":"","value":"turn:a u ***"');
  });

  it('is changed now, and after a restart', async () => {
    const { status, json } = await put('vhost.hls.hls_fragment', 2.5);

    expect(status).toBe(200);
    expect(world.clock.pending).toBe(0);
    expect(json).toMatchObject({ data: { value: '2.5', from: 'o.conf:4', changed: true } });
    expect(world.settings.vhost('__defaultVhost__').get('vhost.hls.hls_fragment')).toBe(2.5);
    expect(read().vhost('__defaultVhost__')?.get('vhost.hls.hls_fragment')).toBe(2.5);
  });

  it('is changed in the vhost that is named', async () => {
    await put('vhost.hls.enabled', false, '?vhost=b.com');

    expect(world.settings.vhost('b.com').get('vhost.hls.enabled')).toBe(false);
    expect(world.settings.vhost('__defaultVhost__').get('vhost.hls.enabled')).toBe(true);
  });

  it('goes back to what the configuration says', async () => {
    await put('vhost.hls.hls_fragment', 2);

    const { json } = await world.ask('/api/srsx/v1/settings/vhost.hls.hls_fragment', { method: 'DELETE', peer });

    expect(json).toMatchObject({ data: { value: '4', from: 'srs.conf:2', changed: false } });
    const again = await world.ask('/api/srsx/v1/settings/vhost.hls.hls_fragment', { method: 'DELETE', peer });
    expect(again).toMatchObject({ status: 400, json: { error: 'OVERLAY_UNSET' } });
  });
});

describe('a change', () => {
  it.each([
    ['max_connections', -1, 400, 'CONFIG_VALUE'],
    ['rtmp.listen', 'nonsense:x', 400, 'CONFIG_VALUE'],
    ['nosuch', 1, 400, 'CONFIG_ASK'],
    ['max_connections', {}, 400, 'OVERLAY_VALUE'],
    ['vhost.hls.hls_path', '/etc', 403, 'OVERLAY_PROTECTED'],
    ['vhost.exec.publish', 'rm', 403, 'OVERLAY_PROTECTED'],
    ['http_api.auth.enabled', false, 403, 'OVERLAY_PROTECTED'],
    ['vhost.ingest.input.url', 'file:/etc/passwd', 403, 'OVERLAY_PROTECTED'],
    ['vhost.transcode.ffmpeg', '/bin/sh', 403, 'OVERLAY_PROTECTED'],
    ['stream_caster.output', 'rtmp://h/a/b', 403, 'OVERLAY_PROTECTED'],
    ['vhost.http_hooks.on_publish', 'http://169.254.169.254/', 403, 'OVERLAY_CALLS'],
    ['vhost.http_hooks.on_hls', 'http://169.254.169.254/', 403, 'OVERLAY_CALLS'],
    ['vhost.forward.backend', 'http://169.254.169.254/', 403, 'OVERLAY_CALLS'],
    ['vhost.forward.destination', '169.254.169.254:80', 403, 'OVERLAY_CALLS'],
    ['vhost.cluster.origin', '169.254.169.254:80', 403, 'OVERLAY_CALLS'],
    ['heartbeat.url', 'http://169.254.169.254/', 403, 'OVERLAY_CALLS'],
    ['rtc_server.ice_servers', 'stun:169.254.169.254', 403, 'OVERLAY_CALLS'],
    ['vhost.rtc.ice_servers', 'stun:169.254.169.254', 403, 'OVERLAY_CALLS'],
  ])('of %s to %j is refused with %i %s, and nothing is written', async (path, value, status, error) => {
    const answer = await put(path, value);

    expect(answer).toMatchObject({ status, json: { error, message: expect.any(String), advice: expect.any(String) } });
    expect(folder.files.size).toBe(0);
  });

  it('of what a variable says is refused', async () => {
    environment['SRS_MAX_CONNECTIONS'] = '500';
    world.settings.replace(read());

    expect(await put('max_connections', 100)).toMatchObject({ status: 400, json: { error: 'OVERLAY_ENVIRONMENT' } });
  });

  it('of a body that is none is refused', async () => {
    const path = '/api/srsx/v1/settings/max_connections';
    const ask = (body: string): Promise<Reply> => world.ask(path, { method: 'PUT', body, peer });

    expect(await ask('{')).toMatchObject({ status: 400, json: { error: 'API_JSON' } });
    expect(await ask('')).toMatchObject({ status: 400, json: { error: 'API_JSON' } });
    expect(await ask('[1]')).toMatchObject({ status: 400, json: { error: 'API_BODY' } });
    expect(await ask(`{"value":"${'x'.repeat(300_000)}"}`)).toMatchObject({
      status: 400,
      json: { error: 'API_BODY_SIZE' },
    });
  });

  it('that never comes is given up', async () => {
    const answer = world.ask('/api/srsx/v1/settings/max_connections', { method: 'PUT', peer });
    await Promise.resolve();
    world.clock.advance(60_000_000);

    expect(await answer).toMatchObject({ status: 400, json: { error: 'API_BODY_TIME' } });
    expect(world.clock.pending).toBe(0);
  });

  it('of a page of another site is refused', async () => {
    const headers = { origin: 'https://evil.example' };
    const answer = await world.ask('/api/srsx/v1/settings/max_connections', {
      method: 'PUT',
      headers,
      body: '{"value":1}',
    });

    expect(answer.status).toBe(403);
  });

  it('from elsewhere is refused without a credential', async () => {
    const path = '/api/srsx/v1/settings/max_connections';
    const refused = { status: 403, json: { error: 'OVERLAY_CREDENTIAL' } };

    expect(await world.ask(path, { method: 'PUT', body: '{"value":1}', peer: '10.0.0.9' })).toMatchObject(refused);
    expect(await world.ask(path, { method: 'DELETE', peer: '::ffff:10.0.0.9' })).toMatchObject(refused);
    expect(folder.files.size).toBe(0);
  });

  it('is refused where no file is named for it', async () => {
    world = new World();

    expect(await put('max_connections', 1)).toMatchObject({ status: 403, json: { error: 'OVERLAY_OFF' } });
  });

  it('is told when the disk is full', async () => {
    folder.fault = new Error('ENOSPC');

    expect((await put('max_connections', 1)).status).toBe(500);
  });
});

// Markup in everything that a peer may say, looked at in Chromium: the pages of the server, its API as a page, its log.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { playerPages } from '../../src/cli/assets.ts';
import { sinkOf } from '../../src/cli/log-sink.ts';
import { createEngine, Log, type Server } from '../../src/core/index.ts';
import { launchBrowser } from '../tools/browser.ts';
import { type Child, describeWith, sources, start, until } from '../tools/interop.ts';

const markup = '<img/src=x onerror="window.hacked=1"><script>window.hacked=1</script>';
/** Would begin a line of its own, and paint it. */
const forged = 'x\n[2026-01-01 00:00:00.000][ERROR][1][-] forged\u001b[31m';

describeWith(['chromium', 'ffmpeg'], 'markup from peers', () => {
  const lines: string[] = [];
  const log = new Log(
    sinkOf('srs', (line) => lines.push(line)),
    'info',
    [],
  );
  const engine = createEngine({ log });
  let server: Server;
  let browser: Browser;
  let page: Page;
  let publisher: Child;
  let player: Child;
  let dialogs = 0;

  const at = (name: string): string =>
    `127.0.0.1:${server.listeners.find((one) => one.name === name)?.address.port ?? 0}`;

  beforeAll(async () => {
    const local = { listen: ['127.0.0.1:0'] };
    server = await engine.serve({ rtmp: local, http: local, api: local, pages: playerPages() });
    browser = await launchBrowser();
    page = await browser.newPage();
    page.on('dialog', (dialog) => {
      dialogs++;
      void dialog.dismiss();
    });
    publisher = start('ffmpeg', [
      ...'-loglevel error -re -stream_loop -1 -i'.split(' '),
      await sources.h264Aac(),
      ...['-metadata', `title=${markup}`, '-metadata', `encoder=${markup}`],
      ...['-rtmp_swfurl', markup, '-rtmp_flashver', '<script>window.hacked=1</script>'],
      ...['-c', 'copy', '-f', 'flv', `rtmp://${at('rtmp')}/live/fair?${encodeURIComponent(markup)}`],
    ]);
    await until('the publisher', () => [...server.host.hub.streams()].some(({ published }) => published));
    player = start('ffmpeg', [
      ...['-loglevel', 'error', '-rtmp_pageurl', `${forged}${markup}`, '-rtmp_playpath', `fair?${forged}${markup}`],
      ...['-rtmp_app', 'live', '-i', `rtmp://${at('rtmp')}/live`, '-f', 'null', '-'],
    ]);
    await until('the player', () => server.host.sessions.size === 2);
  });

  afterAll(async () => {
    for (const child of [player, publisher]) child.kill('SIGKILL');
    await browser?.close();
    await server.close();
    engine.close();
  });

  const hacked = () => page.evaluate<unknown>('window.hacked');
  const nothingRan = async (): Promise<void> => {
    // An image that is not there has failed by then.
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done, 300)))');
    expect(await hacked()).toBeUndefined();
    expect(dialogs).toBe(0);
  };

  it('is no name of a stream', async () => {
    const to = `rtmp://${at('rtmp')}/live/${encodeURIComponent(markup)}`;
    const { exitCode } = await start('ffmpeg', [
      '-loglevel',
      'error',
      '-re',
      '-i',
      await sources.h264Aac(),
      '-c',
      'copy',
      '-f',
      'flv',
      to,
    ]);

    expect(exitCode).not.toBe(0);
    expect([...server.host.hub.streams()].map(({ name }) => name.stream)).toEqual(['fair']);
  });

  it('is text on the player page, where the API says it, the address or the user', async () => {
    const port = at('api').split(':')[1] ?? '';
    const hostile = {
      app: markup,
      name: markup,
      clients: 1,
      publish: { active: true },
      video: { width: markup, height: markup },
    };
    await page.route('**/api/v1/streams**', async (route) => {
      const answer = await route.fetch();
      const json = (await answer.json()) as { streams: unknown[] };
      await route.fulfill({ response: answer, json: { ...json, streams: [...json.streams, hostile] } });
    });

    await page.goto(
      `http://${at('http')}/?api=${port}&stream=${encodeURIComponent(markup)}&rtmp=${encodeURIComponent(markup)}`,
    );
    await page.getByText(`${markup}/${markup}`).first().waitFor();
    await page.getByLabel('Play another stream').fill(`live/${markup}`);
    await page.getByRole('button', { name: 'Play', exact: true }).click();

    await nothingRan();
    expect(await page.locator('img[onerror]').count()).toBe(0);
    await page.unroute('**/api/v1/streams**');
  });

  it('is text on the page that publishes', async () => {
    const answer = await page.goto(
      `http://${at('http')}/publish.html?stream=${encodeURIComponent(markup)}&codec=${encodeURIComponent(markup)}`,
    );

    expect(answer?.status()).toBe(200);
    await nothingRan();
  });

  it.each([
    '/api/v1/clients/',
    '/api/v1/streams/',
    '/api/srsx/v1/streams/',
    '/api/v1/requests?x=<script>window.hacked=1</script>',
  ])('is data of the API, looked at as a page: %s', async (path) => {
    const answer = await page.goto(`http://${at('api')}${path}`);

    expect(answer?.headers()).toMatchObject({
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
    });
    if (path.includes('clients')) expect(await answer?.text()).toContain('onerror');
    await nothingRan();
  });

  it('is one line of the log, whatever is in it', () => {
    expect(lines.join('')).toMatch(/rtmp-play \/live\/fair|play.*\/live\/fair/);
    expect(lines.join('')).toContain('forged');
    for (const line of lines)
      expect(line).toMatch(/^\[\d{4}-[\d -]+:\d\d:\d\d\.\d{3}\]\[(INFO|WARN|ERROR)\]\[\d+\]\[[\w-]+\][^\p{Cc}]*\n$/u);
  });
});

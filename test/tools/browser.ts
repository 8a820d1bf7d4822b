// Chromium without a screen, for the pages and players that the tests open.
import { type Browser, chromium } from 'playwright-core';

/** Plays without being clicked at, and calls nobody. @param more arguments of its command line. */
export const launchBrowser = (more: readonly string[] = []): Promise<Browser> =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--autoplay-policy=no-user-gesture-required',
      ...more,
    ],
  });

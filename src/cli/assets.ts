// Where the files that come with the package are: pages, the demo sample, the version.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** src/cli and dist/cli are equally deep, so this holds for a build and for a run by type stripping. */
const assets = new URL('../../assets/', import.meta.url);

const require = createRequire(import.meta.url);

/** URL path to file, for the HTTP port: the pages that play and publish, and the one library they use. */
export function playerPages(): Record<string, string | URL> {
  const page = (name: string): URL => new URL(`pages/${name}`, assets);
  return {
    '/': page('index.html'),
    '/index.html': page('index.html'),
    '/assets/page.css': page('page.css'),
    '/assets/page.js': page('page.js'),
    '/assets/player.js': page('player.js'),
    '/assets/streams.js': page('streams.js'),
    '/assets/webrtc.js': page('webrtc.js'),
    '/publish.html': page('publish.html'),
    '/assets/publish.js': page('publish.js'),
    '/assets/icon.svg': page('icon.svg'),
    '/favicon.ico': page('icon.svg'),
    '/assets/mpegts.js': require.resolve('mpegts.js/dist/mpegts.js'),
  };
}

/** The FLV file behind `serve --demo`. */
export const demoSample = fileURLToPath(new URL('demo/sample.flv', assets));

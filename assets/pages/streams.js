// The streams that the page knows: what the API lists, the demo, and names that were played here before.

export const DEMO = 'live/demo';
/** The name that `srsx serve` proposes for a first stream. */
export const FIRST = 'live/livestream';
const MEMORY = 'srsx.streams';
const MOST_REMEMBERED = 10;
/** The API usually listens on the server's own machine only; then an answer comes at once or never. */
const API_PATIENCE_MS = 1500;

/** A stream as the list shows it: `name` is app/stream; `live` is undefined when nobody could be asked. */
const entry = (name, live, facts) => ({ name, live, facts });

/** All known streams, the demo first, and a sentence about where the list is from. */
export async function listStreams(apiPort) {
  const remembered = readMemory();
  const listed = await askApi(apiPort);
  if (listed === undefined) {
    const names = [...new Set([DEMO, ...remembered])];
    const note = 'The API is not reachable from this browser, so these are only names that may be live.';
    return { streams: names.map((name) => entry(name, undefined, '')), note };
  }
  const live = new Map(listed.map((stream) => [stream.name, stream]));
  const names = [...new Set([...live.keys(), ...remembered])].sort(demoFirst);
  const streams = names.map((name) => live.get(name) ?? entry(name, false, 'not live'));
  return { streams, note: streams.length === 0 ? 'Nothing is live. Publish something to the address below.' : '' };
}

/** Keeps a name that somebody typed, newest first. */
export function remember(name) {
  const names = [name, ...readMemory().filter((other) => other !== name)].slice(0, MOST_REMEMBERED);
  try {
    localStorage.setItem(MEMORY, JSON.stringify(names));
  } catch {
    // A private window has no memory: the name is simply typed again.
  }
}

function readMemory() {
  try {
    const names = JSON.parse(localStorage.getItem(MEMORY) ?? '[]');
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string').slice(0, MOST_REMEMBERED) : [];
  } catch {
    return [];
  }
}

const demoFirst = (a, b) => Number(b === DEMO) - Number(a === DEMO) || a.localeCompare(b);

/** The published streams of the server, or undefined when its API does not answer this page. */
async function askApi(port) {
  const url = `${location.protocol}//${location.hostname}:${port}/api/v1/streams?count=100`;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(API_PATIENCE_MS) });
    const { streams } = await answer.json();
    return streams.filter((stream) => stream.publish?.active).map(describe);
  } catch {
    return undefined;
  }
}

function describe({ app, name, clients, video }) {
  const size = video?.width > 0 ? `${video.width}x${video.height}` : '';
  // One of SRS's clients is the publisher.
  const players = Math.max(0, (clients ?? 1) - 1);
  const facts = [size, `${players} ${players === 1 ? 'player' : 'players'}`].filter((text) => text !== '').join(' · ');
  return entry(`${app}/${name}`, true, facts);
}

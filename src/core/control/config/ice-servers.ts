// Servers of STUN and TURN that clients of WebRTC are told of: the words of `ice_servers`.

/** One server, as browsers take it in their `iceServers`. */
export interface IceServer {
  /** `stun:`, `stuns:` (RFC 7064 §3.1), `turn:` or `turns:` (RFC 7065 §3.1). */
  readonly url: string;
  /** Of TURN, which browsers refuse without them. */
  readonly username?: string;
  readonly credential?: string;
}

/** Chosen: browsers warn of five; with many the head of an answer grows, and each client asks all of them. */
const MOST_SERVERS = 16;

const isUrl = (word: string): boolean => /^(stun|turn)s?:/i.test(word);
const host = String.raw`(?:\[[0-9a-f:.]+\]|[\w.-]+)(?::\d{1,5})?`;
const wellFormed = new RegExp(String.raw`^(?:stuns?:${host}|turns?:${host}(?:\?transport=(?:udp|tcp))?)$`, 'i');

/** What is wrong with the words, without any credential; undefined: nothing. */
export function iceServersFault(words: readonly string[]): string | undefined {
  if (words.length > 0 && !isUrl(words[0] as string)) return 'begins with a word that is no stun: or turn: URL';
  const groups = grouped(words);
  if (groups.length > MOST_SERVERS) return `names ${groups.length} servers, and ${MOST_SERVERS} are the most`;
  for (const { url, rest } of groups) {
    if (!wellFormed.test(url)) {
      return `${url} is not stun:HOST:PORT or turn:HOST:PORT?transport=udp`;
    }
    const wanted = /^turn/i.test(url) ? 2 : 0;
    if (rest.length !== wanted) {
      return `${url} has ${rest.length} words behind it, and wants ${wanted === 0 ? 'none' : 'a user name and a credential'}`;
    }
    // They go into a header, in quotes.
    if (!rest.every((word) => /^[!-~]+$/.test(word)))
      return `${url} has a user name or credential that is not plain ASCII`;
  }
  return undefined;
}

/** The servers that the words name, which passed the check. */
export function iceServers(words: readonly string[]): IceServer[] {
  return grouped(words).map(({ url, rest: [username, credential] }) =>
    username === undefined || credential === undefined ? { url } : { url, username, credential },
  );
}

interface Group {
  readonly url: string;
  readonly rest: string[];
}

/** Each URL with the words behind it. */
function grouped(words: readonly string[]): Group[] {
  const groups: Group[] = [];
  for (const word of words) {
    if (isUrl(word)) groups.push({ url: word, rest: [] });
    else groups.at(-1)?.rest.push(word);
  }
  return groups;
}

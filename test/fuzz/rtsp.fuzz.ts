// RTSP: the same bytes at a server in each state, at a client, and its texts at their parsers.
import { concat, utf8 } from '../../src/core/base/bytes.ts';
import { BugError } from '../../src/core/base/errors.ts';
import { defaultLimits } from '../../src/core/base/limits.ts';
import { silentLog } from '../../src/core/base/log.ts';
import { guard } from '../../src/core/base/session.ts';
import { fromSeconds } from '../../src/core/base/time.ts';
import { RtspClient } from '../../src/core/protocols/rtsp/client.ts';
import { readDescription, sentTracks, writeDescription } from '../../src/core/protocols/rtsp/description.ts';
import { answerChallenge, bestChallenge, parseChallenges } from '../../src/core/protocols/rtsp/digest.ts';
import { RtspIngest } from '../../src/core/protocols/rtsp/ingest.ts';
import { writeRequest, writeResponse } from '../../src/core/protocols/rtsp/message.ts';
import { RtspSession } from '../../src/core/protocols/rtsp/session.ts';
import { parseTransports } from '../../src/core/protocols/rtsp/transport.ts';
import { controlUrl, parseRemote, parseTarget } from '../../src/core/protocols/rtsp/url.ts';
import { aacTrack, h264Track } from '../tools/builders.ts';
import { FakeLink, SeedRng } from '../tools/fakes.ts';
import { aacUnit, description, frame, rtpPacket, slice } from '../unit/protocols/rtsp/world.ts';
import { cuts, refuses } from './tools.ts';

export const name = 'rtsp';

const url = 'rtsp://host:8554/live/a?token=x';
const sent = sentTracks([h264Track, aacTrack]);
const tcp = (channels: string): string => `RTP/AVP/TCP;unicast;interleaved=${channels};mode=record`;
const media = [
  frame(0, rtpPacket({ sequence: 1, timestamp: 0, payload: slice(true, 1) })),
  frame(2, rtpPacket({ type: 97, ssrc: 6, sequence: 1, timestamp: 0, payload: aacUnit(1) })),
];

export const seeds = [
  concat([
    writeRequest('OPTIONS', '*', { CSeq: 1 }),
    writeRequest('DESCRIBE', url, { CSeq: 2, Accept: 'application/sdp' }),
    writeRequest('SETUP', `${url}/trackID=0`, {
      CSeq: 3,
      Transport: 'RTP/AVP;client_port=5-6,RTP/AVP/TCP;interleaved=0-1',
    }),
    writeRequest('PLAY', url, { CSeq: 4, Range: 'npt=0-' }),
    writeRequest('PAUSE', url, { CSeq: 5 }),
    writeRequest('TEARDOWN', url, { CSeq: 6 }),
  ]),
  concat([
    writeRequest('ANNOUNCE', url, { CSeq: 1, 'Content-Type': 'application/sdp' }, description),
    writeRequest('SETUP', `${url}/streamid=0`, { CSeq: 2, Transport: tcp('0-1') }),
    writeRequest('SETUP', `${url}/streamid=1`, { CSeq: 3, Transport: tcp('2-3') }),
    writeRequest('RECORD', url, { CSeq: 4 }),
    ...media,
  ]),
  concat([
    writeResponse(401, { CSeq: 1, 'WWW-Authenticate': 'Digest realm="a", nonce="b", qop="auth", Basic realm="a"' }),
    writeResponse(200, { CSeq: 2, Public: 'GET_PARAMETER' }),
    writeResponse(200, { CSeq: 3, 'Content-Base': `${url}/` }, writeDescription(sent, { sessionId: 1, name: 'a' })),
    writeResponse(200, { CSeq: 4, Transport: tcp('0-1'), Session: 'a;timeout=60' }),
    writeResponse(200, { CSeq: 5, Transport: tcp('2-3'), Session: 'a' }),
    writeResponse(200, { CSeq: 6, 'RTP-Info': 'url=x;seq=1' }),
    ...media,
  ]),
  utf8(description),
  utf8('Digest realm="a\\"b", nonce=c, algorithm=SHA-256-sess, qop="auth,auth-int", stale=true'),
];

const nothing = (): undefined => undefined;
const own = { limits: defaultLimits, rng: new SeedRng(1), log: silentLog, now: 0 };

/** A server whose admission says yes to everybody, at once. */
function serve(pieces: readonly Uint8Array[]): void {
  const link = new FakeLink();
  let ingest: RtspIngest | undefined;
  const session: RtspSession = new RtspSession({
    ...{ ...own, link, datagramPorts: () => ({ rtp: 5000, rtcp: 5001 }) },
    events: {
      ask: (request) => {
        if (request.action === 'publish')
          ingest = new RtspIngest({ tracks: request.tracks, to: { on: nothing }, onBad: nothing });
        asked = true;
      },
      play: nothing,
      record: nothing,
      media: (index, kind, data, now) =>
        kind === 'rtp' ? ingest?.rtp(index, data, now) : ingest?.rtcp(index, data, now),
      stop: nothing,
      ended: nothing,
    },
  });
  let asked = false;
  for (const [i, piece] of pieces.entries()) {
    guard(session, i, () => session.receive(piece, i));
    while (asked) {
      asked = false;
      guard(session, i, () => {
        session.accept(i, sent);
        session.resume(i);
      });
    }
  }
  guard(session, 0, () => session.tick(fromSeconds(1)));
  session.close(undefined, fromSeconds(1));
  check(link);
}

function dial(pieces: readonly Uint8Array[], publishes: boolean): void {
  const link = new FakeLink();
  let ingest: RtspIngest | undefined;
  const client = new RtspClient({
    ...{ ...own, link, remote: parseRemote(new URL('rtsp://u:p@host/live/a')), sent: publishes ? sent : undefined },
    events: {
      described: (tracks) => {
        ingest = new RtspIngest({ tracks, to: { on: nothing }, onBad: nothing });
      },
      running: nothing,
      media: (index, kind, data, now) =>
        kind === 'rtp' ? ingest?.rtp(index, data, now) : ingest?.rtcp(index, data, now),
      ended: nothing,
    },
  });
  for (const [i, piece] of pieces.entries()) guard(client, i, () => client.receive(piece, i));
  guard(client, 0, () => client.tick(fromSeconds(5)));
  ingest?.report(0, 1, fromSeconds(5));
  client.close(undefined, fromSeconds(5));
  check(link);
}

function check({ reason, bytes }: FakeLink): void {
  if (reason instanceof BugError) throw reason;
  if (bytes.length > 1_000_000) throw new Error(`${bytes.length} bytes of answers`);
}

/** Both ends with the bytes whole and in pieces, then the parsers of texts. */
export function run(bytes: Uint8Array): void {
  for (const pieces of cuts(bytes)) {
    serve(pieces);
    dial(pieces, false);
    dial(pieces, true);
  }
  const text = new TextDecoder().decode(bytes);
  refuses(() => readDescription(text));
  parseTransports(text);
  parseTarget(text);
  controlUrl(url, text);
  const challenge = bestChallenge(parseChallenges(text));
  const question = { method: 'DESCRIBE', url, user: 'u', password: 'p', cnonce: 'c', count: 1 };
  if (challenge !== undefined) answerChallenge(challenge, question);
}

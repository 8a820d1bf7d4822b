// WHIP by RFC 9725 and WHEP by its draft, section by section; and SRS's own API.
import { describe, expect, it } from 'vitest';
import { toSeconds } from '../../../../src/core/base/time.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { everyCodec, type OfferOptions, writeOffer } from '../../../../src/core/protocols/webrtc/offer.ts';
import { parseSdp } from '../../../../src/core/wire/sdp/index.ts';
import { identityForTests } from './identity.ts';
import { server, turn, World } from './world.ts';

const offerOf = (direction: OfferOptions['direction'], more: Partial<OfferOptions> = {}): string =>
  writeOffer({
    ...{ ice: { ufrag: 'peer', pwd: '0123456789012345678901' }, direction, sessionId: 1 },
    ...{ fingerprint: identityForTests.fingerprint, ...everyCodec },
    ...more,
  });
/** One more section of pictures. */
const twice = (offer: string): string => {
  const [, section = ''] = /(m=video.*)$/s.exec(offer) ?? [];
  return `${offer}${section.replace('a=mid:1', 'a=mid:2')}`.replace('BUNDLE 0 1', 'BUNDLE 0 1 2');
};
const publishing = offerOf('sendonly');
const playing = offerOf('recvonly');
const whip = '/rtc/v1/whip/?app=live&stream=a';
const whep = '/rtc/v1/whep/?app=live&stream=a';
const fragment = { 'content-type': 'application/trickle-ice-sdpfrag' };

describe('RFC 9725 §4.2, POST', () => {
  it('is answered 201 with SDP, Location and ETag', async () => {
    const world = new World();

    const { status, headers, text } = await world.ask('POST', whip, publishing);

    expect(status).toBe(201);
    expect(headers['Content-Type']).toBe('application/sdp');
    expect(headers['Location']).toMatch(
      /^\/rtc\/v1\/whip\/\?action=delete&token=\w{9}&app=live&stream=a&session=\w{8}%3Apeer$/,
    );
    expect(headers['ETag']).toMatch(/^"\w{12}"$/);
    expect(headers['Accept-Patch']).toBe('application/trickle-ice-sdpfrag');
    expect(parseSdp(text as string).sections.map(({ direction }) => direction)).toEqual(['recvonly', 'recvonly']);
    // The host of the request's URL, then what the settings say.
    expect(text).toContain('a=candidate:0 1 udp 2130706431 192.0.2.1 8000 typ host');
    expect(text).toContain(`a=candidate:1 1 udp 2130706175 ${server.host} 8000 typ host`);
  });

  it('a player is answered sendonly, with the streams that will be sent', async () => {
    const { text } = await new World().ask('POST', whep, playing);

    const { sections } = parseSdp(text as string);
    expect(sections.map(({ direction }) => direction)).toEqual(['sendonly', 'sendonly']);
    // Sound, picture, and repetitions of the picture.
    expect((text as string).match(/a=ssrc:\d+ cname:/g)).toHaveLength(3);
    expect(text).toMatch(/a=ssrc-group:FID \d+ \d+/);
    expect((text as string).match(/a=msid:.*/g)).toEqual(['a=msid:live-a audio', 'a=msid:live-a video']);
  });

  it('of a body of another type is 415', async () => {
    const { status, json } = await new World().ask('POST', whip, publishing, { 'content-type': 'text/html' });

    expect(status).toBe(415);
    expect(json).toMatchObject({ error: 'RTC_TYPE' });
  });

  it.each([
    ['nothing', '', 403, 'RTC_EMPTY'],
    ['no SDP', 'hello', 400, 'SDP_DECODE'],
    ['no section', 'v=0\r\n', 400, 'RTC_OFFER'],
    ['no ICE', publishing.replace(/a=ice-.*\r\n/g, ''), 400, 'RTC_OFFER'],
    ['no fingerprint', publishing.replace(/a=fingerprint.*\r\n/g, ''), 400, 'RTC_OFFER'],
    ['no rtcp-mux', publishing.replace(/a=rtcp-mux\r\n/g, ''), 400, 'RTC_OFFER'],
    ['no BUNDLE', publishing.replace(/a=group.*\r\n/, ''), 400, 'RTC_OFFER'],
    ['a mid twice', publishing.replace('a=mid:1', 'a=mid:0'), 400, 'RTC_OFFER'],
    ['a player that wants to send', playing.replaceAll('recvonly', 'inactive'), 422, 'RTC_NO_CODEC'],
    ['no codec of ours', publishing.replaceAll(/(H26[45]|VP[89]|AV1|opus|PCM[AU])\//g, 'foo/'), 422, 'RTC_NO_CODEC'],
    ['a megabyte', `v=0\r\n${'a=x\r\n'.repeat(200_000)}`, 413, 'RTC_BODY_SIZE'],
    ['five hundred sections', `v=0\r\n${'m=video 9 UDP/TLS/RTP/SAVPF 96\r\n'.repeat(500)}`, 400, 'SDP_DECODE'],
    ['sound that we do not have', publishing.replaceAll(/(opus|PCM[AU])\//g, 'foo/'), 422, 'RTC_PARTIAL'],
    ['two pictures', twice(publishing), 422, 'RTC_PARTIAL'],
  ])('of %s is refused and leaves nothing', async (_, body, status, error) => {
    const world = new World();
    const answer = await world.ask('POST', whip, body);

    expect([answer.status, (answer.json as { error: string }).error]).toEqual([status, error]);
    expect(new Set(Object.values(world.rtc.sizes))).toEqual(new Set([0]));
    expect(world.host.sessions.size).toBe(0);
  });

  it('of a body that does not end is 408', async () => {
    const world = new World();
    const seconds = toSeconds(world.host.limits.handshakeTime);
    const open = await world.open('POST', whip);
    await world.run(world.host.limits.handshakeTime + 1);
    expect(open.status).toBe(408);
    expect(open.json).toMatchObject({ error: 'RTC_BODY_TIME', message: expect.stringContaining(`${seconds} s`) });
  });

  it('of a second publisher is 409, and the first one stays', async () => {
    const world = new World();
    await world.ask('POST', whip, publishing);

    const { status, json } = await world.ask('POST', whip, publishing);

    expect(status).toBe(409);
    expect(json).toMatchObject({ error: 'STREAM_BUSY' });
    expect(world.rtc.sizes['sessions']).toBe(1);
  });

  it('a client that leaves before its answer has no session', async () => {
    const world = new World();
    const open = await world.open('POST', whip);
    open.onGone();
    open.upload.onData(new TextEncoder().encode(publishing));
    open.upload.onClose(undefined);
    for (let i = 0; i < 10; i++) await turn();

    expect(open.answered).toBe(false);
    expect(world.rtc.sizes['sessions']).toBe(0);
    expect(world.host.sessions.size).toBe(0);
  });

  it('§4.7.1: a bearer token is a parameter for hooks', async () => {
    const world = new World();
    await world.ask('POST', whip, publishing, { authorization: 'Bearer abc-1' });

    const [session] = world.host.sessions.list();
    expect(session?.info.param).toBe('?app=live&stream=a&token=abc-1');
  });
});

describe('OPTIONS and other methods', () => {
  it('OPTIONS says what may be posted, and lets pages of other sites in', async () => {
    const { status, headers } = await new World().ask('OPTIONS', whip, '', { origin: 'http://x' });

    expect(status).toBe(204);
    expect(headers).toMatchObject({
      'Accept-Post': 'application/sdp',
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Allow-Headers': '*, Authorization',
      'Access-Control-Expose-Headers': '*',
    });
  });

  it.each(['GET', 'HEAD'])('§4.1: %s of the endpoint and of a session is 204 without content', async (method) => {
    const world = new World();
    const { headers } = await world.ask('POST', whip, publishing);
    const location = String(headers['Location']);

    for (const path of [whip, location]) {
      const { status, text } = await world.ask(method, path);
      expect([status, text ?? '']).toEqual([204, '']);
    }
    expect((await world.ask(method, location.replace(/token=\w+/, 'token=x'))).status).toBe(404);
    expect(world.rtc.sizes['sessions']).toBe(1);
  });

  it.each(['PUT'])('%s is 405', async (method) => {
    const { status, headers, json } = await new World().ask(method, whip);

    expect(status).toBe(405);
    expect(json).toMatchObject({ error: 'RTC_METHOD' });
    expect(headers['Allow']).toBe('OPTIONS, GET, HEAD, POST, PATCH, DELETE');
  });
});

describe('§4.6, servers of STUN and TURN', () => {
  const settings = `ice_servers stun:s.example turn:t.example?transport=udp user 'pa"55w';`;
  const stun = '<stun:s.example>; rel="ice-server"';
  const turn = String.raw`<turn:t.example?transport=udp>; rel="ice-server"; username="user"; credential="pa\"55w"; credential-type="password"`;

  it.each([
    ['publisher', whip, publishing],
    ['player', whep, playing],
  ])('a %s is told of all of them with its answer, a line for each', async (_, path, offer) => {
    const { status, headers } = await new World({ settings }).ask('POST', path, offer);

    expect(status).toBe(201);
    expect(headers['Link']).toEqual([stun, turn]);
  });

  it('OPTIONS tells of them, but not the preflight of a browser', async () => {
    const world = new World({ settings });
    const preflight = { origin: 'http://x', 'access-control-request-method': 'POST' };

    expect((await world.ask('OPTIONS', whip)).headers['Link']).toEqual([stun, turn]);
    expect((await world.ask('OPTIONS', whep, '', { origin: 'http://x' })).headers['Link']).toEqual([stun, turn]);
    expect((await world.ask('OPTIONS', whip, '', preflight)).headers['Link']).toBeUndefined();
  });

  it.each(['http_hooks { enabled on; }', 'security { enabled on; }', 'refer { enabled on; }'])(
    'OPTIONS tells nobody a credential where the vhost has %s',
    async (guard) => {
      const text = `rtc_server { ${settings} } vhost __defaultVhost__ { rtc { enabled on; } ${guard} }`;
      const world = new World();
      world.settings.replace(settingsOf(text).config);

      expect((await world.ask('OPTIONS', whip)).headers['Link']).toEqual([stun]);
      expect((await world.ask('POST', whip, publishing)).headers['Link']).toEqual([stun, turn]);
    },
  );

  it('OPTIONS tells credentials to who has the token that a POST needs', async () => {
    const auth = 'http_api { auth { enabled on; token t0ken; rtc_bearer_enabled on; } }';
    const world = new World({ settings, root: auth });

    expect((await world.ask('OPTIONS', whip)).headers['Link']).toEqual([stun]);
    const told = await world.ask('OPTIONS', whip, '', { authorization: 'Bearer t0ken' });
    expect(told.headers['Link']).toEqual([stun, turn]);
  });

  it('those of the vhost come first, and after a reload the new ones', async () => {
    const world = new World({ settings, vhost: 'ice_servers stun:v.example;' });
    expect((await world.ask('OPTIONS', whip)).headers['Link']).toEqual(['<stun:v.example>; rel="ice-server"']);

    world.settings.replace(settingsOf('vhost __defaultVhost__ { rtc { enabled on; } }').config);
    expect((await world.ask('OPTIONS', whip)).headers['Link']).toBeUndefined();
    expect((await world.ask('POST', whip, publishing)).headers['Link']).toBeUndefined();
  });

  it('a vhost without WebRTC tells of none, and no credential is in the log', async () => {
    const off = new World({ settings, vhost: 'enabled off;' });
    expect((await off.ask('OPTIONS', whip)).headers['Link']).toBeUndefined();
    expect((await off.ask('POST', whip, publishing)).headers['Link']).toBeUndefined();

    const world = new World({ settings });
    await world.ask('POST', whip, publishing);
    expect(JSON.stringify([...world.lines, ...off.lines])).not.toContain('55w');
  });
});

describe('§4.2, DELETE', () => {
  it('ends the session; the second time it is 404', async () => {
    const world = new World();
    const { headers } = await world.ask('POST', whip, publishing);
    const location = String(headers['Location']);

    expect((await world.ask('DELETE', location)).status).toBe(200);
    const again = await world.ask('DELETE', location);
    expect([again.status, again.json]).toMatchObject([404, { error: 'RTC_NO_SESSION' }]);
    expect(world.rtc.sizes['sessions']).toBe(0);
  });

  it('with another token is 404 and ends nothing', async () => {
    const world = new World();
    const { headers } = await world.ask('POST', whip, publishing);
    const location = String(headers['Location']).replace(/token=\w+/, 'token=xxxxxxxxx');

    expect((await world.ask('DELETE', location)).status).toBe(404);
    expect(world.rtc.sizes['sessions']).toBe(1);
  });
});

describe('§4.3, PATCH', () => {
  const begin = async () => {
    const world = new World();
    const { headers } = await world.ask('POST', whip, publishing);
    const patch = (body: string, more: Record<string, string> = {}) =>
      world.ask('PATCH', String(headers['Location']), body, { ...fragment, ...more });
    return { world, patch, etag: String(headers['ETag']) };
  };
  const candidate = 'a=ice-ufrag:peer\r\na=ice-pwd:0123456789012345678901\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n';
  const restart = candidate.replace('peer', 'again');

  it('§4.3.2: candidates are taken with 204, without an ETag', async () => {
    const { patch, etag } = await begin();

    for (const tags of [etag, `"other", ${etag}`]) {
      const { status, headers } = await patch(candidate, { 'if-match': tags });
      expect([status, headers['ETag']]).toEqual([204, undefined]);
    }
  });

  it.each([
    ['nothing', ''],
    ['words', 'hello\r\n'],
    ['nothing of ICE', 'm=audio 9 RTP/AVP 0\r\na=mid:0\r\n'],
    ['a fragment of one letter', 'a=ice-ufrag:x\r\n'],
    ['a short password', 'a=ice-ufrag:again\r\na=ice-pwd:short\r\n'],
  ])('§4.3.1: a body of %s is 400, and restarts nothing', async (_, body) => {
    const { patch, etag } = await begin();

    const { status, json } = await patch(body, { 'if-match': '*' });

    expect([status, (json as { error: string }).error]).toEqual([400, 'SDP_DECODE']);
    expect((await patch(candidate, { 'if-match': etag })).status).toBe(204);
  });

  it.each([
    ['without If-Match is 428', {}, 428, 'RTC_NO_ETAG'],
    ['with another ETag is 412', { 'if-match': '"other"' }, 412, 'RTC_ETAG'],
    ['of candidates with * is 412', { 'if-match': '*' }, 412, 'RTC_ETAG'],
    ['of another type is 415', { 'content-type': 'application/sdp', 'if-match': '*' }, 415, 'RTC_TYPE'],
  ])('%s', async (_, headers, status, error) => {
    const { patch } = await begin();
    const answer = await patch(candidate, headers);

    expect([answer.status, (answer.json as { error: string }).error]).toEqual([status, error]);
  });

  it('§4.3.3: other credentials restart ICE, with a new ETag and all candidates, and the old credentials end', async () => {
    const { world, patch, etag } = await begin();
    const before = world.rtc.sizes['ufrags'];

    const { status, headers, text } = await patch(restart, { 'if-match': '*' });

    expect(status).toBe(200);
    expect(headers['Content-Type']).toBe('application/trickle-ice-sdpfrag');
    expect(headers['ETag']).not.toBe(etag);
    expect(text).toMatch(/^a=ice-lite\r\na=group:BUNDLE 0 1\r\nm=audio 9 \S+ [\d ]+\r\na=mid:0\r\n/);
    expect(text).toMatch(/a=ice-ufrag:\w{8}\r\na=ice-pwd:\w{32}\r\n/);
    expect(text).toContain(`a=candidate:1 1 udp 2130706175 ${server.host} 8000 typ host`);
    expect(text).toMatch(/a=end-of-candidates\r\n$/);
    expect(world.rtc.sizes['ufrags']).toBe(before);
    expect((await patch(candidate, { 'if-match': etag })).status).toBe(412);
  });

  it('of a session that is over is 404', async () => {
    const { world } = await begin();

    expect((await world.ask('PATCH', `${whip}&session=a:b&token=c`, candidate, fragment)).status).toBe(404);
  });
});

describe("SRS's words", () => {
  it('names that are not there are live and livestream', async () => {
    const world = new World();
    await world.ask('POST', '/rtc/v1/whip', publishing);

    expect(world.hub.find({ vhost: '__defaultVhost__', app: 'live', stream: 'livestream' })?.published).toBe(true);
  });

  it.each([
    ['eip=192.0.2.5', ['192.0.2.5 8000', '10.0.0.1 8000']],
    ['eip=192.0.2.5:9000', ['192.0.2.5 9000', '10.0.0.1 8000']],
    ['candidate=192.0.2.5,192.0.2.6', ['192.0.2.5 8000', '192.0.2.6 8000', '10.0.0.1 8000']],
    ['eip=%0d%0aa=evil', ['10.0.0.1 8000']],
  ])('?%s gives candidates', async (query, wanted) => {
    const world = new World({ settings: 'api_as_candidates off;' });
    const { text } = await world.ask('POST', `${whip}&${query}`, publishing);

    const found = parseSdp(text as string).sections[0]?.candidates.map(({ host, port }) => `${host} ${port}`);
    expect(found).toEqual(wanted);
    expect(text).not.toContain('evil');
  });

  it('the JSON API publishes what it can of an offer', async () => {
    const world = new World();
    const body = JSON.stringify({ streamurl: 'webrtc://host/live/a', sdp: twice(publishing) });

    const { json } = await world.ask('POST', '/rtc/v1/publish/', body);

    const { sections } = parseSdp((json as { sdp: string }).sdp);
    expect(sections.map(({ port }) => port)).toEqual([9, 9, 0]);
  });

  it('codec and acodec choose', async () => {
    const { text } = await new World().ask('POST', `${whip}&codec=av1&acodec=pcmu`, publishing);

    const codecs = parseSdp(text as string).sections.map(({ payloads }) => payloads.map(({ codec }) => codec));
    expect(codecs).toEqual([['pcmu'], ['av1', 'rtx']]);
  });

  it('without a wish a publisher sends H.264 and Opus', async () => {
    const { text } = await new World().ask('POST', whip, publishing);

    const codecs = parseSdp(text as string).sections.map(({ payloads }) => payloads[0]?.codec);
    expect(codecs).toEqual(['opus', 'h264']);
  });

  it('ice-ufrag and ice-pwd are ours, when they are long enough', async () => {
    const pwd = 'p'.repeat(24);
    const { text } = await new World().ask('POST', `${whip}&ice-ufrag=mine&ice-pwd=${pwd}`, publishing);
    const { text: short } = await new World().ask('POST', `${whip}&ice-ufrag=a&ice-pwd=b`, publishing);

    expect(parseSdp(text as string).sections[0]?.ice).toEqual({ ufrag: 'mine', pwd });
    expect(parseSdp(short as string).sections[0]?.ice?.ufrag).toHaveLength(8);
  });

  it('the JSON API answers code 0 with the SDP, and 400 for everything else', async () => {
    const world = new World({ root: 'http_server { trusted_proxies 192.0.2.7; }' });
    const body = JSON.stringify({ streamurl: 'webrtc://host/live/a?k=1', sdp: publishing, clientip: '192.0.2.77' });

    const good = await world.ask('POST', '/rtc/v1/publish/', body, { 'content-type': 'application/json' });
    expect(good.json).toMatchObject({
      code: 0,
      server: 's',
      service: 'v',
      pid: '1',
      sdp: expect.stringContaining('a=ice-lite'),
    });
    const [session] = world.host.sessions.list();
    expect(session?.info).toMatchObject({ type: 'rtc-publish', peer: { host: '192.0.2.77' }, param: '?k=1' });

    for (const bad of ['', '{', '[]', '{"sdp":1}', JSON.stringify({ streamurl: '%', sdp: publishing }), body]) {
      const { status, json } = await world.ask('POST', '/rtc/v1/publish/', bad);
      expect([status, (json as { code: number }).code]).toEqual([200, 400]);
    }
    const { json } = await world.ask('POST', '/rtc/v1/publish/', '{');
    expect(json).toMatchObject({ error: 'RTC_JSON' });
    expect(world.rtc.sizes['sessions']).toBe(1);
  });

  it('clientip counts from a trusted proxy only', async () => {
    const world = new World();
    const body = JSON.stringify({ streamurl: 'webrtc://host/live/a', sdp: publishing, clientip: '192.0.2.77' });
    await world.ask('POST', '/rtc/v1/publish/', body, { 'content-type': 'application/json' });

    const [session] = world.host.sessions.list();
    expect(session?.info.peer.host).toBe('192.0.2.7');
  });

  it('a vhost without WebRTC refuses, and so does one that does not let other protocols in', async () => {
    const off = new World({ vhost: 'enabled off;' });
    expect((await off.ask('POST', whip, publishing)).json).toMatchObject({ error: 'RTC_VHOST_OFF' });

    const closed = new World({ vhost: 'rtmp_to_rtc off;' });
    closed.hub.stream({ vhost: '__defaultVhost__', app: 'live', stream: 'a' }).publish({
      policy: 'refuse',
      onEvicted: () => undefined,
    });
    expect((await closed.ask('POST', whep, playing)).json).toMatchObject({ error: 'RTC_BRIDGE_OFF' });
  });

  it('an active peer makes us passive, a passive one active, and who leaves it open gets what the vhost says', async () => {
    const setups = ['active', 'passive', 'actpass'];
    const answers = [];
    for (const setup of setups) {
      const { text } = await new World({ vhost: 'dtls_role active;' }).ask(
        'POST',
        whip,
        publishing.replaceAll('actpass', setup),
      );
      answers.push(parseSdp(text as string).sections[0]?.setup);
    }
    expect(answers).toEqual(['passive', 'active', 'active']);
  });
});

// SDP: an offer of Chromium, answers, and what is no SDP.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../../src/core/base/errors.ts';
import { type Answer, parseSdp, writeSdp } from '../../../../src/core/wire/sdp/index.ts';

const offer = `v=0
o=- 123 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS stream
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:Abcd
a=ice-pwd:0123456789abcdef01234567
a=fingerprint:sha-256 ab:CD:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=sendonly
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=ssrc:11 cname:x
m=video 9 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 0.0.0.0
a=ice-ufrag:Abcd
a=ice-pwd:0123456789abcdef01234567
a=mid:1
a=sendonly
a=rtcp-mux
a=rtpmap:96 H264/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:* nack pli
a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=ssrc-group:FID 12 13
a=ssrc:12 cname:x
a=ssrc:13 cname:x
a=rid:hi send
a=rid:lo send
`.replaceAll('\n', '\r\n');

describe('an offer', () => {
  it('is read', () => {
    const { bundle, sections } = parseSdp(offer);
    const [sound, picture] = sections;

    expect(bundle).toEqual(['0', '1']);
    expect(sound).toMatchObject({
      kind: 'audio',
      mid: '0',
      direction: 'sendonly',
      rtcpMux: true,
      ice: { ufrag: 'Abcd', pwd: '0123456789abcdef01234567' },
      setup: 'actpass',
    });
    expect(sound!.fingerprint?.value).toMatch(/^AB:CD:00/);
    expect(sound!.payloads.map(({ codec, channels }) => [codec, channels])).toEqual([
      ['opus', 2],
      ['red', 2],
      ['pcmu', 1],
    ]);
    expect(picture!.payloads[0]).toMatchObject({ type: 96, codec: 'h264', clockRate: 90_000 });
    expect(picture!.payloads[0]!.parameters.get('profile-level-id')).toBe('42e01f');
    expect(picture!.payloads.map(({ feedback }) => feedback)).toEqual([['goog-remb', 'nack pli'], ['nack pli']]);
    expect(picture!.rids).toEqual(['hi', 'lo']);
    expect(sound!.extensions.get('urn:ietf:params:rtp-hdrext:ssrc-audio-level')).toBe(1);
  });

  it('with bundle-only sections offers them, although their port is 0', () => {
    const text = offer.replace('m=video 9', 'm=video 0').replace('a=mid:1', 'a=mid:1\r\na=bundle-only');

    expect(parseSdp(text).sections.map(({ port }) => port)).toEqual([9, 9]);
    expect(parseSdp(offer.replace('m=video 9', 'm=video 0')).sections[1]?.port).toBe(0);
  });

  it('has what its session says where a section says nothing', () => {
    const text = offer.replace(/a=setup:actpass\r\n/, '').replace('t=0 0', 't=0 0\r\na=setup:active');

    expect(parseSdp(text).sections.map(({ setup }) => setup)).toEqual(['active', 'active']);
  });
});

const answer: Answer = {
  origin: 'srsx',
  name: 'play',
  sessionId: 5,
  ice: { ufrag: 'abcdefgh', pwd: 'p'.repeat(32) },
  fingerprint: { hash: 'sha-256', value: 'AB:CD' },
  setup: 'passive',
  lite: true,
  candidates: [
    { host: '192.0.2.1', port: 8000, transport: 'udp' },
    { host: '2001:db8::1', port: 8000, transport: 'tcp' },
  ],
  sections: [
    {
      kind: 'audio',
      mid: '0',
      protocol: 'UDP/TLS/RTP/SAVPF',
      direction: 'sendonly',
      payloads: [{ type: 111, map: 'opus/48000/2', format: 'minptime=10', feedback: [] }],
      extensions: [{ id: 3, uri: 'urn:x' }],
      sources: [{ ssrc: 7, cname: 'c', msid: 's a' }],
    },
    {
      kind: 'video',
      mid: '1',
      protocol: 'UDP/TLS/RTP/SAVPF',
      direction: 'inactive',
      payloads: [],
      extensions: [],
      sources: [],
    },
  ],
};

it('an answer is read as it was meant', () => {
  const text = writeSdp(answer);

  const { bundle, sections } = parseSdp(text);
  expect(bundle).toEqual(['0']);
  expect(sections[0]).toMatchObject({
    kind: 'audio',
    direction: 'sendonly',
    ice: answer.ice,
    setup: 'passive',
  });
  expect(sections[1]).toMatchObject({ kind: 'video', port: 0, direction: 'inactive' });
  expect(text).toContain('a=candidate:0 1 udp 2130706431 192.0.2.1 8000 typ host generation 0\r\n');
  expect(text).toContain('tcptype passive');
  expect(text).toContain('a=ssrc:7 cname:c\r\na=ssrc:7 msid:s a\r\n');
});

describe('what is no SDP', () => {
  it.each([
    ['nothing', ''],
    ['JSON', '{"sdp":"v=0"}'],
    ['too long', `v=0\r\n${'a=x\r\n'.repeat(50_000)}`],
    ['too many lines', `v=0\n${'a\n'.repeat(5000)}`],
    ['too many sections', `v=0\n${'m=video 9 X 96\n'.repeat(17)}`],
  ])('%s is refused', (_, text) => {
    expect(() => parseSdp(text)).toThrow(expect.objectContaining({ code: 'SDP_DECODE' }));
  });

  it('changed anywhere is read or refused', () => {
    fc.assert(
      fc.property(fc.nat(offer.length - 1), fc.string({ maxLength: 12 }), (at, text) => {
        try {
          parseSdp(offer.slice(0, at) + text + offer.slice(at + text.length));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });
});

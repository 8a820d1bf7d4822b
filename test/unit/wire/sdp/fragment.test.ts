// Fragments that trickle candidates and restart ICE (RFC 8840 §9).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../../src/core/base/errors.ts';
import { MAX_SDP_BYTES, parseFragment, writeFragment } from '../../../../src/core/wire/sdp/index.ts';

const pwd = '0123456789012345678901';

describe('a fragment', () => {
  it.each([
    ['of a session', `a=ice-ufrag:EsAw\r\na=ice-pwd:${pwd}\r\n`, { ufrag: 'EsAw', pwd }],
    ['of a section', `m=audio 9 RTP/AVP 0\na=mid:0\na=ice-ufrag:EsAw \na=ice-pwd:${pwd}\n`, { ufrag: 'EsAw', pwd }],
    ['of candidates alone', 'a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n', { ufrag: undefined, pwd: undefined }],
    ['of the end of them', 'a=end-of-candidates', { ufrag: undefined, pwd: undefined }],
  ])('%s is read', (_, text, wanted) => {
    expect(parseFragment(text)).toEqual(wanted);
  });

  it.each([
    ['nothing', ''],
    ['words', 'this is no fragment\r\n'],
    ['a word among lines', `a=ice-ufrag:EsAw\r\nhello\r\na=ice-pwd:${pwd}\r\n`],
    ['no word of ICE', 'm=audio 9 RTP/AVP 0\r\na=mid:0\r\n'],
    ['a short name', 'a=ice-ufrag:abc\r\n'],
    ['a long name', `a=ice-ufrag:${'a'.repeat(257)}\r\n`],
    ['a short password', 'a=ice-ufrag:abcd\r\na=ice-pwd:short\r\n'],
    ['too much', 'a=ice-ufrag:abcd\r\n'.repeat(MAX_SDP_BYTES / 16)],
  ])('of %s is refused', (_, text) => {
    expect(() => parseFragment(text)).toThrow(expect.objectContaining({ code: 'SDP_DECODE' }));
  });

  it('of any text is read or refused', () => {
    fc.assert(
      fc.property(fc.string({ size: 'large' }), (text) => {
        try {
          parseFragment(`a=ice-ufrag:abcd\r\n${text}`);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });

  it('is read as it was written', () => {
    const section = { protocol: 'UDP/TLS/RTP/SAVPF', direction: 'sendonly', extensions: [], sources: [] } as const;
    const payloads = [{ type: 96, map: 'H264/90000', feedback: [] }];
    const text = writeFragment({
      ice: { ufrag: 'EsAw', pwd },
      candidates: [{ host: '192.0.2.1', port: 8000, transport: 'udp' }],
      sections: [
        { ...section, kind: 'audio', mid: 'refused', payloads: [] },
        { ...section, kind: 'video', mid: '1', payloads },
      ],
    });

    expect(parseFragment(text)).toEqual({ ufrag: 'EsAw', pwd });
    expect(text).toContain('a=group:BUNDLE 1\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n');
    expect(text).toContain('a=candidate:0 1 udp 2130706431 192.0.2.1 8000 typ host');
  });
});

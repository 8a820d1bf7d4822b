// URLs and the Transport header, as clients and cameras write them.
import { describe, expect, it } from 'vitest';
import { parseTransports } from '../../../../src/core/protocols/rtsp/transport.ts';
import { controlUrl, parseRemote, parseTarget } from '../../../../src/core/protocols/rtsp/url.ts';
import { thrown } from '../../../tools/thrown.ts';

describe('what a client wants', () => {
  it.each([
    ['rtsp://host/live/a', 'host', 'live', 'a', '', undefined],
    ['rtsp://host:8554/live/a/', 'host', 'live', 'a', '', undefined],
    ['RTSP://u:p@host:8554/live/a/trackID=1', 'host', 'live', 'a', '', 1],
    ['rtsp://host/live/a/streamid=0', 'host', 'live', 'a', '', 0],
    ['rtsp://host/live/a/stream=1', 'host', 'live', 'a', '', 1],
    ['rtsp://host/live/track1', 'host', 'live', 'track1', '', undefined],
    ['rtsp://host/a/b/c', 'host', 'a/b', 'c', '', undefined],
    ['rtsp://host/live/a?token=x/trackID=0', 'host', 'live', 'a', '?token=x', 0],
    ['rtsp://host/live/a?token=x/', 'host', 'live', 'a', '?token=x', undefined],
    ['rtsp://host/live/a?vhost=v&t=1/trackID=0', 'v', 'live', 'a', '?vhost=v&t=1', 0],
    ['rtsp://[::1]:8554/live/a', '::1', 'live', 'a', '', undefined],
    ['rtsp://host/live/%E4%BD%A0?', 'host', 'live', '你', '', undefined],
    ['rtsp://host/live/50%', 'host', 'live', '50%', '', undefined],
  ])('%s', (url, vhost, app, stream, param, track) => {
    const found = parseTarget(url);

    expect(found).toMatchObject({ target: { name: { vhost, app, stream }, param }, track });
  });

  it.each([
    '*',
    'rtsp://',
    'rtsp:///live/a',
    'rtsp://host',
    'rtsp://host/',
    'rtsp://host/live',
    '/live/a',
    'http://h/live/a',
  ])('%s names no stream', (url) => {
    expect(parseTarget(url)).toBeUndefined();
  });
});

describe('a remote', () => {
  it.each([
    ['rtsp://cam/s', 'cam', 554, 'rtsp://cam/s', '', ''],
    ['rtsps://cam/s', 'cam', 322, 'rtsps://cam/s', '', ''],
    ['rtsp://a%40b:p%2Fq@cam:8554/s?x=1', 'cam', 8554, 'rtsp://cam:8554/s?x=1', 'a@b', 'p/q'],
    ['rtsp://[::1]:8554/s', '::1', 8554, 'rtsp://[::1]:8554/s', '', ''],
  ])('%s', (text, host, port, url, user, password) => {
    expect(parseRemote(new URL(text))).toMatchObject({ host, port, url, user, password });
  });

  it('has a host', () => {
    expect(thrown(() => parseRemote(new URL('rtsp:///s')))).toBe('RTSP_URL');
  });

  it.each([
    ['rtsp://c/s', '*', 'rtsp://c/s'],
    ['rtsp://c/s', '', 'rtsp://c/s'],
    ['rtsp://c/s/', 'trackID=1', 'rtsp://c/s/trackID=1'],
    ['rtsp://c/s', 'trackID=1', 'rtsp://c/s/trackID=1'],
    ['rtsp://c/s?a=1', 'trackID=1', 'rtsp://c/s?a=1/trackID=1'],
    ['rtsp://c/s', '/trackID=1', 'rtsp://c/s/trackID=1'],
    ['rtsp://c/s', 'rtsp://d/x/track1', 'rtsp://d/x/track1'],
  ])('%s with the control %s', (base, control, url) => {
    expect(controlUrl(base, control)).toBe(url);
  });
});

describe('the Transport header', () => {
  it.each([
    ['RTP/AVP/TCP;unicast;interleaved=0-1', [{ lower: 'tcp', interleaved: { rtp: 0, rtcp: 1 } }]],
    ['RTP/AVP/TCP;interleaved=4', [{ lower: 'tcp', interleaved: { rtp: 4, rtcp: 5 } }]],
    ['rtp/avp/tcp', [{ lower: 'tcp', interleaved: undefined }]],
    ['RTP/AVP/UDP;unicast;client_port=5000-5001', [{ lower: 'udp', clientPort: { rtp: 5000, rtcp: 5001 } }]],
    [
      'RTP/AVP;multicast;client_port=5000-5001, RTP/AVP/TCP;unicast;mode="RECORD"',
      [
        { lower: 'udp', multicast: true },
        { lower: 'tcp', record: true },
      ],
    ],
    ['RTP/SAVP;unicast;client_port=1-2', []],
    ['MP2T/H2221/UDP;unicast', []],
    ['', []],
    ['RTP/AVP/TCP;interleaved=300-301', [{ interleaved: undefined }]],
    ['RTP/AVP/TCP;interleaved=255', [{ interleaved: undefined }]],
    ['RTP/AVP/TCP;interleaved=7-7', [{ interleaved: undefined }]],
    ['RTP/AVP;client_port=99999-1', [{ clientPort: undefined }]],
    ['RTP/AVP;client_port=-1', [{ clientPort: undefined }]],
  ])('%s', (text, transports) => {
    expect(parseTransports(text)).toMatchObject(transports);
  });

  it('has an end', () => {
    expect(parseTransports('RTP/AVP/TCP,'.repeat(1000))).toHaveLength(8);
  });
});

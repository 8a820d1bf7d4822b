// Words of libsrt's and SRS's users: options, URLs, streamids, statistics.

import { describe, expect, it } from 'vitest';
import { fromMs } from '../../../../src/core/base/time.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { streamIdDefaults } from '../../../../src/core/protocols/srt/config.ts';
import {
  defaultOptions,
  parseOptions,
  parseSrtUrl,
  parseStreamId,
  Reject,
  rejectName,
  toTransmitJson,
  uriKeys,
} from '../../../../src/core/protocols/srt/index.ts';
import { pair, World } from './world.ts';

const option = (query: string) => parseOptions(new URLSearchParams(query)).options;
const badOption = expect.objectContaining({ code: 'SRT_OPTION' });

describe('options', () => {
  it('have the units of srt-live-transmit', () => {
    const options = option(
      'latency=300&conntimeo=1000&peeridletimeo=2000&pbkeylen=32&maxbw=0&oheadbw=30&pkt_size=1000&tlpktdrop=no&minversion=1.3.0&snddropdelay=-1',
    );
    expect(options).toMatchObject({
      rcvlatency: fromMs(300),
      peerlatency: fromMs(300),
      conntimeo: fromMs(1000),
      peeridletimeo: fromMs(2000),
      pbkeylen: 32,
      maxbw: 0,
      oheadbw: 30,
      payloadsize: 1000,
      tlpktdrop: false,
      minversion: 0x010300,
      snddropdelay: undefined,
    });
  });

  it('are the later of latency and its halves', () => {
    expect(option('latency=300&rcvlatency=50')).toMatchObject({ rcvlatency: fromMs(50), peerlatency: fromMs(300) });
  });

  it('give back keys that are none', () => {
    expect(
      parseOptions([
        ['mode', 'caller'],
        ['latency', '1'],
      ]).unknown,
    ).toEqual([['mode', 'caller']]);
  });

  it.each([
    'latency=fast',
    'latency=',
    'latency=-1',
    'latency=70000',
    'passphrase=short',
    `passphrase=${'x'.repeat(80)}`,
    'pbkeylen=20',
    'payloadsize=1457',
    'cryptomode=2&payloadsize=1441',
    'oheadbw=4',
    'tlpktdrop=maybe',
    'kmrefreshrate=100&kmpreannounce=50',
    `streamid=${'x'.repeat(513)}`,
    'transtype=file',
    'packetfilter=fec',
    'minversion=new',
  ])('refuse %s', (query) => {
    expect(() => option(query)).toThrow(badOption);
  });
});

describe('URLs', () => {
  it.each([
    ['srt://:9000', 'listener', undefined, '0.0.0.0', 9000],
    ['srt://h:9000?mode=listener', 'listener', undefined, 'h', 9000],
    ['srt://h:9000?mode=server', 'listener', undefined, 'h', 9000],
    ['srt://h:9000', 'caller', 'h', '0.0.0.0', 0],
    ['srt://h:9000?port=5', 'caller', 'h', '0.0.0.0', 5],
    ['srt://h:9000?bind=10.0.0.2:7', 'caller', 'h', '10.0.0.2', 7],
    ['srt://[::1]:9000/?latency=1', 'caller', '::1', '0.0.0.0', 0],
    ['srt://h:9000?adapter=10.0.0.2', 'rendezvous', 'h', '10.0.0.2', 9000],
    ['srt://h:9000?mode=rendezvous&port=5', 'rendezvous', 'h', '0.0.0.0', 5],
  ])('%s', (text, mode, remote, host, port) => {
    const url = parseSrtUrl(text);
    expect(url.mode).toBe(mode);
    expect(url.remote?.host).toBe(remote);
    expect(url.local).toEqual({ host, port });
  });

  it('take a streamid as people write it, and a plus as it is', () => {
    const { options } = parseSrtUrl('srt://h:1?streamid=#!::r=live/a,m=publish&passphrase=a+b%26cdefghij&latency=20');
    expect(options).toMatchObject({
      streamid: '#!::r=live/a,m=publish',
      passphrase: 'a+b&cdefghij',
      rcvlatency: fromMs(20),
    });
  });

  it.each([
    'srt://h',
    'srt://',
    'http://h:1',
    'srt://h:99999',
    'srt://:5?mode=caller',
    'srt://h:1?mode=both',
    'srt://h:1?a=%zz',
  ])('refuse %s', (text) => {
    expect(() => parseSrtUrl(text)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^SRT_(URL|OPTION)$/) }),
    );
  });

  it('name the key that was meant', () => {
    expect(() => parseSrtUrl('srt://h:1?latancy=5')).toThrow('is latency meant?');
    expect(() => parseSrtUrl('srt://h')).toThrow(expect.objectContaining({ code: 'SRT_URL' }));
    expect(uriKeys).toEqual(expect.arrayContaining(['adapter', 'latency', 'mode', 'streamid', 'tlpktdrop']));
  });
});

const srsDefaults = streamIdDefaults(settingsOf());

describe('streamids', () => {
  const at = (action: string, app: string, stream: string, vhost = '', param = '') => ({
    action,
    app,
    stream,
    vhost,
    param,
  });

  it.each([
    ['#!::r=live/livestream,m=publish', at('publish', 'live', 'livestream')],
    ['#!::r=live/livestream,m=PUBLISH', at('publish', 'live', 'livestream')],
    ['#!::r=live/livestream,m=request', at('play', 'live', 'livestream')],
    ['#!::r=live/livestream', at('play', 'live', 'livestream')],
    ['#!::r=a', at('play', 'live', 'a')],
    ['#!::h=v.com,r=live/a,m=publish', at('publish', 'live', 'a', 'v.com', '?vhost=v.com')],
    ['#!::h=live/a,m=publish', at('publish', 'live', 'a')],
    ['#!::h=v.com/live/a,m=publish', at('publish', 'live', 'a', 'v.com', '?vhost=v.com')],
    ['#!::r=live/a,m=publish,secret=x,k=v', at('publish', 'live', 'a', '', '?k=v&secret=x')],
    ['#!::h=live/a?secret=x==,m=publish', at('publish', 'live', 'a', '', '?secret=x==')],
    ['#!::u=me&&r=live/a;m=publish', at('publish', 'live', 'a', '', '?u=me')],
    ['live/a', at('play', 'live', 'a')],
    ['live/a?k=v', at('play', 'live', 'a', '', '?k=v')],
    ['a', at('play', 'live', 'a')],
    ['/live/a/', at('play', 'live', 'a')],
    ['', at('play', 'live', 'livestream')],
  ])('%j', (streamid, target) => {
    expect(parseStreamId(streamid, srsDefaults)).toEqual(target);
  });

  it('follow the defaults of the server', () => {
    const defaults = { app: 'tv', mode: 'publish', streamid: 'x' } as const;
    expect(parseStreamId('', defaults)).toEqual(at('publish', 'tv', 'x'));
    expect(parseStreamId('a/b', defaults)).toEqual(at('publish', 'a', 'b'));
  });

  it.each(['#!::m=publish', '#!::r=a,m=bidirectional', '#!::h=v.com', '#!:{}', '/', '?k=v'])(
    'refuse %s',
    (streamid) => {
      expect(() => parseStreamId(streamid, srsDefaults)).toThrow(expect.objectContaining({ code: 'SRT_STREAM_ID' }));
    },
  );
});

describe('numbers for people', () => {
  it('have the keys of srt-live-transmit', () => {
    const world = new World();
    const both = pair(world);
    world.run(1_000_000);
    const statistics = both.callerEar.connection!.statistics(both.caller.clock.now());
    const json = toTransmitJson(statistics, 7, 1_795_517_577_257_089);

    // A line of srt-live-transmit 1.5.1 -s:200 -pf:json.
    const theirs = {
      sid: 298850850,
      timepoint: '2026-11-24T10:52:57.257089+0000',
      time: 876,
      window: { flow: 8000, congestion: 25600, flight: 7 },
      link: { rtt: 0.692, bandwidth: 7.848, maxBandwidth: 1000 },
      send: {
        ...{ packets: 199, packetsUnique: 199, packetsLost: 0, packetsDropped: 0, packetsRetransmitted: 0 },
        ...{ packetsFilterExtra: 0, bytes: 270640, bytesUnique: 270640, bytesDropped: 0, byteAvailBuf: 12285000 },
        ...{ msBuf: 2, mbitRate: 2.46978, sendPeriod: 10 },
      },
      recv: {
        ...{ packets: 0, packetsUnique: 0, packetsLost: 0, packetsDropped: 0, packetsRetransmitted: 0 },
        ...{ packetsBelated: 0, packetsFilterExtra: 0, packetsFilterSupply: 0, packetsFilterLoss: 0, bytes: 0 },
        ...{ bytesUnique: 0, bytesLost: 0, bytesDropped: 0, byteAvailBuf: 12286500, msBuf: 0, mbitRate: 0 },
        msTsbPdDelay: 120,
      },
    };
    const keys = (of: object): string[] =>
      Object.entries(of).flatMap(([key, value]) =>
        typeof value === 'object' ? [key, ...keys(value as object)] : [key],
      );
    expect(keys(json)).toEqual(keys(theirs));
    expect(json).toMatchObject({ sid: 7, timepoint: theirs.timepoint, time: 1000, link: { maxBandwidth: 1000 } });
    expect(json.window.congestion).toBe(25_600);
    expect(json.send.sendPeriod).toBe(10);
    expect(json.recv.msTsbPdDelay).toBe(120);
  });

  it('name refusals', () => {
    expect([rejectName(Reject.badSecret), rejectName(Reject.forbidden), rejectName(4711)]).toEqual([
      'badSecret',
      'forbidden',
      'reason',
    ]);
  });

  it('begin with libsrt defaults', () => {
    expect(defaultOptions).toMatchObject({ rcvlatency: fromMs(120), payloadsize: 1316, fc: 25_600, maxbw: -1 });
  });
});

// RTCP: round trips, the words of others, and damage.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  GenericNack,
  PictureLossIndication,
  type ReceiverEstimatedMaxBitrate,
  RtcpPacketConverter,
  RtcpPayloadSpecificFeedback,
  RtcpTransportLayerFeedback,
} from 'werift';
import { ProtocolError } from '../../../../src/core/base/errors.ts';
import { parseRtcp, type RtcpPacket, writeRtcp } from '../../../../src/core/wire/rtcp/index.ts';

const report = { ssrc: 7, fractionLost: 12, lost: -3, highest: 70_000, jitter: 5, lastReport: 99, delay: 65_536 };

const cases: readonly RtcpPacket[] = [
  {
    type: 'sr',
    ssrc: 1,
    ntpHigh: 0xe0000000,
    ntpLow: 5,
    timestamp: 0xfffffff0,
    packets: 3,
    bytes: 900,
    reports: [report],
  },
  { type: 'rr', ssrc: 1, reports: [report, { ...report, ssrc: 8, lost: 8_000_000 }] },
  { type: 'sdes', ssrc: 1, cname: 'srsx' },
  { type: 'bye', ssrcs: [1, 2] },
  { type: 'nack', sender: 1, ssrc: 2, sequences: [65_534, 65_535, 0, 1, 40] },
  { type: 'pli', sender: 1, ssrc: 2 },
  { type: 'fir', sender: 1, ssrc: 2, sequence: 9 },
  { type: 'remb', sender: 1, bitrateBps: 3_000_320, ssrcs: [4, 5] },
  {
    type: 'transport',
    sender: 1,
    ssrc: 2,
    base: 65_530,
    count: 3,
    arrivals: [64_000, undefined, 64_250, 64_000, 1_000_000, undefined],
  },
];

it.each(cases)('$type survives the round trip', (packet) => {
  expect(parseRtcp(writeRtcp([packet]))).toEqual([packet]);
});

it('a compound packet has all of them in order', () => {
  expect(parseRtcp(writeRtcp(cases))).toEqual(cases);
});

it('leaves out what it does not know', () => {
  const unknown = Uint8Array.of(0x80, 204, 0, 1, 1, 2, 3, 4);

  expect(parseRtcp(Uint8Array.from([...unknown, ...writeRtcp([cases[5]!])]))).toEqual([cases[5]]);
});

describe('what werift writes', () => {
  const read = (packet: { serialize(): Buffer }) => parseRtcp(new Uint8Array(packet.serialize()));

  it('is read', () => {
    const pli = new RtcpPayloadSpecificFeedback({
      feedback: new PictureLossIndication({ senderSsrc: 1, mediaSsrc: 2 }),
    });
    const nack = new RtcpTransportLayerFeedback({
      feedback: new GenericNack({ senderSsrc: 1, mediaSourceSsrc: 2, lost: [10, 11, 30] }),
    });
    expect(read(pli)).toEqual([{ type: 'pli', sender: 1, ssrc: 2 }]);
    expect(read(nack)).toEqual([{ type: 'nack', sender: 1, ssrc: 2, sequences: [10, 11, 30] }]);
  });

  it('and it reads ours', () => {
    const bytes = writeRtcp([{ type: 'remb', sender: 1, bitrateBps: 2_000_000, ssrcs: [3] }]);

    const [packet] = RtcpPacketConverter.deSerialize(Buffer.from(bytes)) as [RtcpPayloadSpecificFeedback];

    expect(Number((packet.feedback as ReceiverEstimatedMaxBitrate).bitrate)).toBe(2_000_000);
  });
});

describe('damage', () => {
  it('is a ProtocolError or left out, never anything else', () => {
    const bytes = writeRtcp(cases);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, value, size) => {
        const damaged = bytes.slice(0, size);
        if (at < size) damaged[at] = value;
        try {
          parseRtcp(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('does not make much of little', () => {
    const lies = Uint8Array.from([
      0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0x20, 0, 0, 0,
    ]);

    expect(() => parseRtcp(lies)).toThrow(ProtocolError);
  });
});

it('goes through a bounded number of statuses, though a few bytes can announce thousands', () => {
  // Each tells of 4096 packets that did not come, in a run of two bytes.
  const feedback = Uint8Array.of(0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0x10, 0, 0, 0, 0, 0, 0x10, 0, 0, 0);
  const datagram = Uint8Array.from(Array.from({ length: 60 }, () => [...feedback]).flat());

  const packets = parseRtcp(datagram);

  expect(packets.length).toBeLessThanOrEqual(4);
  expect(packets.every((packet) => packet.type === 'transport' && packet.arrivals.length === 4096)).toBe(true);
  expect(() => parseRtcp(feedback.with(14, 0x20))).toThrow(ProtocolError);
});

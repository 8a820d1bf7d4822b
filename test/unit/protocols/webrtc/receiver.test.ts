// What a publisher is told: nobody makes it work more than the bounds allow.
import { expect, it } from 'vitest';
import { fromMs, type Micros } from '../../../../src/core/base/time.ts';
import { noRelief } from '../../../../src/core/control/circuit-breaker.ts';
import { negotiate } from '../../../../src/core/protocols/webrtc/negotiate.ts';
import { writeOffer } from '../../../../src/core/protocols/webrtc/offer.ts';
import { Receiver } from '../../../../src/core/protocols/webrtc/receiver.ts';
import { parseRtcp } from '../../../../src/core/wire/rtcp/index.ts';
import { HEADER_BYTES, writeHeader } from '../../../../src/core/wire/rtp/index.ts';
import { parseSdp } from '../../../../src/core/wire/sdp/index.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import { identityForTests } from './identity.ts';

/** Begins a picture of VP8 (RFC 7741 §4.2); then a key frame of 64 x 64, or another one. */
const keyPicture = Uint8Array.of(0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 64, 0);
const morePicture = Uint8Array.of(0x10, 0x11, 0, 0);

function packet(sequence: number, now: Micros, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  const timestamp = Math.round(now * 0.09);
  writeHeader(bytes, 0, { payloadType: 96, marker: true, sequence, timestamp, ssrc: 7, extended: false });
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/** Times in ms of the key-frame requests that a publisher gets, who answers each at once. */
function requested(
  milliseconds: number,
  keyInterval: Micros | undefined,
  step: (receiver: Receiver) => void,
): number[] {
  const offer = writeOffer({
    ...{ ice: { ufrag: 'peer', pwd: '0123456789012345678901' }, direction: 'sendonly', sessionId: 1 },
    ...{ fingerprint: identityForTests.fingerprint, video: ['vp8'], audio: [] },
  });
  const wishes = { action: 'publish', video: undefined, audio: undefined, nack: true, twcc: true } as const;
  const requests: number[] = [];
  let ms = 0;
  let wanted = true;
  const receiver = new Receiver({
    ...{
      media: negotiate(parseSdp(offer), wishes).media,
      rng: new SeedRng(1),
      dropType: 0,
      keyInterval,
      relief: () => noRelief,
    },
    to: { on: () => undefined },
    transport: {
      srtp: undefined,
      soon: () => undefined,
      sendBatch: () => true,
      sendRtcp: (bytes) => {
        if (!parseRtcp(bytes).some(({ type }) => type === 'pli')) return;
        requests.push(ms);
        wanted = true;
      },
    },
    onBad: (error) => {
      throw error;
    },
  });
  receiver.open(0);
  for (let sequence = 0; ms < milliseconds; ms += 40) {
    const now = fromMs(ms);
    const payload = wanted ? keyPicture : morePicture;
    wanted = false;
    receiver.rtp(packet(sequence++, now, payload), now);
    step(receiver);
    receiver.tick(now);
  }
  return requests;
}

it('players that ask at every picture cost the publisher a key frame a second', () => {
  const requests = requested(10_000, undefined, (receiver) => receiver.wantKey());

  expect(requests).toHaveLength(10);
  expect(requests[0]).toBe(0);
});

it('the interval of the settings does not wait for that second', () => {
  expect(requested(3000, fromMs(500), () => undefined)).toEqual([0, 520, 1040, 1560, 2080, 2600]);
});

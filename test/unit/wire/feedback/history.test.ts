// What is sent again, and how it is wrapped.
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../../src/core/base/bytes.ts';
import { ProtocolError } from '../../../../src/core/base/errors.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { SentHistory, unwrapRtx, writeRtxHead } from '../../../../src/core/wire/feedback/index.ts';

const memory = fromHex('0001020304050607');
const packet = (at: number) => ({
  memory,
  at,
  size: 3,
  timestamp: 0xfffffff0,
  payloadType: 127,
  marker: true,
  transport: at,
});

describe('the history of a player', () => {
  it('gives back what was sent, by reference', () => {
    const history = new SentHistory();
    history.sent(65_535, packet(2), 0);
    history.sent(0, { ...packet(4), marker: false, payloadType: 96 }, 0);

    expect(history.again(65_535, fromMs(10))).toEqual(packet(2));
    expect(history.again(0, fromMs(10))).toEqual({ ...packet(4), marker: false, payloadType: 96 });
    expect(history.again(65_535, fromSeconds(1))?.memory).toBe(memory);
  });

  it('does not give it twice within a round trip, which is how floods of NACK begin', () => {
    const history = new SentHistory();
    history.roundTrip = fromMs(80);
    history.sent(5, packet(0), 0);

    const given = [10, 20, 89, 90, 100, 171].map((ms) => history.again(5, fromMs(ms)) !== undefined);

    expect(given).toEqual([true, false, false, true, false, true]);
  });

  it('does not know what was never sent, is too old, or was overwritten', () => {
    const history = new SentHistory();
    for (let i = 0; i < 1030; i++) history.sent(i, packet(0), 0);

    expect([2000, 5, 1500].map((sequence) => history.again(sequence, 1))).toEqual([undefined, undefined, undefined]);
    expect(history.again(6, 1)).toBeDefined();
    expect(history.again(7, fromSeconds(3))).toBeUndefined();
    history.clear();
    expect(history.again(8, 1)).toBeUndefined();
  });
});

it('a shorter history forgets sooner, and has a power of two of packets', () => {
  const history = new SentHistory(128);
  for (let i = 0; i < 200; i++) history.sent(i, packet(0), 0);

  expect(history.again(71, 1)).toBeUndefined();
  expect(history.again(72, 1)).toBeDefined();
  expect(() => new SentHistory(100)).toThrow('power of two');
});

describe('RTX', () => {
  it('has the original sequence in front of the payload', () => {
    const target = new Uint8Array(6);
    const at = writeRtxHead(target, 1, 0xfffe);
    target.set(fromHex('aabbcc'), at);

    expect(toHex(target)).toBe('00fffeaabbcc');
    expect(unwrapRtx(target.subarray(1))).toEqual({ sequence: 0xfffe, payload: fromHex('aabbcc') });
  });

  it('is nothing when it is padding, and damaged when it is cut', () => {
    expect(unwrapRtx(new Uint8Array(0))).toBeUndefined();
    expect(() => unwrapRtx(new Uint8Array(1))).toThrow(ProtocolError);
    expect(unwrapRtx(Uint8Array.of(0, 7))).toEqual({ sequence: 7, payload: new Uint8Array(0) });
  });
});

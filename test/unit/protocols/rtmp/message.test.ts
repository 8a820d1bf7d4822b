// Control messages and aggregates.
import { describe, expect, it } from 'vitest';
import { ByteWriter, fromHex } from '../../../../src/core/base/bytes.ts';
import {
  acknowledgement,
  type Message,
  parseU32,
  parseUserControl,
  setChunkSize,
  setPeerBandwidth,
  splitAggregate,
  userControl,
  windowAckSize,
} from '../../../../src/core/protocols/rtmp/message.ts';

describe('control messages', () => {
  it.each([
    ['SetChunkSize', setChunkSize(60_000), 1, '00 00 ea 60'],
    ['Acknowledgement across the wrap', acknowledgement(2 ** 32 + 5), 3, '00 00 00 05'],
    ['WindowAckSize', windowAckSize(2_500_000), 5, '00 26 25 a0'],
    ['SetPeerBandwidth', setPeerBandwidth(2_500_000, 2), 6, '00 26 25 a0 02'],
    ['StreamBegin', userControl(0, 1), 4, '00 00 00 00 00 01'],
    ['SetBufferLength', userControl(3, 1, 3000), 4, '00 03 00 00 00 01 00 00 0b b8'],
  ])('%s has the bytes of the specification', (_, message, type, hex) => {
    expect(message).toEqual({ type, streamId: 0, timestamp: 0, body: fromHex(hex) });
  });

  it('are read as they were written', () => {
    expect(parseU32(setChunkSize(0xfffffff0))).toBe(0xfffffff0);
    expect(parseUserControl(userControl(6, 0xffffffff))).toEqual({ event: 6, value: 0xffffffff });
    expect(parseUserControl({ ...userControl(6), body: fromHex('00 06') })).toEqual({ event: 6, value: 0 });
  });
});

describe('an aggregate', () => {
  const part = (writer: ByteWriter, type: number, time: number, body: string): ByteWriter => {
    const bytes = fromHex(body);
    writer
      .u8(type)
      .u24(bytes.length)
      .u24(time)
      .u8(time / 2 ** 24)
      .u24(0)
      .put(bytes);
    return writer.u32(11 + bytes.length);
  };
  const aggregate = (timestamp: number, body: Uint8Array): Message => ({ type: 22, streamId: 1, timestamp, body });

  it('is split into messages whose times begin with its own', () => {
    const writer = new ByteWriter();
    part(writer, 9, 0x01000010, '01 02');
    part(writer, 8, 0x01000014, '03');
    part(writer, 18, 0x0100000c, '');

    expect(splitAggregate(aggregate(1000, writer.done()))).toEqual([
      { type: 9, streamId: 1, timestamp: 1000, body: fromHex('01 02') },
      { type: 8, streamId: 1, timestamp: 1004, body: fromHex('03') },
      { type: 18, streamId: 1, timestamp: 996, body: fromHex('') },
    ]);
  });

  it('may lack the size behind its last part', () => {
    const bytes = part(new ByteWriter(), 9, 0, '01').done();

    expect(splitAggregate(aggregate(0, bytes.subarray(0, -4)))).toHaveLength(1);
  });

  it('is damaged when it is cut anywhere else (RTMP_AGGREGATE)', () => {
    const bytes = part(part(new ByteWriter(), 9, 0, '01'), 8, 0, '02').done();
    for (let size = 1; size < bytes.length - 4; size++) {
      const cut = (): Message[] => splitAggregate(aggregate(0, bytes.subarray(0, size)));
      if (size >= 12 && size <= 16) expect(cut()).toHaveLength(1);
      else expect(cut).toThrow(expect.objectContaining({ code: 'RTMP_AGGREGATE' }));
    }
  });
});

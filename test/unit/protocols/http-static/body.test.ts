import { describe, expect, it } from 'vitest';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import { sendPieces } from '../../../../src/core/protocols/http-static/body.ts';
import { FakeLink, VirtualClock } from '../../../tools/fakes.ts';
import { settled } from '../http-flv/fakes.ts';

const bytes = Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 251);

function setUp(capacity?: number, size = bytes.length) {
  const clock = new VirtualClock();
  const link = new FakeLink(capacity);
  const reads: number[] = [];
  const file = {
    size,
    read: async (at: number, count: number) => {
      reads.push(at);
      return bytes.slice(at, at + count);
    },
  };
  const options = { clock, stallTime: fromSeconds(30), path: '/a.mp4' };
  return { clock, link, reads, send: () => sendPieces(file, [{ start: 0, end: size }], link, options) };
}

describe('a body', () => {
  it('is sent whole, then the link is closed, and no timer is left', async () => {
    const { send, link, clock } = setUp();
    await send();

    expect(Buffer.compare(link.bytes, bytes)).toBe(0);
    expect([link.closed, link.reason, clock.pending]).toEqual([true, undefined, 0]);
  });

  it('is read no faster than the peer takes it', async () => {
    const { send, link, reads, clock } = setUp(100_000);
    const sent = send();
    await settled();
    expect(reads).toHaveLength(1);
    for (let step = 2; step <= 8; step++) {
      link.drain();
      await settled();
      expect(reads).toHaveLength(step);
    }
    link.drain();
    await sent;
    expect([link.bytes.length, clock.pending]).toEqual([bytes.length, 0]);
  });

  it('of a peer that takes nothing is given up: HTTP_STATIC_STALLED', async () => {
    const { send, link, clock } = setUp(100_000);
    const sent = send();
    await settled();
    clock.advance(fromSeconds(29));
    link.drain();
    await settled();
    clock.advance(fromSeconds(31));
    await sent;

    expect(link.reason).toMatchObject({ code: 'HTTP_STATIC_STALLED' });
  });

  it('of a peer that leaves ends at once', async () => {
    const { send, link, reads } = setUp(100_000);
    const sent = send();
    await settled();
    link.onClose(undefined);
    await sent;

    expect(reads).toHaveLength(1);
  });

  it('of a file that became shorter is broken off: HTTP_STATIC_SHRUNK', async () => {
    const { send, link } = setUp(undefined, bytes.length + 10);
    await send();

    expect(link.reason).toMatchObject({ code: 'HTTP_STATIC_SHRUNK', details: { path: '/a.mp4' } });
  });
});

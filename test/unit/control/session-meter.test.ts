// A connection with one entry after the other, and who of them has which bytes.
import { describe, expect, it } from 'vitest';
import { SAMPLE_TIME } from '../../../src/core/base/counters.ts';
import { fromSeconds } from '../../../src/core/base/time.ts';
import { SessionMeter } from '../../../src/core/control/session-meter.ts';
import { type SessionInfo, Sessions } from '../../../src/core/control/sessions.ts';
import { SeedRng, VirtualClock } from '../../tools/fakes.ts';

const info: SessionInfo = {
  ...{ protocol: 'rtmp', type: 'rtmp-play', publish: false, shownName: 'a', tcUrl: '', pageUrl: '', swfUrl: '' },
  ...{ peer: { host: '192.0.2.1', port: 1 }, name: { vhost: 'v', app: 'live', stream: 'a' }, end: () => undefined },
};

function connection() {
  const bytes = { received: 300, sent: 400 };
  const meter = new SessionMeter(() => ({ ...bytes }));
  const sessions = new Sessions(new VirtualClock(), new SeedRng(1), 10);
  return { bytes, meter, open: () => sessions.open(info, {}) };
}

describe('the meter of a connection', () => {
  it('counts what went before the first entry, and each byte once', () => {
    const { bytes, meter, open } = connection();
    const entry = open();
    meter.begin(entry, 0);

    meter.measure();
    Object.assign(bytes, { received: 310, sent: 1400 });
    meter.measure();
    meter.measure();

    expect([entry.received.total, entry.sent.total]).toEqual([310, 1400]);
  });

  it('gives the next entry what came since the one before has ended', () => {
    const { bytes, meter, open } = connection();
    const [first, second] = [open(), open()];
    meter.begin(first, 0);
    meter.end();
    Object.assign(bytes, { received: 333, sent: 500 });
    meter.measure();

    meter.begin(second, 0);
    meter.measure();

    expect([first.received.total, first.sent.total]).toEqual([300, 400]);
    expect([second.received.total, second.sent.total]).toEqual([33, 100]);
  });

  it('looks once in a sample time while there is an entry', () => {
    const { bytes, meter, open } = connection();
    expect(meter.deadline).toBe(Number.POSITIVE_INFINITY);
    const entry = open();
    meter.begin(entry, fromSeconds(1));

    meter.tick(fromSeconds(1) + SAMPLE_TIME - 1);
    expect(entry.sent.total).toBe(0);
    meter.tick(fromSeconds(1) + SAMPLE_TIME);
    bytes.sent = 999;
    meter.tick(fromSeconds(2) + SAMPLE_TIME);

    expect(entry.sent.total).toBe(400);
    expect(meter.deadline).toBe(fromSeconds(1) + 2 * SAMPLE_TIME);
    meter.end();
    expect([entry.sent.total, meter.deadline]).toEqual([999, Number.POSITIVE_INFINITY]);
  });
});

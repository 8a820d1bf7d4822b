// Whatever a tool says of its URLs, in results, errors and what FFmpeg said, is without the keys in them.
import { describe, expect, it } from 'vitest';
import { fromSeconds } from '../../../src/core/base/time.ts';
import { file } from '../../../src/core/protocols/file/index.ts';
import { checkConformance } from '../../../src/core/toolkit/conformance.ts';
import { ingest } from '../../../src/core/toolkit/ingest.ts';
import { probe } from '../../../src/core/toolkit/probe.ts';
import { record } from '../../../src/core/toolkit/record.ts';
import { relay } from '../../../src/core/toolkit/relay.ts';
import { snapshot } from '../../../src/core/toolkit/snapshot.ts';
import { live } from '../../tools/builders.ts';
import { FakeChildren } from '../../tools/fake-children.ts';
import { MemoryFolder } from '../../tools/memory-folder.ts';
import { fakeHost, runUntil } from './fake-host.ts';
import { liveSource, liveTarget } from './fake-protocols.ts';

const KEY = '0123456789';
const from = `live://x/a/s?passphrase=${KEY}`;
const to = `sink://x/a/s?mode=caller&passphrase=${KEY}`;
const shownFrom = 'live://x/a/s?passphrase=***';
const shownTo = 'sink://x/a/s?mode=caller&passphrase=***';

function setUp() {
  const children = new FakeChildren();
  const host = fakeHost();
  const protocols = [liveSource([{ frames: live({ seconds: 2 }) }]), liveTarget(), file];
  const net = { ...host.net, folder: () => new MemoryFolder('.') };
  const { signal } = new AbortController();
  return { host: { ...host, net, children }, children, protocols, signal, clock: host.clock, lines: host.lines };
}

describe('a key in a URL', () => {
  it('is in no result of a relay', async () => {
    const { host, protocols, signal, clock } = setUp();
    const result = await runUntil(clock, relay(host, protocols, { from, to, signal }));

    expect(result).toMatchObject({ from: shownFrom, to: shownTo });
  });

  it('is in no result of an ingest', async () => {
    const { host, protocols, signal, clock } = setUp();
    const options = { sources: [from], to, signal, loop: true, maxTime: fromSeconds(1) };
    const result = await runUntil(clock, ingest(host, protocols, options));

    expect(result).toMatchObject({ from: shownFrom, to: shownTo });
  });

  it('is in no result of a recording and a probe', async () => {
    const { host, protocols, signal, clock } = setUp();
    const recorded = await runUntil(clock, record(host, protocols, { from, to: 'a.flv', signal }));
    const probed = await runUntil(clock, probe(host, protocols, { source: from, signal }));

    expect(recorded.from).toBe(shownFrom);
    expect(probed.source).toBe(shownFrom);
  });

  it('is not said by a snapshot, and FFmpeg is not cited with it', async () => {
    const { host, children, signal, lines } = setUp();
    const taken = snapshot(host, { from, to: 'a.jpg', signal });
    const [child] = children.all;
    child?.say(`${from}: Connection refused`);
    child?.end({ code: 1 });
    const error: unknown = await taken.catch((thrown: unknown) => thrown);

    // FFmpeg itself must have it.
    expect(child?.command.args).toContain(from);
    expect(error).toMatchObject({ code: 'SNAPSHOT_FAILED', details: { from: shownFrom } });
    expect(String(error)).toContain(`${shownFrom}: Connection refused`);
    expect(JSON.stringify(lines)).not.toContain(KEY);
  });

  it('is not said by an ingest through FFmpeg', async () => {
    const { host, children, protocols, signal, clock } = setUp();
    const source = `rtsp://me:${KEY}@camera/live`;
    const failed = ingest(host, protocols, { sources: [source], to, signal, loop: false, retries: 0 });
    const done = failed.catch((thrown: unknown) => thrown);
    await runUntil(clock, Promise.resolve());
    children.all[0]?.say(`${source}: 401 Unauthorized`);
    children.all[0]?.end({ code: 1 });
    const error: unknown = await runUntil(clock, done);

    expect(error).toMatchObject({ code: 'INGEST_FFMPEG' });
    expect(String(error)).toContain('rtsp://***@camera/live: 401 Unauthorized');
  });

  it('is not said by a check that knows no such endpoint', async () => {
    const { host, signal } = setUp();
    const asked = checkConformance(host, { source: from, signal });

    await expect(asked).rejects.toMatchObject({ code: 'CONFORMANCE_URL', details: { source: shownFrom } });
  });
});

// Connections to the media port: whose packets they bring, and what is bad about them.
import { describe, expect, it } from 'vitest';
import { concat, toHex } from '../../../../src/core/base/bytes.ts';
import type { Admission, Grant } from '../../../../src/core/control/admission.ts';
import { MediaLink } from '../../../../src/core/protocols/gb28181/media-link.ts';
import { SipLink } from '../../../../src/core/protocols/gb28181/sip-link.ts';
import { FrameReader } from '../../../../src/core/wire/rtp/index.ts';
import { sessionSuite } from '../../../suites/session.suite.ts';
import { chop } from '../../../tools/chop.ts';
import { FakeLink, SeedRng } from '../../../tools/fakes.ts';
import { Camera, cameraId, invited, RtpWriter } from '../../../tools/gb-camera.ts';
import { both, program } from '../../format/ts/media.ts';
import { settled } from '../http-flv/fakes.ts';
import { FakeCamera, methods, nameOf, type World, world } from './world.ts';

const second = program({ seconds: 1 });
const stream = (rtp: RtpWriter): Uint8Array => concat(second.map((frame) => rtp.frame(frame, both)));
const name = nameOf();

/** What the log has said, with what was counted last. */
const told = ({ lines }: World): unknown[] => lines.flatMap(({ fields }) => [fields?.['code'], fields?.['last']]);

describe('a connection to the media port', () => {
  it('is cut anywhere', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    const media = camera.media(camera.come());
    for (const piece of chop(stream(camera.rtp), 97)) media.onData(piece);
    await settled();
    media.close();

    expect(here.frames.length).toBe(second.length);
  });

  it('loses nothing that came while the admission was asked, and is paused meanwhile', async () => {
    let answer: (grant: Grant) => void = () => undefined;
    const admission: Admission = { admit: () => new Promise((resolve) => void (answer = resolve)) };
    const here = await world({ admission });
    const camera = new FakeCamera(here);
    const media = camera.media(camera.come());
    media.onData(stream(camera.rtp));
    expect(media.paused).toBe(true);

    answer({ name, policy: 'refuse', mergeWindow: 0 });
    await settled();
    media.close();

    expect([media.paused, here.frames.length]).toEqual([false, second.length]);
  });

  it('that brings too much before the admission has answered is GB_LATE', async () => {
    const here = await world({ admission: { admit: () => new Promise(() => undefined) } });
    const camera = new FakeCamera(here);
    const media = camera.media(camera.come());
    for (let i = 0; i < 20; i++) media.onData(camera.rtp.write(new Uint8Array(60_000), 0));

    expect(media.reason?.code).toBe('GB_LATE');
  });

  it('whose admission is granted after it has left publishes nothing', async () => {
    let answer: (grant: Grant) => void = () => undefined;
    let ended = 0;
    const here = await world({ admission: { admit: () => new Promise((resolve) => void (answer = resolve)) } });
    const camera = new FakeCamera(here);
    const media = camera.media(camera.come());
    media.onData(stream(camera.rtp));
    media.close();
    answer({ name, policy: 'refuse', mergeWindow: 0, ticket: { begin: () => undefined, end: () => void ended++ } });
    await settled();

    expect([here.published(), ended, here.host.sessions.size]).toEqual([false, 1, 0]);
  });

  it('with an SSRC that nobody has is heard for 10 s, and no longer: GB_STRANGER', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    await camera.stream();
    const stranger = here.connect(9000, '192.0.2.99');
    stranger.onData(stream(new RtpWriter(77)));
    expect(stranger.closed).toBe(false);
    here.advance(4000);
    stranger.onData(stream(new RtpWriter(77)));
    for (let i = 0; i < 2; i++) here.advance(3500);

    expect(stranger.reason?.code).toBe('GB_STRANGER');
    expect(told(here)).toContain('SSRC 0000000077');
    expect(here.server.links).toBe(0);
  });

  it('that says nothing ends after 10 s', async () => {
    const here = await world();
    const silent = here.connect(9000, '192.0.2.99');
    here.advance(10_500);

    expect([silent.reason?.code, here.server.links]).toEqual(['GB_STRANGER', 0]);
  });

  it('with an SSRC of its own is that of the only device there that is awaited', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    const elsewhere = new FakeCamera(here, '2', '192.0.2.65');
    elsewhere.come();
    const media = camera.media(camera.come(), 4711);
    media.onData(stream(camera.rtp));
    await settled();

    expect([here.published(), here.published('2')]).toEqual([true, false]);
  });

  it('with an SSRC of its own is nobody’s where two devices are awaited', async () => {
    const here = await world();
    const [one, two] = [new FakeCamera(here, '1'), new FakeCamera(here, '2')];
    one.come();
    const media = two.media(two.come(), 4711);
    media.onData(stream(two.rtp));
    await settled();

    expect([here.published('1'), here.published('2')]).toEqual([false, false]);
  });

  it('with the SSRC that the answer has named is that device’s, whatever its address', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    const invite = camera.come();
    camera.send(camera.answer(invite, 200, 4711));
    const media = here.connect(9000, '192.0.2.99');
    media.onData(stream(new RtpWriter(4711)));
    await settled();
    expect(here.published()).toBe(true);

    media.close();
    camera.send(camera.register(0));
    expect(here.server.receivers.find(4711)).toBeUndefined();
  });

  it('does not get the SSRC of another device by naming it', async () => {
    const here = await world();
    const [one, two] = [new FakeCamera(here, '1'), new FakeCamera(here, '2', '192.0.2.65')];
    const invite = one.come();
    two.send(two.answer(two.come(), 200, invited(invite).ssrc));
    const media = one.media(invite);
    media.onData(stream(one.rtp));
    await settled();

    expect([here.published('1'), here.published('2')]).toEqual([true, false]);
  });

  it('with an SSRC that another one sends is GB_TAKEN, until that is silent for 1 s', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    const { invite, media } = await camera.stream();
    const second = camera.media(invite);
    second.onData(stream(camera.rtp));
    expect([second.reason?.code, media.closed]).toEqual(['GB_TAKEN', false]);

    camera.take();
    here.advance(1500);
    const third = camera.media(invite);
    third.onData(stream(camera.rtp));
    await settled();
    expect(methods(camera.take())).toEqual([]);
    here.advance(6000);

    expect([media.closed, here.asked.length]).toEqual([true, 2]);
    // The call goes on: BYE came only when the third was silent too.
    expect(third.reason?.code).toBe('GB_SILENT');
    expect(methods(camera.take())).toEqual(['BYE']);
  });

  it('leaves out packets of other SSRCs, RTCP, damaged and empty ones', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    const media = camera.media(camera.come());
    const other = new RtpWriter(5);
    const rtcp = Uint8Array.of(0, 8, 0x80, 200, 0, 1, 0, 0, 0, 0);
    for (const frame of second) {
      media.onData(camera.rtp.frame(frame, both));
      media.onData(concat([other.write(new Uint8Array(10), 0), rtcp, Uint8Array.of(0, 3, 1, 2, 3, 0, 0)]));
      await settled();
    }
    expect(media.closed).toBe(false);
    media.close();

    expect(here.frames.length).toBe(second.length);
    expect(told(here)).toEqual(expect.arrayContaining(['SSRC 0000000005']));
  });

  it('that sends no program stream ends with PS_SYNC after 1 MiB', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    const media = camera.media(camera.come());
    const rng = new SeedRng(1);
    for (let i = 0; i < 30 && !media.closed; i++) {
      media.onData(camera.rtp.write(rng.bytes(50_000), i));
      await settled();
    }

    expect([media.reason?.code, here.host.sessions.size]).toEqual(['PS_SYNC', 0]);
  });

  it('whose stream somebody else publishes is refused', async () => {
    const here = await world();
    here.hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
    const camera = new FakeCamera(here);
    const media = camera.media(camera.come());
    media.onData(stream(camera.rtp));
    await settled();

    expect([media.reason?.code, here.host.sessions.size]).toEqual(['STREAM_BUSY', 0]);
  });

  it('of SIP that sends no SIP ends: SIP_STREAM', async () => {
    const here = await world();
    const link = here.connect(5060, '192.0.2.99');
    link.onData(new Uint8Array(20_000).fill(65));
    const silent = here.connect(5060, '192.0.2.99');
    here.advance(10_500);

    expect([link.reason?.code, silent.reason?.code]).toEqual(['SIP_STREAM', 'SIP_STREAM']);
    expect(here.server.registrar?.sizes.links).toBe(0);
  });

  it('of SIP that is damaged in any way leaves the server sound', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    const { invite } = await camera.stream();
    const rng = new SeedRng(2);
    const messages = [camera.register(), camera.keepalive(), camera.answer(invite), camera.answer(invite, 486)];
    for (let i = 0; i < 500; i++) {
      const other = new FakeCamera(here, '9', '192.0.2.99');
      const bytes = (messages[i % messages.length] as Uint8Array).slice();
      for (let k = 0; k < 4; k++) bytes[rng.below(bytes.length)] = rng.below(256);
      other.sip.onData(bytes);
      other.sip.close();
    }

    expect(here.lines.filter(({ fields }) => String(fields?.['code']).startsWith('BUG'))).toEqual([]);
    expect(here.server.registrar?.sizes.links).toBe(1);
  });
});

describe('datagrams at the media port', () => {
  const [from, other] = [
    { host: '192.0.2.64', port: 15_060 },
    { host: '192.0.2.99', port: 15_060 },
  ];
  /** The packets of some frames, as datagrams. */
  const packets = (ssrc: number, frames = second): Uint8Array[] => {
    const rtp = new RtpWriter(ssrc);
    return new FrameReader(65_535).push(concat(frames.map((frame) => rtp.frame(frame, both))));
  };

  async function invitedWorld() {
    const here = await world();
    const camera = new FakeCamera(here);
    const invite = camera.come();
    camera.send(camera.answer(invite));
    camera.take();
    const send = (datagram: Uint8Array, peer = from): void => here.mediaUdp.onDatagram(datagram, peer);
    return { here, camera, invite, send, ssrc: invited(invite).ssrc };
  }

  it('are published, in the order of their numbers', async () => {
    const { here, send, ssrc } = await invitedWorld();
    const all = packets(ssrc);
    for (let at = 0; at < all.length; at += 4) {
      const some = all.slice(at, at + 4);
      // The first one tells where it begins; the others overtake each other.
      for (const one of at === 0 ? some : some.toReversed()) {
        const bytes = one.slice();
        send(bytes);
        bytes.fill(0xee);
      }
    }
    await settled();
    expect(here.published()).toBe(true);
    here.advance(5500);

    expect(here.frames.length).toBe(second.length);
    expect([here.published(), here.host.sessions.size]).toEqual([false, 0]);
  });

  it('lose the picture of which one is missing, and no other', async () => {
    const frames = program({ seconds: 2, size: 2000 }).filter(({ track }) => track.kind === 'video');
    const { here, send, ssrc } = await invitedWorld();
    const all = packets(ssrc, frames);
    const [, gone] = packets(ssrc, frames.slice(0, 11)).slice(-2);
    const missing = all.findIndex(
      (one) => gone !== undefined && one.length === gone.length && one.every((byte, i) => byte === gone[i]),
    );
    for (const [index, one] of all.entries()) if (index !== missing) send(one);
    await settled();
    here.advance(5500);

    expect(missing).toBeGreaterThan(0);
    const wanted = frames.filter((_, index) => index !== 10);
    expect(here.frames.map(({ dts, data }) => `${dts} ${toHex(data)}`)).toEqual(
      wanted.map(({ dts, data }) => `${dts} ${toHex(data)}`),
    );
  });

  it('of a second sender are dropped until the first is silent for 1 s', async () => {
    const { here, camera, send, ssrc } = await invitedWorld();
    for (const one of packets(ssrc)) send(one);
    await settled();
    for (const one of packets(ssrc)) send(one, other);
    expect(here.asked).toHaveLength(1);

    here.advance(1500);
    for (const one of packets(ssrc)) send(one, other);
    await settled();
    expect(here.asked.map(({ peer }) => peer.host)).toEqual([from.host, other.host]);
    expect(methods(camera.take())).toEqual([]);
    expect(here.published()).toBe(true);
  });

  it('that are refused ask nobody for 3 s', async () => {
    const { here, send, ssrc } = await invitedWorld();
    here.hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
    const all = packets(ssrc);
    for (const one of all) send(one);
    await settled();
    for (const one of all) send(one);
    for (const one of all) send(one, other);
    await settled();
    expect(here.asked).toHaveLength(1);

    here.advance(3500);
    for (const one of all) send(one);
    await settled();
    expect(here.asked).toHaveLength(2);
  });

  it('that nobody expects, that are damaged, or no RTP at all, are left out', async () => {
    const { here, send, ssrc } = await invitedWorld();
    const [one = new Uint8Array(0)] = packets(ssrc);
    for (const bytes of [
      new Uint8Array(0),
      one.subarray(0, 11),
      Uint8Array.of(0x8f, ...one.subarray(1, 20)),
      new Uint8Array(100),
    ]) {
      send(bytes);
    }
    for (const stray of packets(77)) send(stray, other);
    await settled();

    expect([here.asked.length, here.server.links]).toEqual([0, 0]);
  });

  it('end with the server, and leave nothing behind', async () => {
    const { here, send, ssrc } = await invitedWorld();
    for (const one of packets(ssrc)) send(one);
    await settled();
    here.server.close();
    for (const one of packets(ssrc)) send(one);

    expect([here.server.links, here.host.sessions.size, here.wheel.size, here.clock.pending]).toEqual([0, 0, 0, 0]);
  });
});

sessionSuite({
  name: 'GB28181 media',
  states: ['unknown', 'bound', 'publishing'],
  reach: async (state) => {
    const here = await world(state === 'bound' ? { admission: { admit: () => new Promise(() => undefined) } } : {});
    const camera = new FakeCamera(here);
    const { ssrc } = invited(camera.come());
    camera.sip.close();
    // The clock of the suite has only this session.
    const link = new FakeLink();
    const find = () => here.server.receivers.find(ssrc);
    const session = new MediaLink({ host: here.host, link, find, onOver: () => undefined });
    if (state !== 'unknown') session.receive(stream(new RtpWriter(ssrc)), here.clock.now());
    await settled();
    return { session, link, clock: here.clock };
  },
  patient: {
    bound: 'the admission is waited for, and hooks have their own time-out',
    publishing: 'its source has the deadline',
  },
});

sessionSuite({
  name: 'GB28181 SIP',
  states: ['silent', 'speaking'],
  reach: async (state) => {
    const here = await world();
    const link = new FakeLink();
    const [timeout, ownHost] = [60_000_000, '203.0.113.1'];
    const { host } = here;
    const session = new SipLink({ link, host, timeout, ownHost, onMessage: () => undefined, onOver: () => undefined });
    if (state === 'speaking') session.receive(new Camera(cameraId).register(), here.clock.now());
    return { session, link, clock: here.clock };
  },
});

// Devices as they register, are invited, and come and go.
import { describe, expect, it, vi } from 'vitest';
import { concat, toHex } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import { type Admission, admissionErrors } from '../../../../src/core/control/admission.ts';
import { PsDemuxer } from '../../../../src/core/format/ps/index.ts';
import { headerOf, latin1, parseSip, type SipRequest } from '../../../../src/core/wire/sip/index.ts';
import { Camera, cameraId, domain, invited, serverId } from '../../../tools/gb-camera.ts';
import { ps } from '../../../tools/ps-writer.ts';
import { both, framesOf, program } from '../../format/ts/media.ts';
import { settled } from '../http-flv/fakes.ts';
import { config, FakeCamera, methods, world } from './world.ts';

const refusing: Admission = { admit: async () => Promise.reject(admissionErrors.refused('VHOST', { vhost: 'x' })) };

describe('a device', () => {
  it('registers, is invited after its first keep-alive, and publishes as its id', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    expect(methods(camera.send(camera.register()))).toEqual([200]);
    here.advance(3000);
    expect(methods(camera.take())).toEqual([]);

    const [answer, invite] = camera.send(camera.keepalive());
    expect(methods([answer, invite].filter((one) => one !== undefined))).toEqual([200, 'INVITE']);
    camera.send(camera.answer(invite as SipRequest, 100));
    expect(methods(camera.send(camera.answer(invite as SipRequest)))).toEqual(['ACK']);

    const frames = program({ seconds: 1 });
    const media = camera.media(invite as SipRequest);
    media.onData(concat(frames.map((frame) => camera.rtp.frame(frame, both))));
    await settled();

    expect(here.published()).toBe(true);
    expect(here.asked).toMatchObject([
      { type: 'flash-publish', protocol: 'gb28181', name: { stream: cameraId }, peer: { host: camera.from } },
    ]);
    media.close();
    const demuxer = new PsDemuxer(defaultLimits);
    const wanted = framesOf([...demuxer.push(ps(frames, both)), ...demuxer.end()]);
    expect(here.frames.map(({ data }) => toHex(data)).toSorted()).toEqual(
      wanted.map(({ data }) => toHex(data)).toSorted(),
    );
    expect([here.published(), here.host.sessions.size]).toEqual([false, 0]);
  });

  it('is invited in the words of SRS', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    const invite = camera.come();

    expect(invite.uri).toBe(`sip:${cameraId}@${domain}`);
    const header = (name: string): string => headerOf(invite, name) ?? '';
    expect(header('via')).toMatch(/^SIP\/2\.0\/TCP 203\.0\.113\.1:5060;rport;branch=z9hG4bK\w{6}$/);
    expect(header('from')).toMatch(new RegExp(`^<sip:${serverId}@${domain}>;tag=SRS\\w{8}$`));
    expect(header('to')).toBe(`<sip:${cameraId}@${domain}>`);
    expect(header('contact')).toBe(`<sip:${serverId}@${domain}>`);
    expect(header('call-id')).toMatch(/^\w{16}$/);
    expect(header('max-forwards')).toBe('70');
    expect(header('content-type')).toBe('Application/SDP');
    expect(header('subject')).toMatch(new RegExp(`^${cameraId}:0\\d{9},${serverId}:0$`));
    const ssrc = latin1(invite.body).match(/y=(0\d{9})/)?.[1];
    // 0 for live, then the digits 4 to 8 of the server.
    expect(ssrc).toMatch(/^020000\d{4}$/);
    expect(latin1(invite.body).split('\r\n')).toEqual([
      'v=0',
      `o=${serverId} 0 0 IN IP4 203.0.113.1`,
      's=Play',
      'c=IN IP4 203.0.113.1',
      't=0 0',
      'm=video 9000 TCP/RTP/AVP 96',
      'a=rtpmap:96 PS/90000',
      'a=recvonly',
      `y=${ssrc}`,
      '',
    ]);
    const [ack] = camera.requests(camera.send(camera.answer(invite)));
    expect(headerOf(ack as SipRequest, 'cseq')).toBe(headerOf(invite, 'cseq')?.replace('INVITE', 'ACK'));
    expect(headerOf(ack as SipRequest, 'to')).toContain('tag=camera');
    expect(headerOf(ack as SipRequest, 'via')).not.toBe(headerOf(invite, 'via'));
  });

  it('is told the candidate of the settings', async () => {
    const here = await world({ text: config('candidate 192.0.2.200;') });

    expect(invited(new FakeCamera(here).come())).toMatchObject({ host: '192.0.2.200', port: 9000 });
  });

  it('that says MESSAGE without having registered gets 403', async () => {
    const here = await world();
    const camera = new FakeCamera(here);

    expect(methods(camera.send(camera.keepalive()))).toEqual([403]);
    expect(here.server.registrar?.sizes.devices).toBe(0);
  });

  it('may send its media before it answers', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    const invite = camera.come();
    const media = camera.media(invite);
    media.onData(concat(program({ seconds: 1 }).map((frame) => camera.rtp.frame(frame, both))));
    await settled();

    expect(here.published()).toBe(true);
    expect(methods(camera.send(camera.answer(invite)))).toEqual(['ACK']);
    here.advance(4000);
    expect(here.published()).toBe(true);
  });

  it('is invited again 5 s after its media has ended, with the SSRC that it had', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    const { invite, media } = await camera.stream();
    camera.take();
    media.close();

    expect(methods(camera.take())).toEqual(['BYE']);
    here.advance(4500);
    expect(methods(camera.take())).toEqual([]);
    here.advance(750);
    const [again] = camera.requests();

    expect(again?.method).toBe('INVITE');
    expect(invited(again as SipRequest)).toEqual(invited(invite));
    expect(headerOf(again as SipRequest, 'call-id')).not.toBe(headerOf(invite, 'call-id'));
  });

  it('that is silent ends, and is invited again', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    const { media } = await camera.stream();
    here.advance(5500);

    expect([here.published(), media.closed, media.reason?.code]).toEqual([false, true, 'GB_SILENT']);
    here.advance(5500);
    expect(methods(camera.take())).toEqual(expect.arrayContaining(['BYE', 'INVITE']));
  });

  it('whose media has no frame ends with GB_NO_MEDIA', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    const media = camera.media(camera.come());
    media.onData(camera.rtp.write(new Uint8Array(100), 0));
    await settled();
    here.advance(20_500);

    expect(media.reason?.code).toBe('GB_NO_MEDIA');
  });

  it('that sends no media is invited four times, and must register then', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    camera.send(camera.register());
    let invites = 0;
    for (let second = 0; second < 300; second += 10) {
      const messages = camera.send(camera.keepalive());
      for (const request of camera.requests(messages)) {
        if (request.method !== 'INVITE') continue;
        invites++;
        camera.send(camera.answer(request));
      }
      here.advance(10_000);
      for (const request of camera.requests()) {
        if (request.method !== 'INVITE') continue;
        invites++;
        camera.send(camera.answer(request));
      }
    }

    expect(invites).toBe(4);
    expect(camera.statuses(camera.send(camera.keepalive()))).toEqual([403]);
    expect(here.lines.some(({ fields }) => fields?.['code'] === 'GB_TIMEOUT')).toBe(true);
    expect(here.server.receivers.size).toBe(0);
    expect(methods(camera.send(camera.register()))).toEqual([200]);
  });

  it('that refuses is asked again, and the refusal is acknowledged with the branch of the INVITE', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    const invite = camera.come();
    const [ack] = camera.requests(camera.send(camera.answer(invite, 486)));

    expect(ack?.method).toBe('ACK');
    expect(headerOf(ack as SipRequest, 'via')).toBe(headerOf(invite, 'via'));
    here.advance(5500);
    expect(methods(camera.take())).toEqual(['INVITE']);
  });

  it('that answers late is heard still, and one that refuses twice is only acknowledged twice', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    const invite = camera.come();
    here.advance(61_000);
    expect(methods(camera.send(camera.answer(invite)))).toEqual(['ACK']);
    here.advance(8000);
    expect(methods(camera.take())).toEqual([]);
    const media = camera.media(invite);
    media.onData(concat(program({ seconds: 1 }).map((frame) => camera.rtp.frame(frame, both))));
    await settled();
    expect(here.published()).toBe(true);

    const other = new FakeCamera(here, '2', '192.0.2.65');
    const second = other.come();
    expect(methods(other.send(concat([other.answer(second, 486), other.answer(second, 486)])))).toEqual(['ACK', 'ACK']);
    here.advance(5500);
    expect(methods(other.take())).toEqual(['INVITE']);
  });

  it('that registers again while it is invited is invited anew, but not for each of a flood', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    camera.come();
    here.advance(2000);

    expect(methods(camera.send(camera.register()))).toEqual([200, 'INVITE']);
    expect(methods(camera.send(concat([camera.register(), camera.register()])))).toEqual([200, 200]);
  });

  it('goes on over another connection, where it registers again', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    const { media } = await camera.stream();
    camera.take();
    camera.sip.close();
    camera.sip = here.connect(5060, camera.from);
    camera.send(camera.register());

    expect([here.published(), here.server.registrar?.sizes]).toEqual([true, { devices: 1, calls: 1, links: 1 }]);
    media.close();
    here.advance(5500);
    expect(methods(camera.take())).toEqual(['BYE', 'INVITE']);
  });

  it('that has lost its connection is not invited before it is back', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    const { media } = await camera.stream();
    camera.sip.close();
    media.close();
    here.advance(20_000);
    camera.sip = here.connect(5060, camera.from);

    expect(methods(camera.send(camera.keepalive()))).toEqual([200, 'INVITE']);
  });

  it('that vanishes is forgotten after three keep-alives', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    camera.send(camera.register());
    camera.sip.close();
    here.advance(179_000);
    expect(here.server.registrar?.sizes.devices).toBe(1);
    here.advance(1500);

    expect(here.server.registrar?.sizes).toEqual({ devices: 0, calls: 0, links: 0 });
    expect(here.server.receivers.size).toBe(0);
  });

  it.each([
    { name: 'unregisters', leave: (camera: FakeCamera) => camera.register(0) },
    { name: 'says BYE', leave: (camera: FakeCamera, invite: SipRequest) => camera.bye(invite) },
  ])('that $name ends, and is not invited', async ({ leave }) => {
    const here = await world();
    const camera = new FakeCamera(here);
    const { invite, media } = await camera.stream();
    camera.take();

    expect(methods(camera.send(leave(camera, invite)))).toEqual([200]);
    expect([media.closed, here.published(), here.host.sessions.failed]).toEqual([true, false, 0]);
    here.advance(60_000);
    expect(methods(camera.take())).toEqual([]);
    expect(here.server.registrar?.sizes).toMatchObject({ devices: 0, calls: 0 });
    expect(here.lines.some(({ fields }) => fields?.['code'] === 'GB_GONE')).toBe(true);
  });

  it('that says BYE in a call that is none gets 481', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    const invite = camera.come();
    const other = { ...invite, headers: [['call-id', 'another'] as const] };

    expect(methods(camera.send(camera.bye(other)))).toEqual([481]);
    expect(here.server.registrar?.sizes.devices).toBe(1);
  });

  it('that is refused is invited four times, and hooks are asked no more', async () => {
    const here = await world({ admission: refusing });
    const camera = new FakeCamera(here);
    camera.send(camera.register());
    let invite = camera.requests(camera.send(camera.keepalive()))[0];
    for (let i = 0; i < 10 && invite !== undefined; i++) {
      camera.send(camera.answer(invite));
      const media = camera.media(invite);
      for (const frame of program({ seconds: 1 }).slice(0, 1)) media.onData(camera.rtp.frame(frame, both));
      await settled();
      expect(media.reason?.code).toBe('ADMISSION_VHOST');
      here.advance(6000);
      invite = camera.requests().find(({ method }) => method === 'INVITE');
    }

    expect(here.asked).toHaveLength(4);
    expect(here.server.registrar?.sizes.devices).toBe(0);
  });

  it('that the operator ends hears BYE', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    const { media } = await camera.stream();
    camera.take();
    const [session] = [...here.host.sessions.list()];
    expect(session?.info.describe?.()).toMatchObject({ device: cameraId });
    here.host.sessions.kick(session?.id ?? '');

    expect([media.closed, here.published()]).toEqual([true, false]);
    expect(methods(camera.take())).toEqual(['BYE']);
  });

  it('is one of many', async () => {
    const here = await world();
    const ids = Array.from({ length: 20 }, (_, index) => `340200000013200001${String(index).padStart(2, '0')}`);
    const cameras = ids.map((id, index) => new FakeCamera(here, id, `192.0.2.${index}`));
    const all = await Promise.all(cameras.map((camera) => camera.stream()));

    expect(ids.map((id) => here.published(id))).toEqual(ids.map(() => true));
    expect(new Set(all.map(({ invite }) => invited(invite).ssrc)).size).toBe(20);
    all[3]?.media.close();
    expect(ids.filter((id) => here.published(id))).toHaveLength(19);
  });

  it('is not registered by a name that no stream may have', async () => {
    const here = await world();
    for (const id of ['..', 'a.b', '%2e%2e', '$(id)', 'x'.repeat(65), '[stream]', '']) {
      const camera = new FakeCamera(here, id);
      const answers = methods(camera.send(camera.register()));
      // What is no URI at all is dropped.
      expect([[400], []]).toContainEqual(answers);
    }

    expect(here.server.registrar?.sizes.devices).toBe(0);
    here.advance(3000);
    expect(here.lines.some(({ fields }) => fields?.['last'] === 'GB_ID')).toBe(true);
  });

  it('above the limit of sessions gets 503', async () => {
    const here = await world({ limits: { sessions: 2 } });
    const answers = ['1', '2', '3'].map((id) => {
      const camera = new FakeCamera(here, id);
      return methods(camera.send(camera.register()))[0];
    });

    expect(answers).toEqual([200, 200, 503]);
  });

  it('finds no SSRC when all that chance gives are taken: GB_SSRC', async () => {
    const here = await world();
    vi.spyOn(here.host.rng, 'below').mockReturnValue(7);
    const answers = ['1', '2'].map((id) => {
      const camera = new FakeCamera(here, id);
      return methods(camera.send(camera.register()))[0];
    });

    expect(answers).toEqual([200, 503]);
    here.advance(3000);
    expect(here.lines.some(({ fields }) => fields?.['last'] === 'GB_SSRC')).toBe(true);
  });

  it('ends with the server, and leaves nothing behind', async () => {
    const here = await world();
    const camera = new FakeCamera(here);
    const { media } = await camera.stream();
    camera.take();
    const idle = new FakeCamera(here, '2');
    idle.come();
    here.server.close();

    expect([media.closed, camera.sip.closed, idle.sip.closed]).toEqual([true, true, true]);
    expect(media.reason?.code).toBe('GB_STOPPED');
    expect(methods(camera.take())).toEqual(['BYE']);
    expect(here.closed).toEqual([9000, 5060]);
    expect(here.server.registrar?.sizes).toEqual({ devices: 0, calls: 0, links: 0 });
    expect([here.server.receivers.size, here.server.links, here.clock.pending]).toEqual([0, 0, 0]);
  });
});

describe('a device over UDP', () => {
  const peer = { host: '192.0.2.64', port: 5061 };

  it('is invited again and again until it answers something', async () => {
    const here = await world();
    const camera = new Camera(cameraId, 'UDP');
    const send = (bytes: Uint8Array): void => here.udp.onDatagram(bytes, peer);
    send(camera.register());
    send(camera.keepalive());
    const sent = (): (string | number)[] => methods(here.sent.map(({ message }) => message));
    expect(sent()).toEqual([200, 200, 'INVITE']);

    here.advance(4000);
    const invites = here.sent.map(({ message }) => message).filter((one): one is SipRequest => one.kind === 'request');
    // After 0.5, 1 and 2 s, on a wheel that is coarse.
    expect(invites).toHaveLength(4);
    expect(new Set(invites.map((one) => headerOf(one, 'call-id'))).size).toBe(1);
    const [invite] = invites;
    expect(headerOf(invite as SipRequest, 'via')).toContain('SIP/2.0/UDP 198.51.100.5:5060');
    send(camera.answer(invite as SipRequest, 100));
    here.advance(10_000);
    expect(sent()).toHaveLength(6);
    send(camera.answer(invite as SipRequest));
    send(camera.answer(invite as SipRequest));
    expect(sent().slice(6)).toEqual(['ACK', 'ACK']);
    expect(here.sent.every(({ to }) => to.port === peer.port)).toBe(true);
  });

  it('is not confused by datagrams that are no messages', async () => {
    const here = await world();
    for (const bytes of [
      new Uint8Array(0),
      new Uint8Array(4),
      new Uint8Array(2000),
      new Camera().register().subarray(0, 200),
    ]) {
      here.udp.onDatagram(bytes, peer);
    }

    expect(here.sent).toEqual([]);
    expect(parseSip(new Camera().register()).kind).toBe('request');
    expect(here.clock.now()).toBeLessThan(fromSeconds(1));
  });
});

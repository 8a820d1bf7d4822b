// WebRTC by WHEP (draft-ietf-wish-whep) and WHIP (RFC 9725): one offer, one answer, one resource to delete.

/** Candidates are gathered for at most this long before the offer goes out with what there is. */
const GATHER_MS = 1000;

/** `app/stream` as SRS's addresses have it; `kind` is `whip` or `whep`. */
export function endpoint(kind, name) {
  const levels = name.split('/');
  const stream = levels.pop();
  return `${location.origin}/rtc/v1/${kind}/?${new URLSearchParams({ app: levels.join('/') || 'live', stream })}`;
}

/** Plays into a video element. Rejects with `Refused`; `onState` hears of the connection's state afterwards. */
export async function playWhep(url, video, onState) {
  const peer = new RTCPeerConnection();
  peer.addTransceiver('video', { direction: 'recvonly' });
  peer.addTransceiver('audio', { direction: 'recvonly' });
  const media = new MediaStream();
  peer.ontrack = ({ track }) => {
    media.addTrack(track);
    video.srcObject = media;
    video.play().catch(() => undefined);
  };
  return exchange(peer, url, onState);
}

/** Publishes all tracks of `media`; of pictures, only `codec` (`H264`, `VP8`, `AV1`) is offered if the browser has it. */
export async function publishWhip(url, media, { codec, onState }) {
  const peer = new RTCPeerConnection();
  for (const track of media.getTracks()) {
    const transceiver = peer.addTransceiver(track, { direction: 'sendonly', streams: [media] });
    if (track.kind === 'video') restrict(transceiver, codec);
  }
  return exchange(peer, url, onState);
}

/** A server answers the codec of an offer that it likes best, whatever their order is. */
function restrict(transceiver, codec) {
  const all = RTCRtpSender.getCapabilities('video')?.codecs ?? [];
  const named = (...names) => all.filter(({ mimeType }) => names.includes(mimeType.toUpperCase()));
  const wanted = named(`VIDEO/${codec}`);
  if (wanted.length > 0) transceiver.setCodecPreferences([...wanted, ...named('VIDEO/RTX')]);
}

/** The server said no; `status` is that of HTTP. */
export class Refused extends Error {
  constructor(status, text) {
    super(text.trim() || `status ${status}`);
    this.status = status;
  }
}

async function exchange(peer, url, onState) {
  let resource;
  const session = {
    peer,
    /** Ends both ends; safe to call twice. */
    close() {
      peer.onconnectionstatechange = null;
      peer.close();
      if (resource !== undefined) fetch(resource, { method: 'DELETE', keepalive: true }).catch(() => undefined);
      resource = undefined;
    },
  };
  try {
    peer.onconnectionstatechange = () => onState(peer.connectionState);
    await peer.setLocalDescription(await peer.createOffer());
    await gathered(peer);
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp' },
      body: peer.localDescription.sdp,
    });
    const text = await answer.text();
    if (!answer.ok) throw new Refused(answer.status, text);
    const place = answer.headers.get('Location');
    if (place !== null) resource = new URL(place, url);
    await peer.setRemoteDescription({ type: 'answer', sdp: text });
    return session;
  } catch (error) {
    session.close();
    throw error;
  }
}

function gathered(peer) {
  if (peer.iceGatheringState === 'complete') return Promise.resolve();
  return new Promise((resolve) => {
    setTimeout(resolve, GATHER_MS);
    peer.addEventListener('icegatheringstatechange', () => peer.iceGatheringState === 'complete' && resolve());
  });
}

// WebRTC by WHEP (draft-ietf-wish-whep) and WHIP (RFC 9725): one offer, one answer, one resource to delete.

/** `app/stream` as SRS's addresses have it; `kind` is `whip` or `whep`. */
export function endpoint(kind, name) {
  const levels = name.split('/');
  const stream = levels.pop();
  return `${location.origin}/rtc/v1/${kind}/?${new URLSearchParams({ app: levels.join('/') || 'live', stream })}`;
}

/** Whether the server has WebRTC: its endpoint says what may be posted (RFC 9725 §4.2), whoever else answers OPTIONS. */
export async function hasWebRtc() {
  try {
    const { headers } = await fetch('/rtc/v1/whep/', { method: 'OPTIONS' });
    return headers.get('Accept-Post') === 'application/sdp';
  } catch {
    return false;
  }
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
    const offer = await peer.createOffer();
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp' },
      body: offer.sdp,
    });
    const text = await answer.text();
    if (!answer.ok) throw new Refused(answer.status, text);
    const place = answer.headers.get('Location');
    if (place !== null) resource = new URL(place, url);
    // Candidates are gathered from here on, with the servers that the answer names (RFC 9725 §4.6). This server is told of
    // none of them: a lite agent learns them from the checks.
    const iceServers = iceServersOf(answer.headers.get('Link') ?? '');
    if (iceServers.length > 0) peer.setConfiguration?.({ ...peer.getConfiguration(), iceServers });
    await peer.setLocalDescription(offer);
    await peer.setRemoteDescription({ type: 'answer', sdp: text });
    return session;
  } catch (error) {
    session.close();
    throw error;
  }
}

/** Of `<turn:host>; rel="ice-server"; username="a"; credential="b"`, joined by commas (RFC 8288 §3). */
export function iceServersOf(header) {
  const links = header.matchAll(/<([^>]*)>((?:\s*;\s*[\w-]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]*))*)/g);
  return [...links].flatMap(([, urls, rest]) => {
    const attributes = new Map(
      [...rest.matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))/g)].map(([, name, quoted, plain]) => [
        name.toLowerCase(),
        quoted?.replace(/\\(.)/g, '$1') ?? plain,
      ]),
    );
    if (attributes.get('rel') !== 'ice-server') return [];
    const [username, credential] = [attributes.get('username'), attributes.get('credential')];
    return [username === undefined ? { urls } : { urls, username, credential }];
  });
}

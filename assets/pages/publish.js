// The publisher page: a camera or a screen to the server by WHIP.
import { endpoint, publishWhip, Refused } from './webrtc.js';

const find = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const video = find('video');
const words = { idle: 'stopped', connecting: 'connecting', playing: 'on air', error: 'error' };
/** What the page shows; browser tests read it as `srsx.state`. */
const state = { publisher: 'idle', stream: '', bitrateKbps: undefined, fps: undefined, codecs: '', title: '', advice: '' };
window.srsx = { state };

let session;
let media;

const chosen = (name) => document.querySelector(`input[name="${name}"]:checked`).value;
const cleanName = (text) => text.trim().replace(/^\/+|\/+$/g, '');

if (query.has('stream')) find('name').value = cleanName(query.get('stream'));
for (const name of ['codec', 'source']) {
  const wanted = document.querySelector(`input[name="${name}"][value="${CSS.escape(query.get(name) ?? '')}"]`);
  if (wanted !== null) wanted.checked = true;
}

function become(publisher, title = '', advice = '') {
  Object.assign(state, { publisher, title, advice });
  find('badge').textContent = words[publisher];
  find('badge').dataset.state = publisher;
  find('notice').hidden = title === '';
  find('notice-title').textContent = title;
  find('notice-advice').textContent = advice;
  find('toggle').textContent = publisher === 'idle' || publisher === 'error' ? 'Publish' : 'Stop';
}

async function start() {
  const name = cleanName(find('name').value);
  if (name === '') return;
  state.stream = name;
  find('watch').href = `/?${new URLSearchParams({ stream: name, transport: 'rtc' })}`;
  become('connecting');
  try {
    media = await capture();
    video.srcObject = media;
    session = await publishWhip(endpoint('whip', name), media, { codec: chosen('codec'), onState: connection });
    count(session);
  } catch (error) {
    fail(error);
  }
}

/** Browsers give cameras to secure pages only; localhost counts as one. */
async function capture() {
  if (navigator.mediaDevices === undefined) throw new DOMException('', 'InsecureContext');
  const sound = { echoCancellation: true };
  return chosen('source') === 'screen'
    ? navigator.mediaDevices.getDisplayMedia({ video: true, audio: true })
    : navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 720 }, audio: sound });
}

function connection(now) {
  if (now === 'connected') become('playing');
  else if (now === 'failed' || now === 'disconnected') {
    stop();
    become('error', 'The connection was lost.', 'Publish again; look at the network when it happens often.');
  }
}

function fail(error) {
  stop();
  if (error instanceof Refused && error.status === 404) {
    become('error', 'This server has no WebRTC.', 'Start it with --rtc-listen 8000, or write rtc_server { enabled on; }.');
  } else if (error instanceof Refused) {
    const busy = error.status === 409;
    become('error', busy ? 'Somebody publishes this stream already.' : 'The server refuses this stream.', error.message);
  } else if (error.name === 'NotAllowedError') {
    become('error', 'The browser may not use the camera.', 'Allow it in the address bar.');
  } else if (error.name === 'InsecureContext') {
    become('error', 'This page has no camera.', 'Open it by https:// or at localhost: browsers demand it.');
  } else {
    become('error', 'Publishing failed.', error.message);
  }
}

function stop() {
  session?.close();
  session = undefined;
  for (const track of media?.getTracks() ?? []) track.stop();
  media = undefined;
  video.srcObject = null;
  become('idle');
}

async function count(counted, before = { bytes: 0, at: performance.now() }) {
  if (counted !== session) return;
  const report = await counted.peer.getStats();
  const all = [...report.values()];
  const sent = all.filter(({ type }) => type === 'outbound-rtp');
  const bytes = sent.reduce((sum, { bytesSent = 0 }) => sum + bytesSent, 0);
  const at = performance.now();
  const picture = sent.find(({ kind }) => kind === 'video');
  const remote = all.find(({ type, kind }) => type === 'remote-inbound-rtp' && kind === 'video');
  state.bitrateKbps = Math.round(((bytes - before.bytes) * 8) / Math.max(1, at - before.at));
  state.fps = picture?.framesPerSecond;
  state.codecs = sent.map(({ codecId }) => report.get(codecId)?.mimeType.split('/')[1] ?? '').filter(Boolean).join(', ');
  const show = (id, value) => {
    find(id).textContent = value ?? '–';
  };
  show('stat-picture', picture?.frameWidth && `${picture.frameWidth}×${picture.frameHeight}`);
  show('stat-fps', state.fps && `${state.fps.toFixed(0)} fps`);
  show('stat-bitrate', `${state.bitrateKbps} kbit/s`);
  show('stat-rtt', remote?.roundTripTime !== undefined ? `${Math.round(remote.roundTripTime * 1000)} ms` : undefined);
  show('stat-lost', remote?.fractionLost !== undefined ? `${(remote.fractionLost * 100).toFixed(1)} %` : undefined);
  show('stat-codecs', state.codecs || undefined);
  setTimeout(() => count(counted, { bytes, at }), 1000);
}

find('toggle').addEventListener('click', () => (session === undefined && state.publisher !== 'connecting' ? start() : stop()));
find('open').addEventListener('submit', (event) => {
  event.preventDefault();
  start();
});
addEventListener('pagehide', stop);

// The player page: connects the list, the buttons, the addresses and the numbers with the player.
import { Player } from './player.js';
import { FIRST, listStreams, remember } from './streams.js';
import { endpoint, hasWebRtc } from './webrtc.js';

const find = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const port = (name, usual) => (/^\d{1,5}$/.test(query.get(name) ?? '') ? Number(query.get(name)) : usual);
const rtmpPort = port('rtmp', 1935);
const apiPort = port('api', 1985);
const LIST_EVERY_MS = 5000;

const video = find('video');
const player = new Player(video, show);
/** For browser tests and curious people: the state of the player, always current. */
window.srsx = {
  get state() {
    return { ...player.state, currentTime: video.currentTime };
  },
};

let chosen = cleanName(query.get('stream') ?? '') || undefined;
/** The server has it; not known at first. */
let webRtc = false;
let transport = ['ws', 'rtc'].includes(query.get('transport')) ? query.get('transport') : 'http';

/** `app/stream` without slashes around it. */
function cleanName(text) {
  return text.trim().replace(/^\/+|\/+$/g, '').replace(/\.flv$/, '');
}

/** The stream's addresses on this server; names are encoded level by level. */
function addresses(name) {
  const path = name.split('/').map(encodeURIComponent).join('/');
  const secure = location.protocol === 'https:';
  return {
    rtmp: `rtmp://${location.hostname}${rtmpPort === 1935 ? '' : `:${rtmpPort}`}/${path}`,
    http: `${location.origin}/${path}.flv`,
    ws: `${secure ? 'wss' : 'ws'}://${location.host}/${path}.flv`,
    rtc: endpoint('whep', name),
  };
}

function choose(name) {
  chosen = name;
  const urls = addresses(name);
  showAddresses(urls);
  markChosen();
  player.play({ stream: name, transport, url: urls[transport] });
  find('toggle').textContent = 'Stop';
}

async function refresh() {
  const { streams, note } = await listStreams(apiPort);
  find('streams').replaceChildren(...streams.map(listItem));
  find('streams-note').textContent = note;
  if (chosen === undefined) choose((streams.find(({ live }) => live) ?? streams[0])?.name ?? FIRST);
  markChosen();
}

function listItem({ name, facts }) {
  const button = element('button', { type: 'button' });
  button.dataset.name = name;
  button.append(element('span', { className: 'name', textContent: name }));
  button.append(element('span', { className: 'facts', textContent: facts }));
  button.addEventListener('click', () => choose(name));
  const item = document.createElement('li');
  item.append(button);
  return item;
}

function markChosen() {
  for (const button of find('streams').querySelectorAll('button')) {
    button.setAttribute('aria-current', String(button.dataset.name === chosen));
  }
}

function showAddresses({ rtmp, http, ws, rtc }) {
  const rows = [
    ['RTMP', rtmp],
    ['HTTP-FLV', http],
    [ws.startsWith('wss') ? 'WSS-FLV' : 'WS-FLV', ws],
    ...(webRtc ? [['WHEP', rtc]] : []),
  ];
  find('urls').replaceChildren(...rows.map(([kind, url]) => addressItem(kind, url)));
}

function addressItem(kind, url) {
  const copy = element('button', { type: 'button', textContent: 'Copy' });
  copy.setAttribute('aria-label', `Copy the ${kind} address`);
  const code = element('code', { textContent: url });
  copy.addEventListener('click', () => copyText(kind, url, code));
  const item = document.createElement('li');
  item.append(element('span', { className: 'kind', textContent: kind }), code, copy);
  return item;
}

/** The clipboard is only given to secure pages; elsewhere the text is selected, ready for ctrl-C. */
async function copyText(kind, text, place) {
  try {
    await navigator.clipboard.writeText(text);
    find('copied').textContent = `${kind} address copied.`;
  } catch {
    getSelection()?.selectAllChildren(place);
    find('copied').textContent = `${kind} address selected: press Ctrl+C to copy it.`;
  }
}

const element = (name, properties) => Object.assign(document.createElement(name), properties);

const words = {
  idle: 'stopped',
  connecting: 'connecting',
  waiting: 'waiting for the publisher',
  playing: 'live',
  stalled: 'buffering',
  ended: 'ended',
  error: 'error',
};

let shown = '';

function show(state) {
  // The list counts this player too.
  if (state.player === 'playing' && shown !== 'playing') refresh();
  shown = state.player;
  setText('badge', words[state.player]);
  find('badge').dataset.state = state.player;
  find('notice').hidden = state.title === '';
  setText('notice-title', state.title);
  setText('notice-advice', state.advice);
  setText('stat-latency', state.latency === undefined ? '–' : `${state.latency.toFixed(1)} s`);
  setText('stat-picture', state.width > 0 ? `${state.width}×${state.height}` : '–');
  setText('stat-fps', state.fps === undefined ? '–' : `${state.fps.toFixed(0)} fps`);
  setText('stat-dropped', state.decodedFrames > 0 ? `${state.droppedFrames} of ${state.decodedFrames}` : '–');
  setText('stat-bitrate', !(state.bitrateKbps > 0) ? '–' : `${state.bitrateKbps} kbit/s`);
  setText('stat-codecs', state.codecs || '–');
}

/** Unchanged text is left alone, so that screen readers do not read it again. */
function setText(id, text) {
  const place = find(id);
  if (place.textContent !== text) place.textContent = text;
}

find('toggle').addEventListener('click', () => {
  if (player.state.player === 'idle') choose(chosen ?? FIRST);
  else {
    player.stop();
    find('toggle').textContent = 'Play';
  }
});
find('mute').addEventListener('click', () => {
  video.muted = !video.muted;
});
video.addEventListener('volumechange', () => {
  find('mute').textContent = video.muted ? 'Unmute' : 'Mute';
  find('mute').setAttribute('aria-pressed', String(video.muted));
});
find('fullscreen').addEventListener('click', () => video.requestFullscreen?.());
for (const input of document.querySelectorAll('input[name="transport"]')) {
  input.checked = input.value === transport;
  input.addEventListener('change', () => {
    transport = input.value;
    choose(chosen ?? FIRST);
  });
}
find('open').addEventListener('submit', (event) => {
  event.preventDefault();
  const name = cleanName(find('name').value);
  if (name === '') return;
  remember(name);
  choose(name);
  refresh();
});

if (chosen !== undefined) choose(chosen);
refresh();
hasWebRtc().then((has) => {
  webRtc = has;
  for (const id of ['with-webrtc', 'publish']) find(id).hidden = !has;
  if (chosen !== undefined) showAddresses(addresses(chosen));
});
setInterval(refresh, LIST_EVERY_MS);

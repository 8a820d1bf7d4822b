// Plays one live stream in a video element, FLV with mpegts.js or WebRTC, keeps near the live end, and comes back after a
// break.
import { playWhep, Refused } from './webrtc.js';

/** Close to live, with room for the merge window of the server and the jitter of a network. */
const LIVE = {
  enableWorker: false,
  enableStashBuffer: false,
  lazyLoad: false,
  liveSync: true,
  liveSyncMaxLatency: 2,
  liveSyncTargetLatency: 1,
  liveSyncPlaybackRate: 1.1,
  autoCleanupSourceBuffer: true,
  autoCleanupMaxBackwardDuration: 30,
  autoCleanupMinBackwardDuration: 10,
};
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 8000;
/** Without data for this long after connecting, the stream has no publisher. */
const SILENT_MS = 3000;
/** Further behind than this, after sleep or a hidden tab, it jumps instead of catching up slowly. */
const MOST_BEHIND_S = 6;

/** What the page and browser tests read; `player` is one of the names below. */
export const initialState = () => ({
  player: 'idle',
  stream: '',
  transport: 'http',
  url: '',
  currentTime: 0,
  bufferEnd: 0,
  latency: undefined,
  width: 0,
  height: 0,
  fps: undefined,
  decodedFrames: 0,
  droppedFrames: 0,
  bitrateKbps: undefined,
  rtcDelay: undefined,
  codecs: '',
  title: '',
  advice: '',
  attempts: 0,
});

export class Player {
  #video;
  #onChange;
  #player;
  #timers = new Set();
  #frames;
  #retryMs = FIRST_RETRY_MS;
  state = initialState();

  /** @param onChange called after each change of the state; the object is always the same. */
  constructor(video, onChange) {
    this.#video = video;
    this.#onChange = onChange;
    video.addEventListener('playing', () => this.#become('playing'));
    video.addEventListener('waiting', () => this.state.player === 'playing' && this.#become('stalled'));
    setInterval(() => this.#measure(), 500);
  }

  /** Plays `url`; whatever played before ends. */
  play({ stream, transport, url }) {
    this.stop();
    Object.assign(this.state, initialState(), { stream, transport, url });
    this.#retryMs = FIRST_RETRY_MS;
    this.#connect();
  }

  /** Ends the playing and all waiting. */
  stop() {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#player?.destroy();
    this.#player = undefined;
    this.#video.srcObject = null;
    this.#become('idle');
  }

  #connect() {
    if (this.state.transport === 'rtc') return void this.#connectRtc();
    const { mpegts } = window;
    if (mpegts === undefined || !mpegts.isSupported()) {
      return this.#become('error', 'This browser cannot play live FLV.', 'Use a current Chrome, Edge, Firefox or Safari.');
    }
    this.state.attempts++;
    this.#become('connecting');
    const player = mpegts.createPlayer({ type: 'flv', isLive: true, url: this.state.url }, LIVE);
    this.#player = player;
    player.on(mpegts.Events.ERROR, (type, detail, info) => this.#fail(player, type, detail, info));
    player.on(mpegts.Events.LOADING_COMPLETE, () => this.#end(player));
    player.on(mpegts.Events.MEDIA_INFO, (info) => {
      this.state.codecs = [info.videoCodec, info.audioCodec].filter(Boolean).join(', ');
    });
    player.on(mpegts.Events.STATISTICS_INFO, (info) => {
      this.state.bitrateKbps = Math.round((info.speed ?? 0) * 8);
    });
    player.attachMediaElement(this.#video);
    player.load();
    player.play()?.catch(() => undefined);
    this.#later(SILENT_MS, () => {
      if (this.state.player !== 'connecting') return;
      this.#become('waiting', 'Nobody publishes this stream yet.', 'It starts by itself as soon as somebody does.');
    });
  }

  async #connectRtc() {
    this.#become('connecting');
    const player = { session: undefined, destroy: () => player.session?.close() };
    this.#player = player;
    try {
      const session = await playWhep(this.state.url, this.#video, (state) => this.#rtcState(player, state));
      player.session = session;
      if (player !== this.#player) session.close();
      else this.#countRtc(player);
    } catch (error) {
      if (player !== this.#player) return;
      this.#drop();
      this.#become('error', ...explainRtc(error));
      this.#retry();
    }
    this.#later(SILENT_MS, () => {
      if (player !== this.#player || this.state.player !== 'connecting') return;
      this.#become('waiting', 'Nobody publishes this stream yet.', 'It starts by itself as soon as somebody does.');
    });
  }

  #rtcState(player, state) {
    if (player !== this.#player || (state !== 'failed' && state !== 'disconnected' && state !== 'closed')) return;
    this.#drop();
    this.#become('error', 'The connection was lost.', `Trying again in ${Math.round(this.#retryMs / 1000)} s.`);
    this.#retry();
  }

  /** Bit rate, codecs and delay from the connection's own numbers. */
  async #countRtc(player, before = { bytes: 0, at: performance.now() }) {
    if (player !== this.#player) return;
    const report = await player.session.peer.getStats();
    const streams = [...report.values()].filter(({ type }) => type === 'inbound-rtp');
    const bytes = streams.reduce((sum, { bytesReceived = 0 }) => sum + bytesReceived, 0);
    const at = performance.now();
    this.state.bitrateKbps = Math.round(((bytes - before.bytes) * 8) / Math.max(1, at - before.at));
    const used = streams.filter(({ bytesReceived = 0 }) => bytesReceived > 0);
    this.state.codecs = used.map(({ codecId }) => report.get(codecId)?.mimeType.split('/')[1] ?? '').join(', ');
    const picture = streams.find(({ kind }) => kind === 'video');
    if (picture?.jitterBufferEmittedCount > 0) {
      this.state.rtcDelay = picture.jitterBufferDelay / picture.jitterBufferEmittedCount;
    }
    this.#later(1000, () => this.#countRtc(player, { bytes, at }));
  }

  #fail(player, type, detail, info) {
    if (player !== this.#player) return;
    const { title, advice, final } = explain(type, detail, info, this.state);
    this.#drop();
    this.#become('error', title, final ? advice : `${advice} Trying again in ${Math.round(this.#retryMs / 1000)} s.`);
    if (!final) this.#retry();
  }

  #end(player) {
    if (player !== this.#player) return;
    this.#drop();
    this.#become('ended', 'The stream has ended.', 'It comes back by itself when the publisher does.');
    this.#retry();
  }

  #drop() {
    const player = this.#player;
    this.#player = undefined;
    // Inside its own event a player must not be taken apart.
    this.#later(0, () => player?.destroy());
  }

  #retry() {
    this.#later(this.#retryMs, () => this.#connect());
    this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2);
  }

  #later(ms, then) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, ms);
    this.#timers.add(timer);
  }

  #become(player, title = '', advice = '') {
    if (player === 'playing') this.#retryMs = FIRST_RETRY_MS;
    Object.assign(this.state, { player, title, advice });
    this.#onChange(this.state);
  }

  #measure() {
    const video = this.#video;
    const { state } = this;
    const { buffered } = video;
    state.currentTime = video.currentTime;
    state.bufferEnd = buffered.length > 0 ? buffered.end(buffered.length - 1) : 0;
    const buffer = buffered.length > 0 ? Math.max(0, state.bufferEnd - video.currentTime) : undefined;
    state.latency = state.transport === 'rtc' ? state.rtcDelay : buffer;
    state.width = video.videoWidth;
    state.height = video.videoHeight;
    const { totalVideoFrames = 0, droppedVideoFrames = 0 } = video.getVideoPlaybackQuality?.() ?? {};
    const now = performance.now();
    const before = this.#frames;
    this.#frames = { at: now, count: totalVideoFrames };
    if (before !== undefined) {
      const fps = ((totalVideoFrames - before.count) * 1000) / (now - before.at);
      state.fps = state.player === 'playing' ? smooth(state.fps, Math.max(0, fps)) : undefined;
    }
    state.decodedFrames = totalVideoFrames;
    state.droppedFrames = droppedVideoFrames;
    if (state.transport !== 'rtc' && state.latency > MOST_BEHIND_S && !video.paused) video.currentTime = state.bufferEnd - 1;
    this.#onChange(state);
  }
}

const smooth = (before, now) => (before === undefined ? now : before * 0.7 + now * 0.3);

/** Title and advice. */
function explainRtc(error) {
  if (!(error instanceof Refused)) return ['WebRTC failed.', error.message];
  if (error.status !== 404) return ['The server refuses this stream by WebRTC.', error.message];
  return ['This server has no WebRTC.', 'Start it with --rtc-listen 8000, or write rtc_server { enabled on; }.'];
}

/** What went wrong in words, what to do, and whether trying again is useless. */
function explain(type, detail, info, { stream }) {
  const { NETWORK_ERROR, MEDIA_ERROR } = window.mpegts.ErrorTypes;
  const status = info?.code;
  if (type === NETWORK_ERROR && status === 404) {
    return { title: `There is no stream ${stream}.`, advice: 'Publish it, or choose another from the list.' };
  }
  if (type === NETWORK_ERROR && (status === 400 || status === 403)) {
    return { title: `The server refuses to play ${stream}.`, advice: 'Check the name and the rights.', final: true };
  }
  if (type === NETWORK_ERROR) {
    const words = status > 0 ? `The server answered with status ${status}.` : 'The server does not answer.';
    return { title: words, advice: 'Is it running, and is its HTTP port reachable?' };
  }
  if (type === MEDIA_ERROR) {
    const advice = 'Its codec may be one that this browser does not have (H.265, for instance): publish H.264 with AAC.';
    return { title: 'This browser cannot decode the stream.', advice: `${advice} (${detail})`, final: true };
  }
  return { title: 'The player failed.', advice: `${type}: ${detail}.` };
}

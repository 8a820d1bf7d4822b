// Types of files by their endings: those of SRS, and what pages need.

const types: Readonly<Record<string, string>> = {
  aac: 'audio/x-aac',
  abst: 'video/abst',
  avif: 'image/avif',
  css: 'text/css; charset=utf-8',
  f4m: 'application/f4m+xml',
  flv: 'video/x-flv',
  gif: 'image/gif',
  htm: 'text/html; charset=utf-8',
  html: 'text/html; charset=utf-8',
  ico: 'image/x-icon',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json; charset=utf-8',
  key: 'application/octet-stream',
  m3u8: 'application/vnd.apple.mpegurl',
  m4a: 'audio/mp4',
  m4s: 'video/mp4',
  m4v: 'video/mp4',
  map: 'application/json; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  mkv: 'video/x-matroska',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  mpd: 'application/dash+xml',
  ogg: 'application/ogg',
  pdf: 'application/pdf',
  png: 'image/png',
  svg: 'image/svg+xml',
  swf: 'application/x-shockwave-flash',
  ts: 'video/MP2T',
  ttf: 'font/ttf',
  txt: 'text/plain; charset=utf-8',
  vtt: 'text/vtt; charset=utf-8',
  wasm: 'application/wasm',
  webm: 'video/webm',
  webp: 'image/webp',
  woff: 'font/woff',
  woff2: 'font/woff2',
  xml: 'text/xml; charset=utf-8',
};

/** Lower case, without the dot; empty when there is none. */
export function endingOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot + 1).toLowerCase();
}

/** For `Content-Type`; bytes without a meaning when the ending is unknown. */
export const mediaType = (path: string): string => types[endingOf(path)] ?? 'application/octet-stream';

/** Worth compressing: media are compressed already. */
export const isText = (type: string): boolean =>
  /^text\/|^application\/(json|vnd\.apple\.mpegurl|dash\+xml|f4m\+xml|wasm)|^image\/svg/.test(type);

/** Is written again and again under one name, so that caches must ask each time. */
export const isPlaylist = (path: string): boolean => /\.(m3u8|mpd|f4m|abst)$/i.test(path);

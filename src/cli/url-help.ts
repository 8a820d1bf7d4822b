// Which URLs and files the commands take, in words for their help.

/** Stands behind what a command says of its arguments; a test compares it with the list of protocols. */
export const urlsAndFiles =
  'URLs are rtmp(s)://, rtsp(s)://, srt://, udp:// (MPEG-TS), webrtc://, whep(s):// to play and whip(s):// to publish, http(s):// and ws(s):// that end in .flv, .ts, .mp4, .aac or .mp3, and http(s):// that ends in .m3u8, to play only. Files are FLV, MP4, MPEG-TS, AAC and MP3.';

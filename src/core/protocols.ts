// THE list of protocols. A new protocol is one line here.
import { dash } from './protocols/dash/index.ts';
import { file } from './protocols/file/index.ts';
import { gb28181 } from './protocols/gb28181/index.ts';
import { hds } from './protocols/hds/index.ts';
import { hls } from './protocols/hls/index.ts';
import { httpFlv } from './protocols/http-flv/index.ts';
import { mpegtsUdp } from './protocols/mpegts-udp/index.ts';
import { rtmp } from './protocols/rtmp/index.ts';
import { rtsp } from './protocols/rtsp/index.ts';
import { srt } from './protocols/srt/index.ts';
import { webrtc } from './protocols/webrtc/index.ts';

export const protocols = [rtmp, rtsp, srt, webrtc, hls, dash, hds, httpFlv, mpegtsUdp, gb28181, file] as const;

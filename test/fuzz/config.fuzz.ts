// Configurations: whatever the text is, a ConfigError or a configuration of which every value can be read.
import { utf8 } from '../../src/core/base/bytes.ts';
import { ConfigError } from '../../src/core/base/errors.ts';
import { explainValue, listValues } from '../../src/core/control/config/explain.ts';
import { loadConfig } from '../../src/core/control/config/load.ts';
import { planServe } from '../../src/core/control/config/serve-settings.ts';

export const name = 'config';

const whole = `
listen 1935 [::]:1935; max_connections 1000; daemon off; # a comment
http_api { enabled on; listen 1985; raw_api { enabled on; } https { enabled on; } }
http_stream { enabled on; listen 8080; dir "./objs/nginx/html"; }
rtc_server { enabled on; candidate $CANDIDATE; perf_stat on; tcp { any 1; } }
srt_server { default_streamid "#!::r=live/livestream,m=request"; tlpkdrop off; }
stream_caster { enabled on; caster gb28181; listen 9000; host *; sip { serial 1; } }
vhost __defaultVhost__ {
  gop_cache off; refer a b; forward 127.0.0.1:1936; mode remote; vhost x; mr { enabled on; }
  hls { enabled on; hls_fragment 2.5; } nack { enabled on; } rtc { aac transcode; bframe keep; }
  security { allow publish all; deny play 10.0.0.0/8; }
  ingest one { input { type file; } engine { perfile { re; } output 'rtmp://x'; } }
}
vhost b { include b.conf; }
`;

export const seeds = [utf8(whole), utf8('include b.conf;'), utf8('vhost v { play { mw_latency 1; } }')];

const environment = { CANDIDATE: '127.0.0.1', SRS_VHOST_HLS_HLS_WINDOW: '30' };

/** Reads the text, and each value of what was read. */
export function run(bytes: Uint8Array): void {
  const text = new TextDecoder().decode(bytes);
  const read = (path: string): string => {
    if (path === 'b.conf') return 'play { gop_cache off; }';
    throw new Error('no such file');
  };
  try {
    const config = loadConfig({ file: 'a.conf', text, environment, read });
    listValues(config, { all: true });
    explainValue(config, 'hls_fragment', 'b');
    planServe(config);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
  }
}

import { describe, expect, it } from 'vitest';
import { rewriteOldForms } from '../../../../src/core/control/config/rewrite.ts';
import { load, parse, plain } from './tools.ts';

const rewrite = (text: string): unknown[] => plain(rewriteOldForms(parse(text)).tree);

describe('old forms', () => {
  it.each<[string, string]>([
    ['http_stream { listen 8080; }', 'http_server { listen 8080; }'],
    ['listen 1935; chunk_size 4096;', 'rtmp { listen 1935; chunk_size 4096; }'],
    ['rtmp { chunk_size 1; } listen 1935;', 'rtmp { chunk_size 1; listen 1935; }'],
    ['vhost v { http { enabled on; } }', 'vhost v { http_static { enabled on; } }'],
    ['vhost v { http_remux { enabled on; hstrs on; } }', 'vhost v { http_remux { enabled on; } }'],
    [
      'vhost v { refer a b; refer_play x; refer_publish y; }',
      'vhost v { refer { all a b; enabled on; play x; publish y; } }',
    ],
    ['vhost v { refer_play x; }', 'vhost v { refer { play x; enabled on; } }'],
    [
      'vhost v { gop_cache off; hls { } mode local; dvr { } }',
      'vhost v { play { gop_cache off; } hls { } cluster { mode local; } dvr { } }',
    ],
    ['vhost v { vhost w { } }', 'vhost v { vhost w { } }'],
    ['vhost v { mr { enabled on; latency 500; } }', 'vhost v { publish { mr on; mr_latency 500; } }'],
    [
      'vhost v { publish_1stpkt_timeout 1; publish_normal_timeout 2; }',
      'vhost v { publish { firstpkt_timeout 1; normal_timeout 2; } }',
    ],
    [
      'vhost v { time_jitter off; mix_correct on; atc on; atc_auto on; mw_latency 1; gop_cache off; gop_cache_max_frames 2; queue_length 3; send_min_interval 4; reduce_sequence_header on; }',
      'vhost v { play { time_jitter off; mix_correct on; atc on; atc_auto on; mw_latency 1; gop_cache off; gop_cache_max_frames 2; queue_length 3; send_min_interval 4; reduce_sequence_header on; } }',
    ],
    ['vhost v { play { atc on; } hls { } gop_cache off; }', 'vhost v { play { atc on; gop_cache off; } hls { } }'],
    ['vhost v { forward 1.2.3.4:1935; }', 'vhost v { forward { destination 1.2.3.4:1935; enabled on; } }'],
    ['vhost v { forward a; forward b; }', 'vhost v { forward { destination a b; enabled on; } }'],
    ['vhost v { forward { enabled off; } }', 'vhost v { forward { enabled off; } }'],
    [
      'vhost v { mode remote; origin a:1935 b; token_traverse on; vhost w; debug_srs_upnode off; }',
      'vhost v { cluster { mode remote; origin a:1935 b; token_traverse on; vhost w; debug_srs_upnode off; } }',
    ],
    ['vhost v { nack { enabled on; no_copy off; } }', 'vhost v { rtc { nack on; nack_no_copy off; } }'],
    ['vhost v { twcc { enabled off; } }', 'vhost v { rtc { twcc off; } }'],
    ['vhost v { rtc { aac transcode; bframe keep; } }', 'vhost v { rtc { rtmp_to_rtc on; keep_bframe on; } }'],
    ['vhost v { rtc { aac discard; bframe discard; } }', 'vhost v { rtc { rtmp_to_rtc off; keep_bframe off; } }'],
    ['rtc_server { listen 8000; perf_stat on; queue_length 1; }', 'rtc_server { listen 8000; }'],
    ['srt_server { tlpkdrop off; }', 'srt_server { tlpktdrop off; }'],
    [
      'stream_caster { tcp_enable on; rtp_port_min 1; rtp_port_max 2; wait_keyframe on; rtp_idle_timeout 3; audio_enable on; auto_create_channel on; host *; }',
      'stream_caster { sip { candidate *; } }',
    ],
    [
      'stream_caster { host *; sip { listen 1; serial 2; realm 3; ack_timeout 4; keepalive_timeout 5; invite_port_fixed on; query_catalog_interval 6; auto_play on; } }',
      'stream_caster { sip { listen 1; candidate *; } }',
    ],
  ])('%s', (old, now) => {
    expect(rewrite(old)).toEqual(plain(parse(now)));
    expect(rewrite(now)).toEqual(plain(parse(now)));
  });

  it('keep their place, and tell what is dropped', () => {
    const config = load('listen 1935;\nvhost v {\n  gop_cache off;\n}\nrtc_server {\n  perf_stat on;\n}');

    const { origin } = config.vhosts()[0]!.look('vhost.play.gop_cache');

    expect(origin).toEqual({ kind: 'file', file: 'a.conf', line: 3 });
    expect(config.notices).toContainEqual({
      file: 'a.conf',
      line: 6,
      directive: 'perf_stat',
      text: 'is not used any more',
    });
  });
});

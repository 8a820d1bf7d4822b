// What a hostile peer writes into the head of a request for a file: its path, ranges, conditions and query.
import { utf8 } from '../../src/core/base/bytes.ts';
import { settingsOf } from '../../src/core/control/config/settings.ts';
import { conditionStatus, rangeHolds, validatorsOf } from '../../src/core/protocols/http-static/conditional.ts';
import { parseStart } from '../../src/core/protocols/http-static/flv-start.ts';
import { takesGzip } from '../../src/core/protocols/http-static/gzip-shelf.ts';
import { targetOf } from '../../src/core/protocols/http-static/mount.ts';
import { parseRanges, queryRange } from '../../src/core/protocols/http-static/ranges.ts';
import { refuses } from './tools.ts';

export const name = 'http-static';

export const seeds = [
  'bytes=0-9,-5,7-',
  '/vod/%2e%2e/a%20b/../x.flv?start=12.5&range=1-2',
  'W/"18bcfe5687b-1000", "x", *',
  'Tue, 14 Nov 2023 22:13:20 GMT',
  'gzip;q=0.5, br;q=1, *;q=0',
].map(utf8);

const settings = settingsOf('vhost __defaultVhost__ { http_static { enabled on; mount [vhost]/vod; dir ./vod; } }');
const file = validatorsOf({ modified: 1_700_000_000_123_000, size: 4096 });

export function run(bytes: Uint8Array): void {
  const text = new TextDecoder('latin1').decode(bytes);
  const ranges = parseRanges(text, 1000);
  if (Array.isArray(ranges)) {
    for (const { start, end } of ranges)
      if (start < 0 || end > 1000 || start >= end) throw new Error(`bad range of ${text}`);
  }
  refuses(() => {
    const { path } = targetOf(settings, text.slice(0, 20), text);
    if (path.split('/').includes('..') || path.includes('\0')) throw new Error(`outside by ${text}`);
  });
  const request = { header: () => text };
  conditionStatus(request, file);
  rangeHolds(request, file);
  takesGzip(request);
  const query = new URLSearchParams(text);
  parseStart(query);
  queryRange(query);
}

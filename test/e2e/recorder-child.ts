// A program that records a stream by DVR until it is killed.
import { fromMs } from '../../src/core/base/time.ts';
import { createEngine, loadConfig, silentLog } from '../../src/core/index.ts';
import { live } from '../tools/builders.ts';

const [folder = '', ending = 'mp4'] = process.argv.slice(2);
const conf = `vhost __defaultVhost__ { dvr { enabled on; dvr_path ${folder}/[stream].${ending}; } }`;
const engine = createEngine({ log: silentLog });
const server = await engine.serve({ config: loadConfig({ text: conf, file: 'srs.conf', read: () => '' }) });
const name = { vhost: '__defaultVhost__', app: 'live', stream: 'a' };
const publication = server.host.hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
const frames = live({ seconds: 600, size: 4000 });
publication.retrack([...new Map(frames.map(({ track }) => [track.id, track])).values()]);
// Five times real time, so that twenty kills take seconds. By turns and not by the clock: a machine that is busy would
// have nothing on its disk when it has caught up.
let due = 0;
let next = 0;
setInterval(() => {
  due += fromMs(50);
  for (let frame = frames[next]; frame !== undefined && frame.dts <= due; frame = frames[++next])
    publication.write(frame);
  process.stdout.write(`${frames[next - 1]?.dts ?? 0}\n`);
}, 10);

// `ingest` blocks: inputs that are published into the server from its start on.
import { DEFAULT_VHOST } from '../../media/stream-name.ts';
import type { Section } from '../config/config.ts';
import { parseRtmpTarget } from '../rtmp-name.ts';
import type { Job, Running } from './crew.ts';
import { checkEncoder, copyEncoder, type Encoder, encoderArguments, isCopy, readEncoder } from './encoder.ts';
import { childErrors } from './errors.ts';
import { fillWords } from './words.ts';
import type { Workshop } from './workshop.ts';

/** The jobs of all `ingest` blocks that are on. */
export function ingestJobs(workshop: Workshop): Job[] {
  return workshop.settings.vhosts
    .filter((vhost) => vhost.get('vhost.enabled'))
    .flatMap((vhost) => vhost.sections('vhost.ingest').map((ingest) => ({ vhost: vhost.name, ingest })))
    .filter(({ ingest }) => ingest.get('vhost.ingest.enabled'))
    .flatMap(({ vhost, ingest }) => jobsOf(workshop, vhost, ingest));
}

/** One block with one of its engines, in plain values. */
interface IngestPlan {
  readonly vhost: string;
  readonly title: string;
  readonly ffmpeg: string;
  readonly type: string;
  readonly url: string;
  readonly encoder: Encoder;
}

function jobsOf(workshop: Workshop, vhost: string, ingest: Section): Job[] {
  const engines = ingest.sections('vhost.ingest.engine');
  const encoders = engines.length === 0 ? [copyEncoder('')] : engines.map(readIngestEncoder);
  return encoders.map((encoder): Job => {
    const plan: IngestPlan = {
      vhost,
      title: `${vhost} ${ingest.name}`.trim(),
      ffmpeg: ingest.get('vhost.ingest.ffmpeg'),
      type: ingest.get('vhost.ingest.input.type'),
      url: ingest.get('vhost.ingest.input.url'),
      encoder,
    };
    return {
      key: JSON.stringify(['ingest', plan]),
      kind: 'ingest',
      title: plan.title,
      start: () => startIngest(workshop, plan),
    };
  });
}

/** SRS: an engine that is off, or has no codecs, only copies. */
function readIngestEncoder(engine: Section): Encoder {
  const encoder = readEncoder(engine, 'vhost.ingest.engine');
  const encodes = engine.get('vhost.ingest.engine.enabled') && (encoder.vcodec !== '' || encoder.acodec !== '');
  return encodes ? encoder : copyEncoder(encoder.output);
}

function startIngest(workshop: Workshop, { vhost, title, ffmpeg, type, url, encoder }: IngestPlan): Running {
  if (url === '') throw childErrors.config('NO_INPUT', { title });
  if (type !== 'file' && type !== 'stream') throw childErrors.config('INPUT_TYPE', { title, type });
  checkEncoder(encoder, title);
  const name = { vhost, app: '', stream: '' };
  const output = fillWords(encoder.output, {
    name,
    wall: workshop.clock.wall(),
    utc: workshop.settings.root.get('utc_time'),
    more: { port: String(workshop.port) },
  });
  const { feeder } = workshop;
  if (isCopy(encoder) && feeder?.reads(url)) return feeder.feed(url, output, title);
  // SRS sends both kinds of inputs at their own pace.
  const args = encoderArguments(encoder, { logLevel: workshop.logLevel, input: url, before: ['-re'], output });
  const target = parseRtmpTarget(output)?.name ?? { vhost: vhost || DEFAULT_VHOST, app: '', stream: title };
  const stderrFile = workshop.logFile('ingest', { ...target, vhost: target.vhost || vhost });
  // An input may be away for a night, and nobody publishes who would start it again.
  return workshop.keep(title, { program: workshop.ffmpeg(ffmpeg), args, stderrFile }, Number.POSITIVE_INFINITY);
}

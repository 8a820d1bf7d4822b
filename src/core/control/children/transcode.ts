// `transcode` blocks: FFmpeg reads a published stream of this server and publishes it again in another form.
import { type StreamName, streamKey, streamUrl } from '../../media/stream-name.ts';
import type { Section } from '../config/config.ts';
import type { Settings } from '../config/settings.ts';
import { localUrl, parseRtmpTarget } from '../rtmp-name.ts';
import type { Job, Running } from './crew.ts';
import { checkEncoder, type Encoder, encoderArguments, readEncoder } from './encoder.ts';
import { childErrors } from './errors.ts';
import { fillWords } from './words.ts';
import { PROGRAM_BUDGET, type Workshop } from './workshop.ts';

/** One engine at work on one stream. */
interface TranscodePlan {
  readonly name: StreamName;
  /** Parameters of the publisher, with their `?`. */
  readonly param: string;
  readonly engine: string;
  readonly ffmpeg: string;
  readonly encoder: Encoder;
}

/**
 * Remembers what running transcoders publish: such a stream is not transcoded again, however the scopes are written
 * (SRS does the same; without it, `transcode {}` would make streams of streams for ever).
 */
export class TranscodeOutputs {
  readonly #counts = new Map<string, number>();

  has(name: StreamName): boolean {
    return this.#counts.has(streamKey(name));
  }

  add(name: StreamName): void {
    const key = streamKey(name);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  remove(name: StreamName): void {
    const key = streamKey(name);
    const left = (this.#counts.get(key) ?? 0) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}

/** The jobs of a published stream. */
export function transcodeJobs(workshop: Workshop, outputs: TranscodeOutputs, name: StreamName, param: string): Job[] {
  if (outputs.has(name)) return [];
  return workshop.settings
    .vhost(name.vhost)
    .sections('vhost.transcode')
    .filter((scope) => scope.get('vhost.transcode.enabled') && inScope(scope.name, name))
    .flatMap((scope) => enginesOf(scope).map((engine) => ({ scope, engine })))
    .map(({ scope, engine }): Job => {
      const plan: TranscodePlan = {
        name,
        param,
        engine: engine.name,
        ffmpeg: scope.get('vhost.transcode.ffmpeg'),
        encoder: readEncoder(engine, 'vhost.transcode.engine'),
      };
      return {
        key: JSON.stringify(['transcode', scope.name, plan]),
        kind: 'transcode',
        title: titleOf(plan),
        start: () => startTranscode(workshop, outputs, plan),
      };
    });
}

const enginesOf = (scope: Section): Section[] =>
  scope.sections('vhost.transcode.engine').filter((engine) => engine.get('vhost.transcode.engine.enabled'));

/** SRS: the whole vhost, an app, or one stream of it. */
const inScope = (scope: string, { app, stream }: StreamName): boolean => ['', app, `${app}/${stream}`].includes(scope);

const titleOf = ({ name, engine }: TranscodePlan): string => `${streamUrl(name)} ${engine}`.trim();

function startTranscode(workshop: Workshop, outputs: TranscodeOutputs, plan: TranscodePlan): Running {
  const { name, param, engine, ffmpeg, encoder } = plan;
  const title = titleOf(plan);
  checkEncoder(encoder, title);
  const output = fillWords(encoder.output, {
    name,
    wall: workshop.clock.wall(),
    utc: workshop.settings.root.get('utc_time'),
    more: { port: String(workshop.port), engine, param },
  });
  const target = ownName(output, workshop.settings);
  if (target !== undefined && streamKey(target) === streamKey(name))
    throw childErrors.config('LOOP', { title, output });
  const input = localUrl(name, workshop.port);
  const args = encoderArguments(encoder, { logLevel: workshop.logLevel, input, output });
  const command = { program: workshop.ffmpeg(ffmpeg), args, stderrFile: workshop.logFile('encoder', name) };
  const running = workshop.keep(title, command, PROGRAM_BUDGET);
  if (target === undefined) return running;
  outputs.add(target);
  let over = false;
  return {
    describe: () => running.describe(),
    stop: () => {
      if (!over) outputs.remove(target);
      over = true;
      running.stop();
    },
  };
}

/** The name under which this server would serve an output, wherever it really goes. */
function ownName(output: string, settings: Settings): StreamName | undefined {
  const target = parseRtmpTarget(output);
  return target && { ...target.name, vhost: settings.find(target.name.vhost)?.name ?? target.name.vhost };
}

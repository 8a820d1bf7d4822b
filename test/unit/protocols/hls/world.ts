// A host with a real hub on virtual time, HLS on it, and a publisher whose frames come when they are due.
import { defaultLimits, type Limits } from '../../../../src/core/base/limits.ts';
import type { Closer } from '../../../../src/core/base/link.ts';
import { Log, type LogLine } from '../../../../src/core/base/log.ts';
import { Wheel } from '../../../../src/core/base/session.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { type Admission, type AdmissionRequest, OpenAdmission } from '../../../../src/core/control/admission.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { type Hooks, noHooks } from '../../../../src/core/control/hooks/hooks.ts';
import type { Host, Net } from '../../../../src/core/control/host.ts';
import { Sessions } from '../../../../src/core/control/sessions.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { Hub } from '../../../../src/core/media/hub.ts';
import type { Publication } from '../../../../src/core/media/stream.ts';
import type { StreamName } from '../../../../src/core/media/stream-name.ts';
import type { Track } from '../../../../src/core/media/track.ts';
import { type HlsConfig, hls } from '../../../../src/core/protocols/hls/index.ts';
import type { HttpExchange, HttpHeaders } from '../../../../src/core/wire/http/exchange.ts';
import { aacTrack, h264Track, live } from '../../../tools/builders.ts';
import { SeedRng, VirtualClock } from '../../../tools/fakes.ts';
import { MemoryFolder } from '../../../tools/memory-folder.ts';
import { type AskOptions, FakeExchange, settled } from '../http-flv/fakes.ts';

/** Takes a copy of the body at once, as the kernel does: its bytes may be used again. */
export class Exchange extends FakeExchange {
  readonly flushed: boolean = true;
  bytes: Uint8Array = new Uint8Array();

  override reply(status: number, headers: HttpHeaders, body: string | Uint8Array = ''): void {
    super.reply(status, headers, body);
    this.bytes = typeof body === 'string' ? new TextEncoder().encode(body) : Uint8Array.from(body);
  }
}

export interface WorldOptions {
  readonly config?: Partial<HlsConfig>;
  readonly limits?: Partial<Limits>;
  readonly admission?: Admission;
  readonly hooks?: Hooks;
  /** The configuration; without it, `config` says that both forms are on. */
  readonly settings?: string;
  /** What is on the disk, by base directory; filled as folders are asked for. */
  readonly folders?: Map<string, MemoryFolder>;
}

export const tracks: readonly Track[] = [h264Track, aacTrack];
const name: StreamName = { vhost: '__defaultVhost__', app: 'live', stream: 'a' };

/** HLS on a host of tests. */
export const world = (options: WorldOptions = {}) => {
  const on = options.settings === undefined;
  const config = { ...hls.defaults, classic: on, lowLatency: on, fragment: fromSeconds(2), ...options.config };
  return worldOf(options, (host) => hls.serve(host, config));
};

/** A host of tests with whatever `start` puts on it. */
export async function worldOf<Server extends Closer>(options: WorldOptions, start: (host: Host) => Promise<Server>) {
  const clock = new VirtualClock();
  const rng = new SeedRng();
  const limits = { ...defaultLimits, ...options.limits };
  const lines: LogLine[] = [];
  const hub = new Hub({ clock, limits, gopCache: true, mergeWindow: 0 });
  const wheel = new Wheel();
  const asked: AdmissionRequest[] = [];
  const open = new OpenAdmission({ policy: 'refuse', mergeWindow: 0, nameBytes: limits.nameBytes });
  const routes: ((exchange: HttpExchange) => boolean | Promise<boolean>)[] = [];
  const folders = options.folders ?? new Map<string, MemoryFolder>();
  const folder = (root: string): MemoryFolder => {
    const made = folders.get(root) ?? new MemoryFolder(root);
    folders.set(root, made);
    return made;
  };
  const host: Host = {
    ...{
      clock,
      rng,
      limits,
      hub,
      wheel,
      net: { folder } as Partial<Net> as Net,
      log: new Log((line) => lines.push(line)),
    },
    hooks: options.hooks ?? noHooks,
    sessions: new Sessions(clock, rng, limits.sessions),
    settings: settingsOf(options.settings),
    admission: {
      admit: (request) => {
        asked.push(request);
        return (options.admission ?? open).admit(request);
      },
    },
    http: {
      add: (on) => {
        routes.push(on);
        return { close: () => void routes.splice(routes.indexOf(on), 1) };
      },
    },
  };
  const server = await start(host);

  /** Moves the time in steps of the engine's wheel. */
  const advance = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 250) {
      clock.advance(fromMs(Math.min(250, ms - passed)));
      wheel.turn(clock.now());
    }
  };
  const ask = async (target: string, request?: AskOptions) => {
    const exchange = new Exchange(target, request);
    const taken = routes[0]?.(exchange) ?? false;
    await settled();
    return Object.assign(exchange, { taken });
  };
  const publish = (with_: readonly Track[] = tracks, at = name): Publication => {
    const publication = hub.stream(at).publish({ policy: 'refuse', onEvicted: () => undefined });
    publication.retrack(with_);
    return publication;
  };
  /** Writes each frame when it is due; the first one is due now. */
  const play = (publication: Publication, frames: readonly Frame[]): void => {
    const start = frames[0]?.dts ?? 0;
    const begun = clock.now();
    for (const frame of frames) {
      const wait = frame.dts - start - (clock.now() - begun);
      if (wait > 0) advance(wait / 1000);
      publication.write(frame);
    }
  };
  /** Publishes `seconds` with a key frame every two seconds; the publication goes on. */
  const publishLive = (seconds: number): Publication => {
    const publication = publish();
    play(publication, live({ seconds, gop: 50 }));
    return publication;
  };
  /** Opens a session; gives the URI of its playlist. */
  const session = async (path: string): Promise<string> => (await ask(path)).text?.split('\n')[2] ?? '';
  /** The same, with time for the disk between the frames of each second. */
  const publishSlowly = async (seconds: number, at = name, from = 0): Promise<Publication> => {
    const publication = publish(tracks, at);
    await goOn(publication, seconds, from);
    return publication;
  };
  const goOn = async (publication: Publication, seconds: number, from = 0): Promise<void> => {
    const frames = live({ seconds: from + seconds, gop: 50 });
    for (let second = from; second < from + seconds; second++) {
      const [begin, end] = [fromSeconds(second), fromSeconds(second + 1)];
      play(
        publication,
        frames.filter(({ dts }) => dts >= begin && dts < end),
      );
      advance(40);
      await settled();
      await settled();
    }
  };
  return {
    ...{ host, clock, hub, wheel, lines, asked, server, folders, folder },
    ...{ ask, advance, publish, play, publishLive, publishSlowly, goOn, session },
  };
}

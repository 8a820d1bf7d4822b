// A line of the log for sessions that go on, in SRS's words, which scripts and people of the field know how to read:
//
//   <- CPB time=30000, okbps=0,0,0, ikbps=2104,2087,2104, mr=0/350, p1stpt=20000, pnt=5000
//
// The three rates are of the whole session, of 30 s and of five minutes. However many sessions there are, each kind gets
// one line in each interval, and they take turns (SRS: pithy_print_ms).
import { formatAddress } from '../base/link.ts';
import type { Log } from '../base/log.ts';
import { fromMs, fromSeconds, type Micros, toMs, toSeconds } from '../base/time.ts';
import { streamUrl } from '../media/stream-name.ts';
import type { Section } from './config/config.ts';
import type { Settings } from './config/settings.ts';
import type { SessionEntry, Sessions } from './sessions.ts';

/** What is looked at, and where it is told. */
export interface StatusLinesOptions {
  readonly sessions: Sessions;
  readonly settings: Settings;
  readonly log: Log;
}

/** Byte counts of one moment. */
interface Sample {
  readonly at: Micros;
  readonly sent: number;
  readonly received: number;
}

const LONG = fromSeconds(300);
/** Ten of these make the five minutes. */
const SAMPLE_EVERY = fromSeconds(30);

/** To be ticked once a second. */
export class StatusLines {
  readonly #options: StatusLinesOptions;
  /** By kind of session: whose turn it is. */
  readonly #turns = new Map<string, number>();
  readonly #samples = new WeakMap<SessionEntry, Sample[]>();
  #next: Micros | undefined;

  constructor(options: StatusLinesOptions) {
    this.#options = options;
  }

  tick(now: Micros): void {
    const { sessions, settings, log } = this.#options;
    const interval = fromMs(settings.root.get('pithy_print_ms'));
    if (!(interval > 0)) {
      this.#next = undefined;
      return;
    }
    this.#next ??= now + interval;
    if (now < this.#next) return;
    this.#next = now + interval;
    for (const [stage, entries] of Map.groupBy(sessions.list(), (entry) => stageOf(entry))) {
      for (const entry of entries) this.#sample(entry, now);
      const turn = this.#turns.get(stage) ?? 0;
      this.#turns.set(stage, (turn + 1) % entries.length);
      const entry = entries[turn % entries.length] as SessionEntry;
      const { info, id } = entry;
      log.info('status', this.#line(stage, entry, now), {
        session: id,
        peer: formatAddress(info.peer),
        stream: streamUrl(info.name),
      });
    }
  }

  #line(stage: string, entry: SessionEntry, now: Micros): string {
    const { info, since, sent, received } = entry;
    const arrow = info.publish ? '<-' : '->';
    const old = this.#samples.get(entry)?.[0] ?? { at: since, sent: 0, received: 0 };
    const rates = (rate: SessionEntry['sent'], before: number): string => {
      const whole = kbps(rate.total, now - since);
      return [whole, rate.kbps(now), kbps(rate.total - before, now - old.at)].join(',');
    };
    const okbps = rates(sent, old.sent);
    const ikbps = rates(received, old.received);
    const time = Math.round(toMs(now - since));
    const terms = termsOf(info.publish, this.#options.settings.vhost(info.name.vhost));
    return `${arrow} ${stage} time=${time}, okbps=${okbps}, ikbps=${ikbps}, ${terms}`;
  }

  #sample(entry: SessionEntry, now: Micros): void {
    const samples = this.#samples.get(entry) ?? [{ at: entry.since, sent: 0, received: 0 }];
    this.#samples.set(entry, samples);
    while (samples.length > 1 && now - (samples[0] as Sample).at > LONG) samples.shift();
    if (now - (samples.at(-1) as Sample).at < SAMPLE_EVERY) return;
    samples.push({ at: now, sent: entry.sent.total, received: entry.received.total });
  }
}

const kbps = (bytes: number, time: Micros): number =>
  time <= 0 ? 0 : Math.floor((bytes * 8) / 1000 / toSeconds(time));

/** SRS's names of what sessions do, by its client types. */
function stageOf({ info: { type, publish } }: SessionEntry): string {
  if (type.startsWith('rtc-')) return 'RTC';
  if (type.startsWith('srt-')) return publish ? 'SRT_CPB' : 'SRT_PLA';
  if (type === 'hls-play' || type === 'dash-play') return 'HLS';
  if (type.startsWith('flv-')) return publish ? 'CPB' : 'HTS';
  return publish ? 'CPB' : 'PLA';
}

/** Merged read, and the time-outs of a publisher; merged write of a player. */
function termsOf(publish: boolean, vhost: Section): string {
  if (!publish) return `mw=${vhost.get('vhost.play.mw_latency')}/${vhost.get('vhost.play.mw_msgs')}`;
  const merged = `mr=${vhost.get('vhost.publish.mr') ? 1 : 0}/${vhost.get('vhost.publish.mr_latency')}`;
  const first = vhost.get('vhost.publish.firstpkt_timeout');
  return `${merged}, p1stpt=${first}, pnt=${vhost.get('vhost.publish.normal_timeout')}`;
}

// Gives up what can be done without while the CPU of this process is short (SRS: circuit_breaker), so that what is left of
// it goes into media. One process has one loop: above its limit every stream is late, not only the one too many.
import type { Log } from '../base/log.ts';
import type { Settings } from './config/settings.ts';

/**
 * How short it is; each level gives up what those below it do. high: packets that were lost by WebRTC are neither asked for
 * nor sent again. critical: nothing is said or heard of how packets arrive. dying: players of WebRTC get no media.
 */
export const breakerLevels = ['normal', 'high', 'critical', 'dying'] as const;
/** One of them. */
export type BreakerLevel = (typeof breakerLevels)[number];

/** What is given up now, for those who would do it. */
export interface Relief {
  readonly repairs: boolean;
  readonly feedback: boolean;
  readonly players: boolean;
}

const reliefOf: Readonly<Record<BreakerLevel, Relief>> = {
  normal: { repairs: false, feedback: false, players: false },
  high: { repairs: true, feedback: false, players: false },
  critical: { repairs: true, feedback: true, players: false },
  dying: { repairs: true, feedback: true, players: true },
};

/** Nothing is given up. */
export const noRelief: Relief = reliefOf.normal;

/** What it watches, and where it says so. */
export interface CircuitBreakerOptions {
  readonly settings: Pick<Settings, 'root'>;
  readonly log: Log;
  /** CPU of this process since the last call, of one core. */
  readonly cpu: () => number;
}

/** To be ticked once a second, which is SRS's pulse. */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  /** Pulses that a level still holds after the CPU has sunk below it. */
  #high = 0;
  #critical = 0;
  /** Pulses that the CPU has been above the last threshold. */
  #dying = 0;
  #level: BreakerLevel = 'normal';
  #cpu = 0;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
  }

  get level(): BreakerLevel {
    return this.#level;
  }

  get relief(): Relief {
    return reliefOf[this.#level];
  }

  tick(): void {
    const { root } = this.#options.settings;
    this.#cpu = this.#options.cpu();
    const above = (name: 'high' | 'critical' | 'dying'): boolean =>
      this.#cpu * 100 > root.get(`circuit_breaker.${name}_threshold`);
    const pulses = (name: 'high' | 'critical' | 'dying'): number =>
      Math.max(0, root.get(`circuit_breaker.${name}_pulse`));
    this.#high = above('high') ? pulses('high') : Math.max(0, this.#high - 1);
    this.#critical = above('critical') ? pulses('critical') : Math.max(0, this.#critical - 1);
    // The last resort comes late and goes at once, as in SRS: the two before it come at once and go late.
    this.#dying = above('dying') ? Math.min(pulses('dying'), this.#dying + 1) : 0;
    const isDying = pulses('dying') > 0 && this.#dying >= pulses('dying');
    const level = isDying ? 'dying' : this.#critical > 0 ? 'critical' : this.#high > 0 ? 'high' : 'normal';
    this.#enter(root.get('circuit_breaker.enabled') ? level : 'normal');
  }

  /** For the API. */
  describe(): { readonly level: BreakerLevel; readonly cpuRatio: number } {
    return { level: this.#level, cpuRatio: this.#cpu };
  }

  #enter(level: BreakerLevel): void {
    if (level === this.#level) return;
    const before = this.#level;
    this.#level = level;
    const fields = { before, cpuPercent: Math.round(this.#cpu * 100) };
    if (level === 'normal') this.#options.log.info('breaker', 'the CPU has room again: nothing is given up', fields);
    else this.#options.log.warn('breaker', `the CPU is short: ${givenUp[level]}`, { ...fields, level });
  }
}

const givenUp: Readonly<Record<Exclude<BreakerLevel, 'normal'>, string>> = {
  high: 'lost packets of WebRTC are not repaired',
  critical: 'lost packets of WebRTC are not repaired, nor their arrivals told',
  dying: 'players of WebRTC get no media',
};

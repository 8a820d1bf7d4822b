// The exporter: `/metrics` in Prometheus's text format, read together at each scrape.
import { Registry } from 'prom-client';
import type { HttpExchange } from '../../wire/http/exchange.ts';
import { type ServerNumbers, serverMetrics } from './server.ts';
import { type StreamNumbers, streamMetrics } from './streams.ts';

/** All metrics of a server. */
export class Exporter {
  readonly #registry = new Registry();
  readonly #refresh: readonly (() => void)[];

  constructor(numbers: ServerNumbers & StreamNumbers) {
    this.#refresh = [serverMetrics(this.#registry, numbers), streamMetrics(this.#registry, numbers)];
  }

  /** Everything as text. */
  async text(): Promise<string> {
    for (const refresh of this.#refresh) refresh();
    return this.#registry.metrics();
  }

  /** Answers a scrape. */
  async answer(exchange: HttpExchange): Promise<void> {
    const body = await this.text();
    exchange.reply(200, { 'Content-Type': this.#registry.contentType, 'Cache-Control': 'no-store' }, body);
  }
}

// All programs of the server: inputs from its start on, transcoders and commands with each published stream.
import type { Closer } from '../../base/link.ts';
import type { Hub } from '../../media/hub.ts';
import type { Stream } from '../../media/stream.ts';
import { type StreamName, streamKey } from '../../media/stream-name.ts';
import { publisherOf } from '../publisher.ts';
import type { Sessions } from '../sessions.ts';
import { Crew } from './crew.ts';
import { execJobs } from './exec.ts';
import { ingestJobs } from './ingest.ts';
import { TranscodeOutputs, transcodeJobs } from './transcode.ts';
import { Workshop, type WorkshopOptions } from './workshop.ts';

/** What the programs of a server depend on. */
export interface ProgramsOptions extends WorkshopOptions {
  readonly hub: Hub;
  readonly sessions: Sessions;
}

/** The programs of one published stream. */
interface Shift {
  readonly name: StreamName;
  readonly crew: Crew;
}

/** Starts and stops them as streams come and go and settings change. */
export class Programs implements Closer {
  readonly #options: ProgramsOptions;
  readonly #workshop: Workshop;
  readonly #outputs = new TranscodeOutputs();
  readonly #inputs: Crew;
  /** By the stream's key; bounded by limits.streams. */
  readonly #shifts = new Map<string, Shift>();
  readonly #closers: readonly Closer[];
  #quitting = false;

  constructor(options: ProgramsOptions) {
    this.#options = options;
    this.#workshop = new Workshop(options);
    this.#inputs = new Crew(options.log);
    this.#closers = [
      options.hub.watch({
        published: (stream) => this.#published(stream),
        unpublished: (stream) => this.#unpublished(stream),
      }),
      options.settings.onChange(() => this.#reload()),
    ];
  }

  /** Starts the inputs; called when the server listens. */
  start(): void {
    if (!this.#quitting) this.#inputs.set(ingestJobs(this.#workshop));
  }

  /** The server takes nobody new: its own inputs would keep it waiting for ever (SRS ends them too). */
  stopInputs(): void {
    this.#quitting = true;
    this.#inputs.set([]);
  }

  close(): void {
    for (const closer of this.#closers) closer.close();
    this.#inputs.set([]);
    for (const { crew } of this.#shifts.values()) crew.set([]);
    this.#shifts.clear();
  }

  /** Each program with its state, command line and newest lines of standard error. */
  describe(): Record<string, unknown>[] {
    return [this.#inputs, ...[...this.#shifts.values()].map(({ crew }) => crew)].flatMap((crew) => crew.describe());
  }

  #published({ name }: Stream): void {
    const shift: Shift = { name, crew: new Crew(this.#options.log) };
    // Also without any program: a reload may give it some.
    this.#shifts.set(streamKey(name), shift);
    this.#assign(shift);
  }

  #unpublished({ name }: Stream): void {
    const key = streamKey(name);
    this.#shifts.get(key)?.crew.set([]);
    this.#shifts.delete(key);
  }

  #reload(): void {
    this.start();
    for (const shift of this.#shifts.values()) this.#assign(shift);
  }

  #assign({ name, crew }: Shift): void {
    const vhost = this.#options.settings.vhost(name.vhost);
    // Most streams have none, and looking for the publisher goes through all sessions.
    if (!vhost.get('vhost.exec.enabled') && vhost.sections('vhost.transcode').length === 0) {
      crew.set([]);
      return;
    }
    const publisher = publisherOf(this.#options.sessions, name);
    crew.set([
      ...transcodeJobs(this.#workshop, this.#outputs, name, publisher.param),
      ...execJobs(this.#workshop, name, publisher),
    ]);
  }
}

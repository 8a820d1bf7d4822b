// Programs that only pretend to run: tests end them, and see what was started.
import { idle } from '../../src/core/base/link.ts';
import type {
  Child,
  ChildCommand,
  ChildEnd,
  ChildEvents,
  Children,
  DialogueChild,
} from '../../src/core/control/children/child.ts';
import { FakeLink } from './fakes.ts';

export class FakeChild implements DialogueChild {
  readonly pid: number;
  readonly command: ChildCommand;
  readonly stdin = new FakeLink();
  readonly stdout = new FakeLink();
  readonly #events: ChildEvents;
  stopped = false;
  over = false;

  constructor(pid: number, command: ChildCommand, events: ChildEvents) {
    this.pid = pid;
    this.command = command;
    this.#events = events;
  }

  stop(): void {
    this.stopped = true;
  }

  say(line: string): void {
    this.#events.line(line);
  }

  /** The program ends: by itself, or because it was stopped. */
  end(end: Partial<ChildEnd> = {}): void {
    this.over = true;
    this.stdout.onClose(undefined);
    this.stdout.onClose = idle.onClose;
    this.#events.ended({ code: 0, signal: undefined, error: undefined, ...end });
  }
}

export class FakeChildren implements Children {
  readonly all: FakeChild[] = [];
  /** Programs that are there. */
  readonly installed = new Set(['ffmpeg']);

  /** Those that were neither stopped nor have ended. */
  get running(): readonly FakeChild[] {
    return this.all.filter(({ stopped, over }) => !stopped && !over);
  }

  start(command: ChildCommand, events: ChildEvents): Child {
    return this.pipe(command, events);
  }

  pipe(command: ChildCommand, events: ChildEvents): FakeChild {
    const child = new FakeChild(1000 + this.all.length, command, events);
    this.all.push(child);
    return child;
  }

  converse(command: ChildCommand, events: ChildEvents): FakeChild {
    return this.pipe(command, events);
  }

  find(program: string): string | undefined {
    return this.installed.has(program) ? program : undefined;
  }
}

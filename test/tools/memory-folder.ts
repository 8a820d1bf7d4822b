// A folder in memory: what is in it, in which order it came, and a disk that fails or is slow when a test says so.
import { concat } from '../../src/core/base/bytes.ts';
import type { Folder } from '../../src/core/control/host.ts';

export class MemoryFolder implements Folder {
  readonly root: string;
  readonly files = new Map<string, Uint8Array>();
  /** `write a.ts`, `remove a.ts`, in order. */
  readonly steps: string[] = [];
  /** What each call rejects with. */
  fault: Error | undefined;
  /** Each write waits for it. */
  gate: Promise<void> = Promise.resolve();

  constructor(root: string) {
    this.root = root;
  }

  async write(path: string, chunks: readonly Uint8Array[]): Promise<void> {
    await this.gate;
    this.#check();
    this.steps.push(`write ${path}`);
    this.files.set(path, concat(chunks));
  }

  async read(path: string, limitBytes: number): Promise<Uint8Array> {
    this.#check();
    const bytes = this.files.get(path);
    if (bytes === undefined || bytes.length > limitBytes) throw new Error(`no ${path}`);
    return bytes;
  }

  async size(path: string): Promise<number | undefined> {
    this.#check();
    return this.files.get(path)?.length;
  }

  async remove(path: string): Promise<void> {
    this.#check();
    this.steps.push(`remove ${path}`);
    this.files.delete(path);
  }

  #check(): void {
    if (this.fault !== undefined) throw this.fault;
  }
}

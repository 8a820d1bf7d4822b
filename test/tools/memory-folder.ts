// A folder in memory: what is in it, in which order it came, and a disk that fails or is slow when a test says so.
import { concat } from '../../src/core/base/bytes.ts';
import type { Folder, FolderFile } from '../../src/core/control/host.ts';
import { netErrors } from '../../src/core/net/index.ts';

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

  async open(path: string, use: 'read' | 'create'): Promise<FolderFile> {
    await this.gate;
    this.#check();
    if (use === 'create') {
      this.files.set(path, new Uint8Array());
      this.steps.push(`create ${path}`);
    }
    if (!this.files.has(path)) throw netErrors.system('NO_FILE', { at: `${this.root}/${path}` });
    return this.#file(path);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#check();
    const bytes = this.files.get(from);
    if (bytes === undefined) throw netErrors.system('NO_FILE', { at: `${this.root}/${from}` });
    this.files.delete(from);
    this.files.set(to, bytes);
    this.steps.push(`rename ${from} ${to}`);
  }

  /** Goes by the name: a file that was renamed meanwhile is not found any more. */
  #file(path: string): FolderFile {
    const bytes = (): Uint8Array => this.files.get(path) ?? new Uint8Array();
    return {
      get size() {
        return bytes().length;
      },
      modified: 1_700_000_000_000_000,
      read: async (offset, size) => bytes().slice(offset, offset + size),
      append: async (chunks) => {
        await this.gate;
        this.#check();
        this.files.set(path, concat([bytes(), ...chunks]));
      },
      write: async (offset, part) => {
        this.#check();
        const changed = bytes().slice();
        changed.set(part, offset);
        this.files.set(path, changed);
      },
      close: async () => void this.steps.push(`close ${path}`),
    };
  }

  #check(): void {
    if (this.fault !== undefined) throw this.fault;
  }
}

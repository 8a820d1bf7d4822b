// The file of the overlay: changed one at a time, tried before it is written, written whole, put in force at once.
import { basename, dirname } from 'node:path';
import { utf8 } from '../../base/bytes.ts';
import type { Folder } from '../host.ts';
import type { Directive } from './directive.ts';
import {
  type OverlayTarget,
  overlayErrors,
  parseOverlay,
  setDirective,
  unsetDirective,
  writeDirectives,
} from './overlay.ts';

/** What an overlay file needs of its server. */
export interface OverlayFileOptions {
  readonly folder: Folder;
  /** Within the folder. */
  readonly name: string;
  /** Loads the configuration with this text as its overlay; throws ConfigError. Nothing is put in force. */
  readonly tryOut: (text: string) => void;
  /** Reads everything again and puts it in force. Rejects with SrsxError, with all as it was. */
  readonly reload: () => Promise<unknown>;
}

/** Chosen: every directive of every of a thousand vhosts fits. */
const LIMIT_BYTES = 4 * 1024 * 1024;

const HEAD = '# Set through the API of srsx. It lies over the configuration; edit it while the server is stopped.\n';

/** Errors of both changes: ConfigErrors of what is tried, SystemErrors of the file, OVERLAY_UNSET. */
export class OverlayFile {
  readonly #options: OverlayFileOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: OverlayFileOptions) {
    this.#options = options;
  }

  /** Resolves when the value is in the file and in force. */
  set(target: OverlayTarget, words: readonly string[]): Promise<void> {
    return this.#change((overlay) => setDirective(overlay, target, words));
  }

  /** Takes a value back. */
  unset(target: OverlayTarget): Promise<void> {
    return this.#change((overlay) => {
      const without = unsetDirective(overlay, target);
      if (without === undefined) throw overlayErrors.config('UNSET', { directive: target.path });
      return without;
    });
  }

  /** What is set now. */
  async read(): Promise<readonly Directive[]> {
    return this.#parse(await this.#bytes());
  }

  /** Two changes at once would each lose the other. */
  #change(edit: (overlay: readonly Directive[]) => readonly Directive[]): Promise<void> {
    const next = this.#last.then(() => this.#apply(edit));
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #apply(edit: (overlay: readonly Directive[]) => readonly Directive[]): Promise<void> {
    const { folder, name, tryOut, reload } = this.#options;
    const before = await this.#bytes();
    const text = HEAD + writeDirectives(edit(this.#parse(before)));
    tryOut(text);
    await folder.write(name, [utf8(text)]);
    try {
      await reload();
    } catch (error) {
      // A server that starts again must not stumble over what this one refused.
      if (before === undefined) await folder.remove(name);
      else await folder.write(name, [before]);
      throw error;
    }
  }

  #parse(bytes: Uint8Array | undefined): readonly Directive[] {
    return bytes === undefined ? [] : parseOverlay(new TextDecoder().decode(bytes), this.#options.name);
  }

  async #bytes(): Promise<Uint8Array | undefined> {
    const { folder, name } = this.#options;
    return (await folder.size(name)) === undefined ? undefined : folder.read(name, LIMIT_BYTES);
  }
}

/** What the overlay of a running server is made of. */
export interface OverlayPlace extends Pick<OverlayFileOptions, 'tryOut' | 'reload'> {
  /** The path that the configuration names now; empty for none. */
  readonly path: () => string;
  readonly folder: (root: string) => Folder;
}

/** Gives the overlay file that the configuration names now; the same one for the same path, so that changes queue. */
export function overlayPlace({ path, folder, tryOut, reload }: OverlayPlace): () => OverlayFile | undefined {
  let last: { readonly path: string; readonly file: OverlayFile } | undefined;
  return () => {
    const now = path();
    if (now === '') return undefined;
    if (last?.path !== now) {
      const options = { folder: folder(dirname(now)), name: basename(now), tryOut, reload };
      last = { path: now, file: new OverlayFile(options) };
    }
    return last.file;
  };
}

// mux.js's MP4 inspector and probe as independent readers; the package is CommonJS without types.
import { createRequire } from 'node:module';

/** A box as mux.js sees it; fields depend on the type. */
export interface InspectedBox {
  readonly type: string;
  readonly size: number;
  readonly boxes?: readonly InspectedBox[];
  readonly [field: string]: unknown;
}

export interface ProbedTrack {
  readonly id: number;
  readonly type: 'video' | 'audio';
  readonly codec: string;
  readonly timescale: number;
}

interface MuxJs {
  readonly mp4: {
    readonly tools: { inspect(bytes: Uint8Array): InspectedBox[] };
    readonly probe: {
      tracks(init: Uint8Array): ProbedTrack[];
      startTime(timescales: Record<number, number>, fragment: Uint8Array): number;
      compositionStartTime(timescales: Record<number, number>, fragment: Uint8Array): number;
    };
  };
}

export const { tools, probe } = (createRequire(import.meta.url)('mux.js') as MuxJs).mp4;

/** The first box on a path such as `moov/trak/mdia`. */
export function at(boxes: readonly InspectedBox[] | undefined, path: string): InspectedBox {
  const [type, ...rest] = path.split('/');
  const found = boxes?.find((box) => box.type === type);
  if (found === undefined) throw new Error(`no ${type}`);
  return rest.length === 0 ? found : at(found.boxes, rest.join('/'));
}

// Long fuzzing of everything that reads bytes from strangers: `npm run fuzz -- --seconds 30 [--target rtmp] [--seed 7]`.
// Each input is made from a seed of its own, so that a failure is repeated by its seed alone.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fromHex, toHex } from '../src/core/base/bytes.ts';
import { makeInput } from './fuzz-input.ts';
import { root } from './run.ts';

/** What a file test/fuzz/*.fuzz.ts exports. `run` may throw nothing: refusals are its own business. */
interface Target {
  readonly name: string;
  readonly run: (bytes: Uint8Array) => void;
  /** Good inputs to damage; without them only noise is tried. */
  readonly seeds?: readonly Uint8Array[];
}

/** One input that takes longer blocks every other session of a server. */
const SLOW_MS = 500;
/** Bytes of an input shown on the terminal. */
const SHOWN_BYTES = 4096;
const BATCH = 50;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string' },
    minutes: { type: 'string' },
    target: { type: 'string' },
    seed: { type: 'string' },
    hex: { type: 'string' },
  },
});
const seconds = Number(values.minutes ?? 0) * 60 || Number(values.seconds ?? 30);
const firstSeed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function loadTargets(): Promise<Target[]> {
  const folder = join(root, 'test/fuzz');
  const files = readdirSync(folder).filter((file) => file.endsWith('.fuzz.ts'));
  const modules = await Promise.all(files.map((file) => import(join(folder, file)) as Promise<Target>));
  return modules.filter(({ name }) => values.target === undefined || name.startsWith(values.target));
}

/** The fault of one input, or undefined. */
function fault(target: Target, bytes: Uint8Array): string | undefined {
  const start = performance.now();
  try {
    target.run(bytes);
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const took = performance.now() - start;
  return took > SLOW_MS ? `took ${Math.round(took)} ms` : undefined;
}

function report(target: Target, seed: number | undefined, bytes: Uint8Array, why: string): void {
  say(`\nFAILED: ${target.name}\n${why}`);
  if (seed !== undefined) say(`again: npm run fuzz -- --target ${target.name} --seed ${seed} --seconds 0`);
  const hex = toHex(bytes.subarray(0, SHOWN_BYTES));
  say(`input (${bytes.length} bytes${bytes.length > SHOWN_BYTES ? `, the first ${SHOWN_BYTES}` : ''}): ${hex}`);
}

/** Tries every target in turn until the time is over; true when nothing was found. */
function fuzz(targets: readonly Target[]): boolean {
  const counts = new Map(targets.map(({ name }) => [name, 0]));
  const end = performance.now() + seconds * 1000;
  let seed = firstSeed;
  do {
    for (const target of targets) {
      for (let i = 0; i < (seconds === 0 ? 1 : BATCH); i++) {
        const bytes = makeInput(seed + i, target.seeds ?? []);
        const why = fault(target, bytes);
        if (why !== undefined) {
          report(target, seed + i, bytes, why);
          return false;
        }
      }
      counts.set(target.name, (counts.get(target.name) ?? 0) + BATCH);
    }
    seed += BATCH;
  } while (performance.now() < end);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  say(`fuzz: ${total} inputs in ${targets.length} targets, nothing found (first seed ${firstSeed}, ${seconds} s).`);
  return true;
}

const targets = await loadTargets();
if (targets.length === 0) {
  say(`fuzz: no target is named ${values.target ?? 'anything'}.`);
  process.exitCode = 2;
} else if (values.hex !== undefined) {
  const bytes = fromHex(values.hex);
  for (const target of targets) {
    const why = fault(target, bytes);
    if (why === undefined) say(`${target.name}: nothing found.`);
    else report(target, undefined, bytes, why);
    if (why !== undefined) process.exitCode = 1;
  }
} else if (!fuzz(targets)) process.exitCode = 1;

// An engine for as long as a client command needs it.
import { createEngine, type Engine, type Log } from '../core/index.ts';

/** Runs `use` with an engine and stops the engine's timers afterwards, also when it failed. */
export async function withEngine<Result>(log: Log, use: (engine: Engine) => Promise<Result>): Promise<Result> {
  const engine = createEngine({ log });
  try {
    return await use(engine);
  } finally {
    engine.close();
  }
}

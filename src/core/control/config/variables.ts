// Environment variables that look like settings and are none.
import { nearest } from '../../base/nearest.ts';
import type { Environment } from './config.ts';
import type { Notice } from './directive.ts';
import { schema } from './schema/index.ts';

/** Variables that choose the configuration, or are read by other parts; not values of directives. */
export const otherVariables: Readonly<Record<string, string>> = {
  SRS_CONFIG_FILE: 'Replaces the path of -c.',
  SRS_ENV_ONLY: 'The same as -e: no file is read.',
  SRS_DEVICE_IP: 'The address that the heartbeat reports.',
  SRS_PLATFORM: 'Named by the vendor query of versions, which srsx does not make.',
  SRS_REGION: 'The same.',
  SRS_SOURCE: 'The same.',
};

/** Variables told at most: an environment may have thousands. */
const TOLD = 20;

/** Variables that begin with SRS_ and set nothing, each with the nearest that would. */
export function strayVariables(environment: Environment): Notice[] {
  const known = new Set(Object.values(schema).flatMap(({ env = [] }) => env));
  const names = Object.keys(environment).filter((name) => name.startsWith('SRS_') && environment[name] !== '');
  const stray = names.filter((name) => !known.has(name) && !Object.hasOwn(otherVariables, name)).slice(0, TOLD);
  return stray.map((name) => {
    const near = nearest(name.slice(0, 100), [...known]);
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    return { file: name, line: 0, directive: name, text: `sets no directive${hint}` };
  });
}

// A server by a configuration in SRS's language, with a configuration that a test can change.
import { loadConfig } from '../../src/core/control/config/load.ts';
import type { ServeSettings } from '../../src/core/index.ts';
import { type TestServer, testServer } from './interop.ts';

export interface ConfServer extends TestServer {
  /** Puts another text in force. */
  change(text: string): Promise<unknown>;
}

/** Behind the text, since the first of two directives counts. */
const ports = `listen 127.0.0.1:0; http_server { enabled on; listen 127.0.0.1:0; } http_api { enabled on; listen 127.0.0.1:0; }`;

/**
 * All ports are free ones of this machine unless the text says otherwise.
 * @param text directives; `listen` and the blocks of HTTP only where they say more than a port.
 */
export async function confServer(text: string, settings: Partial<ServeSettings> = {}): Promise<ConfServer> {
  let now = text;
  const read = () => loadConfig({ text: `${now} ${ports}`, file: 'srs.conf', read: () => '' });
  const server = await testServer({ config: read(), readConfig: read, ...settings });
  return {
    ...server,
    change: (next) => {
      now = next;
      return server.reload();
    },
  };
}

// A server by a configuration in SRS's language, with a configuration that a test can change.
import { loadConfig } from '../../src/core/control/config/load.ts';
import { type TestServer, testServer } from './interop.ts';

export interface ConfServer extends TestServer {
  /** Puts another text in force. */
  change(text: string): Promise<unknown>;
}

/** All ports are free ones of this machine unless the text says otherwise. @param text directives, without listen. */
export async function confServer(text: string): Promise<ConfServer> {
  const ports = `listen 127.0.0.1:0; http_server { enabled on; listen 127.0.0.1:0; } http_api { enabled on; listen 127.0.0.1:0; }`;
  let now = text;
  const read = () => loadConfig({ text: `${ports} ${now}`, file: 'srs.conf', read: () => '' });
  const server = await testServer({ config: read(), readConfig: read });
  return {
    ...server,
    change: (next) => {
      now = next;
      return server.reload();
    },
  };
}

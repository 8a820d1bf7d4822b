// The server: one port for each `stream_caster` of the kind mpegts_over_udp.
import type { Closer } from '../../base/link.ts';
import { casters } from '../../control/casters.ts';
import type { Host, Listener } from '../../control/host.ts';
import { Receiver } from './receiver.ts';

/** Listens on all ports of the settings; rejects with ConfigError (CASTER_*), SystemError when one is not free. */
export async function serve(host: Host): Promise<Closer & { readonly listeners: readonly Listener[] }> {
  const listeners: Listener[] = [];
  const close = (): void => {
    for (const listener of listeners) listener.close();
  };
  try {
    for (const caster of casters(host.settings, 'mpegts_over_udp')) {
      const port = await host.net.listenUdp({ host: '0.0.0.0', port: caster.port });
      const receiver = new Receiver(host, port, caster);
      listeners.push({ address: port.local, close: () => receiver.close() });
    }
  } catch (error) {
    close();
    throw error;
  }
  return { listeners, close };
}

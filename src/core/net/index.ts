// The real network and files behind the seam of control/host.ts.
import type { Net } from '../control/host.ts';
import { createFile, openFile } from './files.ts';
import { RealFolder } from './folder.ts';
import { gzip } from './gzip.ts';
import { dialWebSocket, request } from './http-client.ts';
import { listenHttp } from './http-server.ts';
import { loadNative, type Native } from './native.ts';
import { ciphersOf } from './native-srtp.ts';
import { writerFor } from './native-writer.ts';
import type { NetContext, NetOptions } from './options.ts';
import { RealRng } from './real-rng.ts';
import { dial, listenTcp } from './tcp.ts';
import { listenUdp, lookup } from './udp.ts';

export { createChildren } from './child.ts';
export { netErrors } from './errors.ts';
export { type OwnAddress, ownAddresses } from './interfaces.ts';
export type { NetOptions } from './options.ts';
export { RealClock } from './real-clock.ts';
export { RealRng } from './real-rng.ts';

export function createNet(options: NetOptions): Net {
  const native = (): Native | undefined => (options.accelerators === false ? undefined : loadNative(options.log));
  const context: NetContext = {
    ...options,
    rng: new RealRng(),
    // Looked for by the first listener: most commands have none.
    get writer() {
      return writerFor(native());
    },
  };
  return {
    listenTcp: (at, on, tls) => listenTcp(context, at, on, tls),
    listenUdp: (at, udpOptions) => listenUdp(at, { ...udpOptions, native: native() }),
    lookup,
    dial: (to, dialOptions) => dial(context, to, dialOptions),
    listenHttp: (at, on, tls) => listenHttp(context, at, on, tls),
    request: (url, requestOptions) => request(context, url, requestOptions),
    dialWebSocket: (url, dialOptions) => dialWebSocket(context, url, dialOptions),
    openFile,
    createFile: (path) => createFile(context, path),
    folder: (root) => new RealFolder(root),
    gzip,
    // Looked for when somebody asks: most commands have nothing to encrypt.
    get srtp() {
      const found = native();
      return found && ciphersOf(found);
    },
  };
}

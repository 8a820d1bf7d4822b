// The real network and files behind the seam of control/host.ts.
import type { Net } from '../control/host.ts';
import { createFile, openFile } from './files.ts';
import { RealFolder } from './folder.ts';
import { gzip } from './gzip.ts';
import { dialWebSocket, request } from './http-client.ts';
import { listenHttp } from './http-server.ts';
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
  const context: NetContext = { ...options, rng: new RealRng() };
  return {
    listenTcp: (at, on, tls) => listenTcp(context, at, on, tls),
    listenUdp,
    lookup,
    dial: (to, dialOptions) => dial(context, to, dialOptions),
    listenHttp: (at, on, tls) => listenHttp(context, at, on, tls),
    request: (url, requestOptions) => request(context, url, requestOptions),
    dialWebSocket: (url, dialOptions) => dialWebSocket(context, url, dialOptions),
    openFile,
    createFile: (path) => createFile(context, path),
    folder: (root) => new RealFolder(root),
    gzip,
  };
}

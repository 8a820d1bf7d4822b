// A host that tells what its client does: when it has connected, and what it warns of. Protocols do not say the first
// themselves, but they all ask the net for a pipe.
import { Log, type LogLine } from '../base/log.ts';
import type { ClientHost, HttpRequestOptions, Net } from '../control/host.ts';

export interface Observer {
  /** The net has answered with an open pipe. */
  readonly connected: () => void;
  /** A line of the level `warn`, which goes to the host's own log too. */
  readonly warned?: (line: LogLine) => void;
}

export function observed(host: ClientHost, observer: Observer): ClientHost {
  const { warned } = observer;
  return {
    ...host,
    net: observedNet(host.net, observer.connected),
    log: warned === undefined ? host.log : observedLog(host.log, warned),
  };
}

function observedNet(net: Net, connected: () => void): Net {
  const tell = async <T>(opening: Promise<T>): Promise<T> => {
    const opened = await opening;
    connected();
    return opened;
  };
  return {
    listenTcp: (...args) => net.listenTcp(...args),
    listenUdp: (...args) => net.listenUdp(...args),
    lookup: (name) => net.lookup(name),
    listenHttp: (...args) => net.listenHttp(...args),
    createFile: (path) => tell(net.createFile(path)),
    folder: (root) => net.folder(root),
    gzip: (bytes) => net.gzip(bytes),
    get srtp() {
      return net.srtp;
    },
    dial: (...args) => tell(net.dial(...args)),
    request: (url, options) => tell(net.request(url, observedUpload(options, connected))),
    dialWebSocket: (...args) => tell(net.dialWebSocket(...args)),
    openFile: (path) => tell(net.openFile(path)),
  };
}

/** An upload is answered at its end: it is connected when its body is asked for. */
function observedUpload(options: HttpRequestOptions, connected: () => void): HttpRequestOptions {
  const { upload } = options;
  if (upload === undefined) return options;
  return {
    ...options,
    upload: (body) => {
      connected();
      upload(body);
    },
  };
}

/** Debug lines stay behind: their text is not even built. */
function observedLog(log: Log, warned: (line: LogLine) => void): Log {
  return new Log((line) => {
    if (line.level === 'warn') warned(line);
    if (line.level !== 'debug') log[line.level](line.topic, line.text, { ...line.fields });
  }, 'info');
}

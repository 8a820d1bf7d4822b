// `POST /gb/v1/publish/`: another program speaks SIP with the devices, and says which SSRC will come (SRS 6.0.144).
import type { SrsxError } from '../../base/errors.ts';
import { toSrsxError } from '../../base/session.ts';
import type { Micros } from '../../base/time.ts';
import { toSeconds } from '../../base/time.ts';
import type { Host } from '../../control/host.ts';
import { readText } from '../../wire/http/body.ts';
import type { HttpExchange } from '../../wire/http/exchange.ts';
import { errors } from './errors.ts';
import { isDeviceId, parseSsrc } from './names.ts';
import type { Receiver } from './receiver.ts';
import type { Receivers } from './receivers.ts';

const PATHS = ['/gb/v1/publish', '/gb/v1/publish/'];
const MOST_BODY_BYTES = 4096;

/** SRS's words for the numbers of an answer. */
const words: Readonly<Record<number, string>> = {
  1028: 'StreamBusy',
  1074: 'ConnectionsExceed',
  3008: 'HttpResponseData',
};

/** What the API opens. */
export interface PublishApiOptions {
  readonly host: Host;
  readonly receivers: Receivers;
  /** For the media to come. */
  readonly mediaConnectTime: Micros;
  readonly mediaPort: () => number;
}

/** Answers what is for it: true, when it has taken the exchange. As in SRS, no method is looked at. */
export async function answerPublish(exchange: HttpExchange, options: PublishApiOptions): Promise<boolean> {
  if (!PATHS.includes(exchange.request.path)) return false;
  let gone = false;
  exchange.onGone = () => {
    gone = true;
  };
  const answer = await publish(exchange, options, () => gone);
  if (!gone) exchange.reply(200, { 'Content-Type': 'application/json', Connection: 'Close' }, JSON.stringify(answer));
  return true;
}

async function publish(
  exchange: HttpExchange,
  options: PublishApiOptions,
  gone: () => boolean,
): Promise<Readonly<Record<string, unknown>>> {
  const { host } = options;
  try {
    const { id, ssrc } = readRequest(await readBody(exchange, host));
    if (!gone()) expectMedia(id, ssrc, options);
    return { code: 0, port: options.mediaPort(), is_tcp: true };
  } catch (thrown) {
    const error = toSrsxError(thrown);
    host.log.warn('gb28181', `publish is refused: ${error.message}`, { code: error.code });
    const code = error.srs ?? 3008;
    return { code, desc: words[code] ?? error.code };
  }
}

function readBody(exchange: HttpExchange, { clock, limits }: Host): Promise<string> {
  const time = limits.handshakeTime;
  return readText(exchange.body(), {
    limit: MOST_BODY_BYTES,
    tooLong: () => errors.protocol('REQUEST', { why: `it has more than ${MOST_BODY_BYTES} bytes` }),
    late: { clock, time, error: () => errors.protocol('REQUEST', { why: `it took more than ${toSeconds(time)} s` }) },
  });
}

/** Throws GB_REQUEST. */
function readRequest(text: string): { readonly id: string; readonly ssrc: number } {
  const { id, ssrc } = readJson(text);
  if (typeof id !== 'string' || typeof ssrc !== 'string')
    throw errors.protocol('REQUEST', { why: 'id and ssrc are texts' });
  const number = parseSsrc(ssrc);
  if (!isDeviceId(id)) throw errors.protocol('REQUEST', { why: 'the id cannot name a stream' });
  if (number === undefined) throw errors.protocol('REQUEST', { why: 'the ssrc is no number of 32 bits' });
  return { id, ssrc: number };
}

function readJson(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch (cause) {
    throw errors.protocol('REQUEST', { why: 'it is no JSON' }, cause);
  }
  throw errors.protocol('REQUEST', { why: 'it is no object' });
}

/** Until the media is over, or has not come in time (SRS 8). Throws GB_BUSY, ADMISSION_SESSIONS. */
function expectMedia(id: string, ssrc: number, { host, receivers, mediaConnectTime }: PublishApiOptions): void {
  const close = (reason: SrsxError | undefined): void => receivers.close(receiver, reason);
  const receiver: Receiver = receivers.open(id, ssrc, {
    onSender: () => cancel(),
    onPublishing: () => undefined,
    onOver: close,
    onClosed: () => cancel(),
  });
  const cancel = host.clock.after(mediaConnectTime, () => {
    const seconds = toSeconds(mediaConnectTime);
    host.log.warn('gb28181', `no media came within ${seconds} s`, { device: id });
    close(errors.protocol('TIMEOUT', { id, seconds }));
  });
}

// N players in one process, as lean as can be: they ask for a stream and count bytes.
// Usage: node players.ts raw|http|rtmp PORT COUNT [APP STREAM]; on standard input `report` prints a line of JSON, the
// end of input ends it.
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

const [kind = 'raw', port = '0', count = '1', app = 'live', stream = 'bench'] = process.argv.slice(2);
const RAMP_MS = 2;
const state = { wanted: Number(count), open: 0, playing: 0, bytes: 0, closed: 0 };

/** AMF0 values of the three commands a player sends, just enough for any server. */
const text = (value: string): Buffer =>
  Buffer.concat([Buffer.from([2, value.length >> 8, value.length]), Buffer.from(value)]);
const number = (value: number): Buffer => {
  const out = Buffer.alloc(9);
  out.writeDoubleBE(value, 1);
  return out;
};
const member = (name: string, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([name.length >> 8, name.length]), Buffer.from(name), value]);

function message(type: number, streamId: number, body: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head[0] = 3;
  head.writeUIntBE(body.length, 4, 3);
  head[7] = type;
  head.writeUInt32LE(streamId, 8);
  const parts: Buffer[] = [head, body.subarray(0, 128)];
  for (let at = 128; at < body.length; at += 128) parts.push(Buffer.from([0xc3]), body.subarray(at, at + 128));
  return Buffer.concat(parts);
}

const connectCommand = Buffer.concat([
  text('connect'),
  number(1),
  Buffer.from([3]),
  member('app', text(app)),
  member('tcUrl', text(`rtmp://127.0.0.1:${port}/${app}`)),
  member('flashVer', text('LNX 9,0,124,2')),
  member('objectEncoding', number(0)),
  Buffer.from([0, 0, 9]),
]);
const createStream = Buffer.concat([text('createStream'), number(2), Buffer.from([5])]);
const play = Buffer.concat([text('play'), number(0), Buffer.from([5]), text(stream), number(-2000)]);

/** Talks after the handshake has come (1 + 1536 + 1536 bytes), command by command, as real players do. */
function talkRtmp(socket: Socket): void {
  const c1 = Buffer.alloc(1537);
  c1[0] = 3;
  socket.write(c1);
  let got = 0;
  let step = 0;
  socket.on('data', (bytes) => {
    got += bytes.length;
    state.bytes += bytes.length;
    if (step === 0 && got >= 3073) {
      step = 1;
      socket.write(Buffer.concat([Buffer.alloc(1536), message(20, 0, connectCommand)]));
    } else if (step === 1 && got > 3073 && bytes.includes('_result')) {
      step = 2;
      socket.write(message(20, 0, createStream));
    } else if (step === 2 && bytes.includes('_result')) {
      step = 3;
      state.playing++;
      socket.write(message(20, 1, play));
    }
  });
}

function talkHttp(socket: Socket): void {
  socket.write(`GET /${app}/${stream}.flv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  let first = true;
  socket.on('data', (bytes) => {
    if (first) state.playing++;
    first = false;
    state.bytes += bytes.length;
  });
}

function open(): void {
  if (state.open >= state.wanted) return;
  state.open++;
  const socket = connect(Number(port), '127.0.0.1', () => {
    if (kind === 'rtmp') talkRtmp(socket);
    else if (kind === 'http') talkHttp(socket);
    else {
      state.playing++;
      socket.on('data', (bytes) => {
        state.bytes += bytes.length;
      });
    }
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    state.closed++;
  });
  setTimeout(open, RAMP_MS);
}

open();
createInterface({ input: process.stdin })
  .on('line', () => console.log(JSON.stringify(state)))
  .on('close', () => process.exit(0));

// The floor: writes `bytes` to every open socket each `window` ms, and nothing else.
// Usage: node floor.ts WINDOW_MS BITRATE_BPS; prints the port it listens at.
import { createServer, type Socket } from 'node:net';

const [windowMs = 350, bitrate = 1_000_000] = process.argv.slice(2).map(Number);
const run = Buffer.alloc(Math.round((bitrate / 8) * (windowMs / 1000)), 1);
const sockets = new Set<Socket>();

const server = createServer((socket) => {
  sockets.add(socket);
  socket.resume();
  socket.on('error', () => undefined);
  socket.on('close', () => sockets.delete(socket));
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as { port: number }).port));
const start = performance.now();
/** Timers are late by a millisecond each time; the next one makes up for it, so that the bit rate is what was asked for. */
function next(count: number): void {
  setTimeout(
    () => {
      for (const socket of sockets) socket.write(run);
      next(count + 1);
    },
    start + count * windowMs - performance.now(),
  );
}
next(1);

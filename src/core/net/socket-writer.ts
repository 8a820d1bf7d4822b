// How bytes leave by a socket of node: by node itself, or past it where the machine can (native-writer.ts).
import type { Socket } from 'node:net';

/** Writes to a socket that is open for writing; what the kernel does not take at once waits in the socket. */
export interface SocketWriter {
  /** In one piece as far as possible. The chunks are not changed while anything waits in the socket. */
  write(socket: Socket, chunks: readonly Uint8Array[]): void;
}

/** By node's stream: one gathering write. */
export const plainWriter: SocketWriter = {
  write(socket, chunks) {
    if (chunks.length === 1) {
      socket.write(chunks[0] as Uint8Array);
      return;
    }
    socket.cork();
    for (let i = 0; i < chunks.length; i++) socket.write(chunks[i] as Uint8Array);
    socket.uncork();
  },
};

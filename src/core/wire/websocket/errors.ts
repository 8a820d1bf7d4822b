// Codes of WebSocket framing, and the close codes of RFC 6455 §7.4.1 that say the same to the peer.
import { defineErrors, LimitError, ProtocolError, RefusedError, type SrsxError } from '../../base/errors.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const webSocketErrors = defineErrors('WEBSOCKET', {
  RESERVED: { text: 'reserved bits {bits} are set', advice: 'The peer uses an extension that was not agreed.' },
  OPCODE: { text: 'opcode {opcode} is reserved', advice: 'The peer is damaged or uses an unknown extension.' },
  MASK: { text: 'a frame is {found} but must be {wanted}', advice: 'Clients mask their frames, servers do not.' },
  CONTROL: {
    text: 'a control frame of {size} bytes or in fragments',
    advice: 'Control frames hold at most 125 bytes.',
  },
  LENGTH: {
    text: 'a payload length of {size} is not written in its shortest form or too big',
    advice: 'Damaged input.',
  },
  CONTINUATION: { text: '{what}', advice: 'Fragments of two messages are mixed.' },
  SIZE: { text: 'a message of {size} bytes is above {limit}', advice: 'Send smaller messages or raise messageBytes.' },
  CLOSE: { text: 'a close frame with code {code}', advice: 'The code is one that must not be sent.' },
  PEER: { text: 'the peer closed with {code} {reason}', advice: 'The code is explained in RFC 6455 §7.4.1.' },
  UTF8: { text: 'a text that is not UTF-8', advice: 'Send binary messages for bytes.' },
});

/** The code that tells the peer why its connection ends. */
export function closeCode(reason: SrsxError | undefined): number {
  if (reason === undefined) return 1000;
  if (reason.code === 'WEBSOCKET_SIZE') return 1009;
  if (reason.code === 'WEBSOCKET_UTF8') return 1007;
  if (reason instanceof ProtocolError) return 1002;
  if (reason instanceof RefusedError || reason instanceof LimitError) return 1008;
  return 1011;
}

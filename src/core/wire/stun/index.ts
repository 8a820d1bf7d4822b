// STUN as ICE uses it.
export {
  checkIntegrity,
  isStun,
  parseStun,
  type StunMessage,
  stunType,
  writeStun,
} from './message.ts';

// STUN as ICE uses it.
export { stunErrors } from './errors.ts';
export {
  checkIntegrity,
  isStun,
  parseStun,
  type StunFields,
  type StunMessage,
  stunType,
  writeStun,
} from './message.ts';

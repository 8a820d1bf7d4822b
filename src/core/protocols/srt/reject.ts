// Why a connection is refused, in numbers that peers understand: libsrt's own, and those that applications send.

/** libsrt's reasons (SRT_REJECT_REASON), and its list for applications from 1000 on (access control guide). */
export const Reject = {
  unknown: 0,
  system: 1,
  peer: 2,
  resource: 3,
  rogue: 4,
  backlog: 5,
  internal: 6,
  close: 7,
  version: 8,
  rendezvousCookie: 9,
  badSecret: 10,
  unsecure: 11,
  messageApi: 12,
  congestion: 13,
  filter: 14,
  group: 15,
  timeout: 16,
  crypto: 17,
  keyNotSupported: 1001,
  hostNotFound: 1003,
  badRequest: 1400,
  unauthorized: 1401,
  overload: 1402,
  forbidden: 1403,
  notFound: 1404,
  badMode: 1405,
  unacceptable: 1406,
  conflict: 1409,
  unsupportedMedia: 1415,
  locked: 1423,
  internalServer: 1500,
  unimplemented: 1501,
  down: 1503,
} as const;

const names = new Map<number, string>(Object.entries(Reject).map(([name, code]) => [code, name]));

/** On the wire a reason is a handshake type of 1000 and more (draft-sharabayko-srt-01 §4.3.1.3). */
const FIRST_TYPE = 1000;
/** Types above are the handshake's own, seen as negative numbers. */
const LAST_TYPE = 0x7fffffff;

/** The handshake type of a refusal. */
export const rejectToType = (code: number): number => FIRST_TYPE + code;

/** The reason that a handshake type means; undefined when it is no refusal. */
export const typeToReject = (type: number): number | undefined =>
  type >= FIRST_TYPE && type <= LAST_TYPE ? type - FIRST_TYPE : undefined;

/** For logs; `reason` when the code has no name. */
export const rejectName = (code: number): string => names.get(code) ?? 'reason';

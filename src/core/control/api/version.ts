// The SRS release whose API, configuration and callbacks srsx speaks.

/** Clients look at it to choose fields. */
export const SRS_VERSION = { major: 7, minor: 0, revision: 143 } as const;
/** The same as text. */
export const SRS_VERSION_TEXT = `${SRS_VERSION.major}.${SRS_VERSION.minor}.${SRS_VERSION.revision}`;

// The ciphers of every machine: node:crypto's.
import type { SrtpCiphers } from './cipher.ts';
import { srtpProfile } from './keys.ts';
import { CounterOpener, GcmOpener } from './opener.ts';
import { CounterProtector, GcmProtector } from './protector.ts';

/** AES-CM for a batch by one call of a long-lived cipher, HMAC by one-shot hashes, AES-GCM by an object for each packet. */
export const nodeCiphers: SrtpCiphers = {
  preferred: [srtpProfile.aes128CmSha1_80, srtpProfile.aeadAes128Gcm],
  protector: (keys, profile, tagBytes) =>
    profile === srtpProfile.aeadAes128Gcm ? new GcmProtector(keys) : new CounterProtector(keys, tagBytes),
  opener: (keys, profile, tagBytes) =>
    profile === srtpProfile.aeadAes128Gcm ? new GcmOpener(keys) : new CounterOpener(keys, tagBytes),
};

// Addresses of this machine.
import { networkInterfaces } from 'node:os';

/** One address of an interface that is up. */
export interface OwnAddress {
  readonly host: string;
  readonly family: 'ipv4' | 'ipv6';
  /** Loopback. */
  readonly internal: boolean;
}

/** As they are now, in the order of the system; those that only mean something on one link are left out. */
export function ownAddresses(): OwnAddress[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ scopeid }) => scopeid === undefined || scopeid === 0)
    .map(({ address, family, internal }) => ({
      host: address,
      family: family === 'IPv6' ? 'ipv6' : 'ipv4',
      internal,
    }));
}

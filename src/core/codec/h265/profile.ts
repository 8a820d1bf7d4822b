// profile_tier_level of H.265 (§7.3.3), and the names and the codec string that come from it.
import type { BitReader } from '../../base/bits.ts';
import { hexByte } from '../bounds.ts';

/** The general part of profile_tier_level. */
export interface ProfileTierLevel {
  /** general_profile_space, 0 to 3. */
  readonly profileSpace: number;
  /** 0 Main tier, 1 High tier. */
  readonly tier: number;
  readonly profileIdc: number;
  /** general_profile_compatibility_flags, the flag of profile 0 in the highest bit. */
  readonly compatibilityFlags: number;
  /** The 6 bytes from general_progressive_source_flag on. */
  readonly constraintFlags: Uint8Array;
  /** 30 times the level. */
  readonly levelIdc: number;
}

/** Reads profile_tier_level(1, maxSubLayersMinus1), the levels of sub-layers left out. */
export function parseProfileTierLevel(bits: BitReader, maxSubLayersMinus1: number): ProfileTierLevel {
  const profileSpace = bits.u(2);
  const tier = bits.u(1);
  const profileIdc = bits.u(5);
  const compatibilityFlags = bits.u(32);
  const constraintFlags = Uint8Array.from({ length: 6 }, () => bits.u(8));
  const levelIdc = bits.u(8);
  skipSubLayers(bits, maxSubLayersMinus1);
  return { profileSpace, tier, profileIdc, compatibilityFlags, constraintFlags, levelIdc };
}

function skipSubLayers(bits: BitReader, count: number): void {
  if (count === 0) return;
  let size = 0;
  for (let i = 0; i < count; i++) {
    if (bits.flag()) size += 88; // sub_layer_profile_present_flag
    if (bits.flag()) size += 8; // sub_layer_level_present_flag
  }
  bits.skip(2 * (8 - count)); // reserved_zero_2bits
  bits.skip(size);
}

/**
 * ISO 14496-15 Annex E.3: `hvc1.1.6.L93.B0`: profile, compatibility flags in reverse order, tier and level, then the
 * constraint bytes without the zeros at their end.
 */
export function codecString(profile: ProfileTierLevel): string {
  const space = ['', 'A', 'B', 'C'][profile.profileSpace] ?? '';
  const compatibility = reverse32(profile.compatibilityFlags).toString(16).toUpperCase();
  const level = `${profile.tier === 1 ? 'H' : 'L'}${profile.levelIdc}`;
  const constraints = [...profile.constraintFlags];
  while (constraints.at(-1) === 0) constraints.pop();
  return [`hvc1.${space}${profile.profileIdc}`, compatibility, level, ...constraints.map(hexByte)].join('.');
}

function reverse32(value: number): number {
  let reversed = 0;
  for (let i = 0; i < 32; i++) reversed = reversed * 2 + (Math.floor(value / 2 ** i) % 2);
  return reversed;
}

/** As SRS's HTTP API prints it. */
export const profileName = (profileIdc: number): string =>
  ['Other', 'Main', 'Main10', 'Main Still Picture', 'Rext'][profileIdc] ?? 'Other';

/** "3.1" for general_level_idc 93; SRS prints "Other" for numbers that are no level. */
export const levelName = (levelIdc: number): string => (levels.has(levelIdc) ? String(levelIdc / 30) : 'Other');

const levels: ReadonlySet<number> = new Set([30, 60, 63, 90, 93, 120, 123, 150, 153, 156, 180, 183, 186]);

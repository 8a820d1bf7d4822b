// Names of profiles and levels as SRS's HTTP API prints them.

/**
 * SRS looks at profile_idc alone (srs_avc_profile2str on the byte of avcC), so its names with "Constrained" and
 * "Intra", which stand for numbers above 255, never appear; neither do ours.
 */
export const profileName = (profileIdc: number): string => profiles[profileIdc] ?? 'Other';

/** "3.1" for level_idc 31; SRS knows no 4.2, 5.2 and 6.x and prints "Other" for them. */
export const levelName = (levelIdc: number): string => levels[levelIdc] ?? 'Other';

const profiles: Readonly<Record<number, string>> = {
  66: 'Baseline',
  77: 'Main',
  88: 'Extended',
  100: 'High',
  110: 'High(10)',
  122: 'High(422)',
  144: 'High(444)',
  244: 'High(444+Predictive)',
};

const levels: Readonly<Record<number, string>> = {
  10: '1',
  11: '1.1',
  12: '1.2',
  13: '1.3',
  20: '2',
  21: '2.1',
  22: '2.2',
  30: '3',
  31: '3.1',
  32: '3.2',
  40: '4',
  41: '4.1',
  50: '5',
  51: '5.1',
};

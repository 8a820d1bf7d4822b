// Configurations of real streams with what ffprobe says about them.
// Made by ffmpeg 5.1 (libx265) from lavfi testsrc2; the name says what was asked for.

export interface VideoCase {
  readonly name: string;
  /** Hexadecimal. */
  readonly config: string;
  /** ffprobe's words and numbers from here on. */
  readonly level: number;
  readonly profile: string;
  readonly size: readonly [number, number];
  readonly fps: number;
  readonly reorder: number;
  readonly pixels: string;
  readonly sar: readonly [number, number];
}

export const cases: readonly VideoCase[] = [
  {
    name: 'main',
    config:
      '0101600000009000000000003ff000fcfdf8f800000f03200001001840010c01ffff01600000030090000003000003003f959809210001002a42010101600000030090000003000003003fa00502016965959a4932bc05a0200000030020000003032122000100074401c172b46240',
    level: 63,
    profile: 'Main',
    size: [640, 360],
    fps: 25,
    reorder: 2,
    pixels: 'yuv420p',
    sar: [1, 1],
  },
  {
    name: 'main 1080 no b',
    config:
      '01016000000090000000000078f000fcfdf8f800000f03200001001840010c01ffff016000000300900000030000030078ba0240210001002b420101016000000300900000030000030078a003c0801107cb96e92930bc05a020000003002000000303c122000100064401c073c189',
    level: 120,
    profile: 'Main',
    size: [1920, 1080],
    fps: 30,
    reorder: 0,
    pixels: 'yuv420p',
    sar: [1, 1],
  },
  {
    name: 'main10',
    config:
      '0102200000009000000000003ff000fcfdfafa00000f03200001001840010c01ffff02200000030090000003000003003f959809210001002c42010102200000030090000003000003003fa00a080f1365959a4932bc05a84880482000000300200000064122000100074401c172b46240',
    level: 63,
    profile: 'Main 10',
    size: [320, 240],
    fps: 50,
    reorder: 2,
    pixels: 'yuv420p10le',
    sar: [1, 1],
  },
  {
    name: '422 12',
    config:
      '0104080000009908000000003cf000fcfefcfc00000f03200001001740010c01ffff040800000300990800000300003c959809210001002a420101040800000300990800000300003cb00a480b9c965296566924caf0168080000003008000000c8422000100074401c172b46240',
    level: 60,
    profile: 'Rext',
    size: [322, 182],
    fps: 25,
    reorder: 2,
    pixels: 'yuv422p12le',
    sar: [1, 1],
  },
  {
    name: '444',
    config:
      '0104080000009e08000000003ff000fcfff8f800000f03200001001740010c01ffff0408000003009e0800000300003f959809210001002b4201010408000003009e0800000300003f9000a0402d3bbcb2b349265780b404000003000400000300642022000100084401c172860c4624',
    level: 63,
    profile: 'Rext',
    size: [638, 358],
    fps: 25,
    reorder: 2,
    pixels: 'yuv444p',
    sar: [1, 1],
  },
  {
    name: 'high tier scaling',
    config:
      '01216000000090000000000099f000fcfdf8f800000f03200001001940010c01ffff216000000300900000030000030099998a02402100010037420101216000000300900000030000030099a00502016965998a924e5780b404000003000400000300658af259b80004c4b40002625a2022000100074401c172b46240',
    level: 153,
    profile: 'Main',
    size: [640, 360],
    fps: 25,
    reorder: 2,
    pixels: 'yuv420p',
    sar: [1, 1],
  },
];

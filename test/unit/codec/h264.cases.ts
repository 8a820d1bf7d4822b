// Configurations of real streams with what ffprobe says about them.
// Made by ffmpeg 5.1 (libx264) from lavfi testsrc2; the name says what was asked for.

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
    name: 'baseline',
    config: '0142c01effe100196742c01ed900a02ff97011000003000100000300320f162e4801000568cb83cb20',
    level: 30,
    profile: 'Constrained Baseline',
    size: [640, 360],
    fps: 25,
    reorder: 0,
    pixels: 'yuv420p',
    sar: [1, 1],
  },
  {
    name: 'main',
    config: '014d401fffe10018674d401feca06c1ef3780880000003008000001e078c18cb01000568ebe3cb20',
    level: 31,
    profile: 'Main',
    size: [854, 480],
    fps: 30,
    reorder: 2,
    pixels: 'yuv420p',
    sar: [1, 1],
  },
  {
    name: 'high 1080p odd crop',
    config: '01640028ffe1001967640028acd940780227e5c04400000fa40003a9803c60c65801000668eae3cb22c0fdf8f800',
    level: 40,
    profile: 'High',
    size: [1920, 1080],
    fps: 30000 / 1001,
    reorder: 2,
    pixels: 'yuv420p',
    sar: [1, 1],
  },
  {
    name: 'high intra-only ultrafast 60',
    config: '01640020ffe1001867640020acb200a00b760220000003002000000f11e3064901000668ebc3cb22c0fdf8f800',
    level: 32,
    profile: 'High',
    size: [1280, 720],
    fps: 60,
    reorder: 0,
    pixels: 'yuv420p',
    sar: [1, 1],
  },
  {
    name: 'high10',
    config: '016e000dffe10019676e000da6cd94141fb011000003000100000300300f14299601000668ebe3cb22c0fdfafa00',
    level: 13,
    profile: 'High 10',
    size: [320, 240],
    fps: 24,
    reorder: 2,
    pixels: 'yuv420p10le',
    sar: [1, 1],
  },
  {
    name: 'high422',
    config: '017a0015ffe1001a677a0015b6cd941419f8dc0440000003004000001903c58b658001000668ebe3cb22c0fefafa00',
    level: 21,
    profile: 'High 4:2:2',
    size: [320, 180],
    fps: 50,
    reorder: 2,
    pixels: 'yuv422p10le',
    sar: [1, 1],
  },
  {
    name: 'high444',
    config: '01f4000dffe1001b67f4000d919b282a33c7c5e022000003000200000300641e28532c01000668ebe3c44844fff8f800',
    level: 13,
    profile: 'High 4:4:4 Predictive',
    size: [322, 182],
    fps: 25,
    reorder: 2,
    pixels: 'yuv444p',
    sar: [1, 1],
  },
  {
    name: 'high10 intra',
    config: '016e100dffe10015676e100da6cb8283f602200000030020000006408001000568ee0f2c8bfdfafa00',
    level: 13,
    profile: 'High 10 Intra',
    size: [320, 240],
    fps: 25,
    reorder: 0,
    pixels: 'yuv420p10le',
    sar: [1, 1],
  },
  {
    name: 'interlaced',
    config: '0164001effe1001c6764001eacd940b424dff8020001688000000300800000190f8a14cb01000668fba3cb22c0fdf8f800',
    level: 30,
    profile: 'High',
    size: [720, 576],
    fps: 25,
    reorder: 2,
    pixels: 'yuv420p',
    sar: [64, 45],
  },
  {
    name: 'odd size',
    config: '0164001effe1001a6764001eacd940a02fea6c0440000003004000000c83c58b658001000668ebe3cb22c0fdf8f800',
    level: 30,
    profile: 'High',
    size: [638, 358],
    fps: 25,
    reorder: 2,
    pixels: 'yuv420p',
    sar: [1, 1],
  },
  {
    name: 'colour',
    config:
      '0164000dffe100266764000dacd94141fb016a020202800000030080000019301000f420003d09c98600f142996001000568ebecb22cfdf8f800',
    level: 13,
    profile: 'High',
    size: [320, 240],
    fps: 25,
    reorder: 2,
    pixels: 'yuv420p',
    sar: [1, 1],
  },
  {
    name: 'gray',
    config: '0164000dffe100196764000df3650507ec05b2000003000200000300641e28532c01000668ebe3cb22c0fcf8f800',
    level: 13,
    profile: 'High',
    size: [320, 240],
    fps: 25,
    reorder: 2,
    pixels: 'yuvj420p',
    sar: [1, 1],
  },
  {
    name: 'scaling list',
    config: '0164000dffe100196764000dacd94141fb011000000300100000030320f142996001000768ebe3cb3002c0fdf8f800',
    level: 13,
    profile: 'High',
    size: [320, 240],
    fps: 25,
    reorder: 2,
    pixels: 'yuv420p',
    sar: [1, 1],
  },
  {
    name: 'many refs',
    config: '01640016ffe1001a67640016ac72844141fb011000000300100000030320f162d84601000668e8438f2c8bfdf8f800',
    level: 22,
    profile: 'High',
    size: [320, 240],
    fps: 25,
    reorder: 2,
    pixels: 'yuv420p',
    sar: [1, 1],
  },
];

import { createSocket } from 'node:dgram';
import chalk from 'chalk';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { exitCodeOf, exitCodeTable } from '../../src/cli/exit-code.ts';
import { makeLog, parseLogSpec } from '../../src/cli/log-sink.ts';
import { facts, table } from '../../src/cli/output.ts';
import { makeProgress } from '../../src/cli/progress.ts';
import { describeError } from '../../src/cli/report-error.ts';
import { wantsStatusLines } from '../../src/cli/serve-log.ts';
import { listenAdvice, serveReport } from '../../src/cli/serve-report.ts';
import { usage } from '../../src/cli/units.ts';
import { urlsAndFiles } from '../../src/cli/url-help.ts';
import { defineErrors } from '../../src/core/base/errors.ts';
import { settingsOf } from '../../src/core/control/config/settings.ts';
import { fileFormats } from '../../src/core/protocols/file/table.ts';
import { protocols } from '../../src/core/protocols.ts';
import { srsx } from './run.ts';

const errors = defineErrors('CLITEST', { ONE: { text: 'stream {name} went wrong', advice: 'Do better.' } });

beforeAll(() => {
  chalk.level = 0;
});

describe('the log', () => {
  const lines = (spec: string, format: 'text' | 'json'): string[] => {
    const out: string[] = [];
    const log = makeLog(spec, format, (line) => out.push(line));
    log.with({ session: 'a' }).info('rtmp', 'publishes', { stream: '/live/a b' });
    log.debug('rtmp:chunk', () => 'a chunk');
    log.debug('http', () => 'a request');
    return out;
  };

  it('is one readable line for each event', () => {
    expect(lines('info', 'text')).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d\.\d{3} info {2}rtmp publishes session=a stream="\/live\/a b"\n$/),
    ]);
  });

  it.each(['text', 'srs'] as const)('says nothing of what is not known: %s', (format) => {
    const out: string[] = [];
    makeLog('info', format, (line) => out.push(line)).info('http', 'ends', { code: undefined, bytes: 0 });

    expect(out.join('')).toMatch(/ends bytes=0\n$/);
  });

  it('is JSON when asked for', () => {
    expect(JSON.parse(lines('info', 'json')[0] ?? '')).toMatchObject({
      level: 'info',
      topic: 'rtmp',
      text: 'publishes',
      session: 'a',
    });
  });

  it('has topics for debug', () => {
    expect(lines('debug,rtmp', 'text')).toHaveLength(2);
    expect(lines('error', 'text')).toHaveLength(0);
    expect(() => parseLogSpec('loud')).toThrow(/error, warn, info, debug/);
  });

  it('lets nobody write control characters on the terminal', () => {
    const out: string[] = [];
    const log = makeLog('info', 'text', (line) => out.push(line));

    log.info('rtmp', 'name \u001b[2J', { stream: '\u001b]0;x\u0007' });

    expect(out.join('').slice(0, -1)).not.toMatch(/\p{Cc}/u);
  });
});

describe('errors', () => {
  it('have an exit code for each kind', () => {
    const kinds = (['config', 'refused', 'system', 'protocol', 'limit'] as const).map((kind) =>
      exitCodeOf(errors[kind]('ONE')),
    );

    expect(kinds).toEqual([3, 4, 5, 6, 7]);
    expect(exitCodeOf(errors.system('ONE'), 130)).toBe(5);
    expect(exitCodeOf(usage('no'))).toBe(2);
    expect(exitCodeOf(new TypeError('x is undefined'))).toBe(70);
  });

  it('say what happened, to whom, and what to do', () => {
    expect(describeError(errors.refused('ONE', { name: '/live/a' }))).toEqual({
      code: 'CLITEST_ONE',
      message: 'stream /live/a went wrong',
      advice: 'Do better.',
    });
    expect(describeError(new TypeError('x')).code).toBe('BUG_UNEXPECTED');
  });

  it('have codes that are listed once', () => {
    const codes = exitCodeTable.map(([code]) => code);

    expect(new Set(codes).size).toBe(codes.length);
  });
});

describe('what serve says', () => {
  const listeners = [
    { name: 'rtmp', address: { host: '0.0.0.0', port: 1935 } },
    { name: 'http', address: { host: '::', port: 8080 } },
    { name: 'api', address: { host: '127.0.0.1', port: 1985 } },
  ];

  it('is where everything is', () => {
    const text = serveReport(listeners, { demo: true });

    expect(text).toContain('rtmp://localhost:1935/live/demo');
    expect(text).toContain('http://localhost:8080/live/demo.flv');
    expect(text).toMatch(/http:\/\/localhost:8080\/$/m);
    expect(text).toContain('http://127.0.0.1:1985/api/v1/versions');
    expect(text).not.toMatch(/WHEP|WHIP|SRT|RTSP|RTMPS|HTTPS/);
  });

  it('tells the page of ports that are not the usual ones', () => {
    const moved = listeners.map(({ name, address }) => ({ name, address: { ...address, port: address.port + 1 } }));

    const both = { demo: false, hls: { classic: true, lowLatency: true } };
    expect(serveReport(moved, both)).toMatch(
      /HLS .*\/live\/livestream\.m3u8[\s\S]*LL-HLS .*\/live\/livestream\.ll\.m3u8/,
    );
    expect(serveReport(moved, { demo: false })).not.toMatch(/m3u8|mpd/);
    expect(serveReport(moved, { demo: false, dash: true })).toContain('http://localhost:8081/live/livestream.mpd');
    expect(serveReport(moved, { demo: false })).toContain('http://localhost:8081/?rtmp=1936&api=1986');
  });

  it.each([
    ['no configuration, into a file or a pipe', undefined, false, true],
    ['no configuration, on a terminal', undefined, true, false],
    ['one that does not speak of it, on a terminal', '', true, false],
    ['one that does not speak of it, elsewhere', '', false, true],
    ["one that asks for SRS's console", 'srs_log_tank console;', true, true],
    ['one that asks for the lines', 'pithy_print_ms 10000;', true, true],
  ])('has lines for sessions that go on with %s: %s', (_, text, onTerminal, wanted) => {
    const config = text === undefined ? undefined : settingsOf(`${text} vhost __defaultVhost__ { }`).config;

    expect(wantsStatusLines(config, onTerminal)).toBe(wanted);
  });

  it('offers only what the demo has room for', () => {
    const all = [...listeners, ...['srt', 'rtc'].map((name) => ({ name, address: { host: '0.0.0.0', port: 9 } }))];

    expect(serveReport(all, { demo: true })).toMatch(/m=request[\s\S]*whep/);
    expect(serveReport(all, { demo: true })).not.toMatch(/whip|m=publish/);
    expect(serveReport(all, { demo: false })).toMatch(/m=publish[\s\S]*whip[\s\S]*whep/);
  });

  it('names the flag of an address that is taken', () => {
    const taken = Object.assign(new Error('listen'), { code: 'EADDRINUSE', port: 8080, syscall: 'listen' });
    const error = errors.system('ONE', {}, taken);

    expect(listenAdvice(error, { rtmp: ['1935'], http: ['0.0.0.0:8080'] })).toContain('--http-listen');
    expect(listenAdvice(error, { rtmp: ['1935'] })).toBeUndefined();
    expect(listenAdvice(error, { rtc: ['8080'], http: ['8080'] })).toContain('--http-listen');
  });

  it.each(['srt', 'rtc'])('names the flag of a UDP address that is taken: %s', async (name) => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const at = `127.0.0.1:${socket.address().port}`;
    const others = ['rtmp', 'http', 'api'].flatMap((other) => [`--${other}-listen`, '127.0.0.1:0']);

    const { code, stderr } = await srsx('serve', `--${name}-listen`, at, ...others);
    socket.close();

    expect(code).toBe(5);
    expect(stderr).toContain(`choose another with --${name}-listen.`);
  });
});

describe('the help', () => {
  it('knows every kind of URL and file', () => {
    const urls = urlsAndFiles.matchAll(/([a-z]+)(\(s\))?:\/\//g);
    const schemes = [...urls].flatMap(([, scheme, tls]) => (tls === undefined ? [scheme] : [scheme, `${scheme}s`]));
    const dialled = protocols.flatMap((protocol) => [...protocol.schemes]).filter((scheme) => scheme !== 'file');

    expect(new Set(schemes)).toEqual(new Set(dialled));
    for (const { extensions } of fileFormats) expect(urlsAndFiles).toContain(`.${extensions[0]}`);
  });
});

describe('tables', () => {
  it('have columns as wide as they need', () => {
    const text = table(
      [{ name: 'a', count: 5 }],
      [
        { title: 'Name', value: ({ name }) => name },
        { title: 'N', value: ({ count }) => String(count * 100), right: true },
      ],
    );

    expect(text).toBe('Name    N\na     500');
    expect(
      facts([
        ['A', '1'],
        ['Long', '2'],
      ]),
    ).toBe('A     1\nLong  2');
  });
});

describe('progress', () => {
  it('is a JSON line for each report where there is no terminal', () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);

    const progress = makeProgress<{ n: number }>({ line: ({ n }) => `${n}`, quiet: false, terminal: false });
    progress.update({ n: 1 });
    progress.stop();
    const written = write.mock.calls.map(([text]) => text);
    write.mockRestore();

    expect(written).toEqual(['{"n":1}\n']);
  });

  it('is silent for --json', () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);

    makeProgress<{ n: number }>({ line: () => '', quiet: true, terminal: true }).update({ n: 1 });
    const count = write.mock.calls.length;
    write.mockRestore();

    expect(count).toBe(0);
  });
});

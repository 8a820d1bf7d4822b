// Directives set at run time: what may be set, how they lie over the configuration, and that the file is safe.
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { utf8 } from '../../../../src/core/base/bytes.ts';
import { ConfigError, ProtocolError, RefusedError } from '../../../../src/core/base/errors.ts';
import type { Directive } from '../../../../src/core/control/config/directive.ts';
import { loadConfig } from '../../../../src/core/control/config/load.ts';
import {
  mergeOverlay,
  overlayPath,
  overlaySets,
  overlayTarget,
  overlayWords,
  parseOverlay,
  refuseVariable,
  setDirective,
  unsetDirective,
  writeDirectives,
} from '../../../../src/core/control/config/overlay.ts';
import { OverlayFile } from '../../../../src/core/control/config/overlay-file.ts';
import { parseConfig } from '../../../../src/core/control/config/parse.ts';
import { schema, settingAt } from '../../../../src/core/control/config/schema/index.ts';
import { MemoryFolder } from '../../../tools/memory-folder.ts';

const parse = (text: string): Directive[] => parseConfig(text, 'a.conf', () => '');
const tidy = (tree: readonly Directive[]): string => writeDirectives(tree).replaceAll(/\s+/g, ' ').trim();

const base = `listen 1935;
  vhost a.com { hls { enabled off; hls_fragment 5; } }
  vhost b.com { }
  http_hooks_like { }`;

describe('an overlay', () => {
  it('replaces what it sets in its own vhost, adds what was not there, and leaves the rest', () => {
    const target = overlayTarget('vhost.hls.enabled', 'a.com');
    const other = overlayTarget('vhost.play.gop_cache', 'b.com');
    const global = overlayTarget('max_connections', undefined);

    const overlay = setDirective(setDirective(setDirective([], target, ['on']), other, ['off']), global, ['7']);

    expect(tidy(mergeOverlay(parse(base), overlay))).toBe(
      'listen 1935; vhost a.com { hls { enabled on; hls_fragment 5; } } ' +
        'vhost b.com { play { gop_cache off; } } http_hooks_like { } max_connections 7;',
    );
  });

  it('makes a vhost that was not there', () => {
    const overlay = setDirective([], overlayTarget('vhost.hls.enabled', 'new.com'), ['on']);

    expect(tidy(mergeOverlay(parse('listen 1;'), overlay))).toBe('listen 1; vhost new.com { hls { enabled on; } }');
  });

  it('stands instead of every duplicate', () => {
    const overlay = setDirective([], overlayTarget('max_connections', undefined), ['9']);

    expect(tidy(mergeOverlay(parse('max_connections 1; max_connections 2;'), overlay))).toBe('max_connections 9;');
  });

  it('sets again, and takes back with the blocks that are empty then', () => {
    const fragment = overlayTarget('hls_fragment', 'a.com');
    const window = overlayTarget('hls_window', 'a.com');
    const overlay = setDirective(setDirective(setDirective([], fragment, ['2']), fragment, ['3']), window, ['9']);

    expect(tidy(overlay)).toBe('vhost a.com { hls { hls_fragment 3; hls_window 9; } }');
    expect(overlaySets(overlay, fragment)).toBe(true);
    const one = unsetDirective(overlay, fragment) ?? [];
    expect(tidy(one)).toBe('vhost a.com { hls { hls_window 9; } }');
    expect(unsetDirective(one, window)).toEqual([]);
    expect(unsetDirective(one, fragment)).toBeUndefined();
  });

  it('is written so that it reads the same, whatever is in the words', () => {
    const word = fc.string({ minLength: 1, maxLength: 40, unit: 'binary' }).filter((text) => {
      try {
        return overlayWords('x', text).length === 1;
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
        return false;
      }
    });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        const target = overlayTarget('vhost.forward.destination', 'a.com');
        const [read] = parseOverlay(writeDirectives(setDirective([], target, words)), 'overlay');

        expect(read?.children?.[0]?.children?.[0]?.args).toEqual(words);
      }),
    );
  });

  it.each([
    'vhost.exec.publish',
    'vhost.transcode.ffmpeg',
    'vhost.ingest.input.url',
    'vhost.dvr.dvr_path',
    'vhost.hls.hls_path',
    'vhost.hls.hls_ts_file',
    'http_server.dir',
    'srs_log_file',
    'pid',
    'work_dir',
    'http_api.auth.password',
    'http_api.auth.enabled',
    'http_api.raw_api.allow_reload',
    'http_api.overlay',
    'include',
    'vhost.security.allow',
    'stream_caster.output',
  ])('does not set %s, which would give more than a setting', (path) => {
    expect(() => overlayTarget(path, undefined)).toThrow(RefusedError);
    expect(() => overlayTarget(path, undefined)).toThrow(expect.objectContaining({ code: 'OVERLAY_PROTECTED' }));
  });

  it('does not set what is no directive, nor what a variable decides', () => {
    expect(() => overlayTarget('nosuch', undefined)).toThrow(expect.objectContaining({ code: 'CONFIG_ASK' }));
    const { root } = loadConfig({ text: 'listen 1;', read: () => '', environment: { SRS_MAX_CONNECTIONS: '3' } });
    expect(() => refuseVariable('max_connections', root.look('max_connections'))).toThrow(
      expect.objectContaining({ code: 'OVERLAY_ENVIRONMENT' }),
    );
  });

  it.each([[null], [{}], [[]], [''], ['a\nb'], [`"'`], [[['x']]], ['x'.repeat(3000)], [Array(40).fill('x')]])(
    'takes no value %j',
    (value) => {
      expect(() => overlayWords('d', value)).toThrow(expect.objectContaining({ code: 'OVERLAY_VALUE' }));
    },
  );

  it('takes switches, numbers and lists', () => {
    expect(overlayWords('d', true)).toEqual(['on']);
    expect(overlayWords('d', 2.5)).toEqual(['2.5']);
    expect(overlayWords('d', ['a', 1])).toEqual(['a', '1']);
  });
});

describe('a configuration with an overlay', () => {
  const text = 'listen 1935; http_api { overlay over.conf; } vhost a.com { hls { hls_fragment 5; } }';
  const fragment = (files: Record<string, string>, overlay?: string): number | undefined =>
    loadConfig({
      text,
      read: (path) => {
        const found = files[path];
        if (found === undefined) throw Object.assign(new Error('nothing there'), { code: 'ENOENT' });
        return found;
      },
      ...(overlay !== undefined && { overlay }),
    })
      .vhost('a.com')
      ?.get('vhost.hls.hls_fragment');

  it('has what the file says, or what is to be tried, and itself when there is no file', () => {
    const file = 'vhost a.com { hls { hls_fragment 3; } }';

    expect(fragment({})).toBe(5);
    expect(fragment({ 'over.conf': file })).toBe(3);
    expect(fragment({ 'over.conf': '# nothing set\n' })).toBe(5);
    expect(fragment({ 'over.conf': file }, 'vhost a.com { hls { hls_fragment 2; } }')).toBe(2);
  });

  it.each([
    ['over.conf', './', 'over.conf'],
    ['over.conf', '.', 'over.conf'],
    ['over.conf', '/srv/srs', '/srv/srs/over.conf'],
    ['/etc/over.conf', 'objs', '/etc/over.conf'],
    ['', 'objs', ''],
  ])('is at the same place before and after the process enters work_dir: %s in %s', (overlay, workDir, path) => {
    const { root } = loadConfig({
      text: `listen 1935; work_dir ${workDir}; http_api { overlay "${overlay}"; }`,
      read: () => '',
    });

    expect(overlayPath(root)).toBe(path);
  });

  it('CONFIG_VALUE: it would be at another place after the start', () => {
    const text = 'listen 1935; work_dir objs; http_api { overlay over.conf; }';

    expect(() => loadConfig({ text, read: () => '' })).toThrow(/srs\.conf:1: http_api\.overlay/);
  });

  it('is refused for a fault in it, which names the file', () => {
    expect(() => fragment({ 'over.conf': 'vhost a.com { hls { hls_fragmnt 3; } }' })).toThrow(
      /over\.conf:1.*hls_fragmnt/,
    );
    expect(() => fragment({ 'over.conf': 'include /etc/passwd;' })).toThrow(ConfigError);
  });
});

describe('the file of an overlay', () => {
  let folder: MemoryFolder;
  let tried: string[];
  let reload: () => Promise<void>;
  let file: OverlayFile;
  const target = overlayTarget('max_connections', undefined);
  const text = (): string => new TextDecoder().decode(folder.files.get('o.conf'));

  beforeEach(() => {
    folder = new MemoryFolder('conf');
    tried = [];
    reload = async () => undefined;
    file = new OverlayFile({
      folder,
      name: 'o.conf',
      tryOut: (words) => {
        tried.push(words);
        loadConfig({ text: words, read: () => '' });
      },
      reload: () => reload(),
    });
  });

  it('is tried, written and put in force', async () => {
    await file.set(target, ['9']);

    expect(tried[0]).toContain('max_connections 9;');
    expect(text()).toContain('max_connections 9;');
    expect(await file.read()).toMatchObject([{ name: 'max_connections', args: ['9'] }]);
  });

  it('stays as it was when the value is not accepted', async () => {
    await file.set(target, ['9']);
    await expect(file.set(target, ['-1'])).rejects.toThrow(ConfigError);

    expect(text()).toContain('max_connections 9;');
    expect(folder.steps).toEqual(['write o.conf']);
  });

  it('is put back when the reload fails, so that a restart does not stumble over it', async () => {
    reload = () => Promise.reject(new Error('port in use'));
    await expect(file.set(target, ['9'])).rejects.toThrow('port in use');
    expect(folder.files.has('o.conf')).toBe(false);

    folder.files.set('o.conf', utf8('max_connections 5;\n'));
    await expect(file.set(target, ['9'])).rejects.toThrow('port in use');
    expect(text()).toBe('max_connections 5;\n');
  });

  it('loses no change of two that come at once', async () => {
    const other = overlayTarget('vhost.hls.enabled', 'a.com');
    await Promise.all([file.set(target, ['9']), file.set(other, ['on'])]);

    expect(text()).toContain('max_connections 9;');
    expect(text()).toContain('enabled on;');
    await file.unset(target);
    expect(text()).not.toContain('max_connections');
    await expect(file.unset(target)).rejects.toMatchObject({ code: 'OVERLAY_UNSET' });
  });
});

it('a directive with an address in it is for those with a credential, unless it is told to clients only', () => {
  const told = /^(vhost\.hls\.hls_(entry_prefix|key_url)|rtc_server\.candidate|stats\.network)$/;
  const unused = /^(tencentcloud_|stream_caster\.|vhost\.(ingest|transcode)\.)/;
  const addresses = Object.keys(schema).filter((path) => /url|host|ip:port/.test(settingAt(path)?.type ?? ''));
  const calling = addresses.filter((path) => !told.test(path) && !unused.test(path));

  expect(calling.length).toBeGreaterThan(14);
  for (const path of calling) {
    expect(() => overlayTarget(path, undefined, false), path).toThrow(RefusedError);
  }
});

// Old forms of directives to the forms of today (what SRS calls compatibility): old configurations keep working.
import type { Directive, Notice, Place } from './directive.ts';

/** The rewritten tree, and what was dropped from it. */
export interface Rewritten {
  readonly tree: readonly Directive[];
  readonly notices: readonly Notice[];
}

/** Rewrites a parsed tree; the places of directives stay those where they were written. */
export function rewriteOldForms(tree: readonly Directive[]): Rewritten {
  const notices: Notice[] = [];
  const drop = (directive: Directive, text: string): Directive[] => {
    notices.push({ file: directive.file, line: directive.line, directive: directive.name, text });
    return [];
  };
  const out = new Block();
  for (const directive of tree) {
    if (directive.name === 'listen' || directive.name === 'chunk_size') out.into('rtmp', [directive]);
    else out.add(rewriteRoot(directive, drop));
  }
  return { tree: out.done(), notices };
}

type Drop = (directive: Directive, text: string) => Directive[];

function rewriteRoot(directive: Directive, drop: Drop): Directive {
  const { name } = directive;
  if (name === 'http_stream') return { ...directive, name: 'http_server' };
  if (name === 'srt_server') return mapChildren(directive, (child) => [rename(child, { tlpkdrop: 'tlpktdrop' })]);
  if (name === 'rtc_server') {
    return mapChildren(directive, (child) =>
      child.name === 'perf_stat' || child.name === 'queue_length' ? drop(child, 'is not used any more') : [child],
    );
  }
  if (name === 'stream_caster' && directive.children !== undefined) return rewriteCaster(directive, drop);
  if (name === 'vhost' && directive.children !== undefined) return rewriteVhost(directive, drop);
  return directive;
}

const gbGone =
  'tcp_enable rtp_port_min rtp_port_max wait_keyframe rtp_idle_timeout audio_enable auto_create_channel'.split(' ');
const sipGone = 'serial realm ack_timeout keepalive_timeout invite_port_fixed query_catalog_interval auto_play'.split(
  ' ',
);

function rewriteCaster(caster: Directive, drop: Drop): Directive {
  const out = new Block();
  for (const child of caster.children ?? []) {
    if (gbGone.includes(child.name)) drop(child, 'is not used by GB28181 any more');
    else if (child.name === 'host') out.into('sip', [{ ...child, name: 'candidate' }]);
    else if (child.name === 'sip') {
      out.add(
        mapChildren(child, (inner) =>
          sipGone.includes(inner.name) ? drop(inner, 'is not used by GB28181 any more') : [inner],
        ),
      );
    } else out.add(child);
  }
  return { ...caster, children: out.done() };
}

/** Directives that moved from the vhost into a block of it, by their old name: the block and the new name. */
const moved: Readonly<Record<string, readonly [string, string]>> = {
  ...sameName('play', 'time_jitter mix_correct atc atc_auto mw_latency gop_cache gop_cache_max_frames'),
  ...sameName('play', 'queue_length send_min_interval reduce_sequence_header'),
  ...sameName('cluster', 'mode origin token_traverse vhost debug_srs_upnode'),
  publish_1stpkt_timeout: ['publish', 'firstpkt_timeout'],
  publish_normal_timeout: ['publish', 'normal_timeout'],
  refer_play: ['refer', 'play'],
  refer_publish: ['refer', 'publish'],
};

/** Blocks of the vhost that became directives of another block: old block, old name, new block, new name. */
const unpacked: Readonly<Record<string, { readonly to: string; readonly names: Readonly<Record<string, string>> }>> = {
  mr: { to: 'publish', names: { enabled: 'mr', latency: 'mr_latency' } },
  nack: { to: 'rtc', names: { enabled: 'nack', no_copy: 'nack_no_copy' } },
  twcc: { to: 'rtc', names: { enabled: 'twcc' } },
};

function rewriteVhost(vhost: Directive, drop: Drop): Directive {
  const out = new Block();
  for (const child of vhost.children ?? []) {
    const { name, args, children } = child;
    const move = Object.hasOwn(moved, name) ? moved[name] : undefined;
    const unpack = Object.hasOwn(unpacked, name) ? unpacked[name] : undefined;
    if (move !== undefined && children === undefined) {
      const [block, newName] = move;
      const put = out.into(block, [{ ...child, name: newName }]);
      if (block === 'refer') put.enable(child);
    } else if (unpack !== undefined) {
      out.into(
        unpack.to,
        (children ?? []).map((inner) => rename(inner, unpack.names)),
      );
    } else if (name === 'refer' && children === undefined) {
      out.into('refer', [{ ...child, name: 'all' }]).enable(child);
    } else if (name === 'forward' && children === undefined) {
      if (args.length > 0) out.into('forward', [{ ...child, name: 'destination' }]).enable(child);
    } else if (name === 'http') out.add({ ...child, name: 'http_static' });
    else if (name === 'http_remux') {
      out.add(mapChildren(child, (inner) => (inner.name === 'hstrs' ? drop(inner, 'is not used any more') : [inner])));
    } else if (name === 'rtc') out.add(mapChildren(child, (inner) => [rewriteRtc(inner)]));
    else out.add(child);
  }
  return { ...vhost, children: out.done() };
}

function rewriteRtc(child: Directive): Directive {
  const onFor = (name: string, word: string): Directive => ({
    ...child,
    name,
    args: [child.args[0] === word ? 'on' : 'off'],
  });
  if (child.name === 'aac') return onFor('rtmp_to_rtc', 'transcode');
  if (child.name === 'bframe') return onFor('keep_bframe', 'keep');
  return child;
}

/** Children in the order of writing, where moved ones find their block or make it. */
class Block {
  readonly #children: Directive[] = [];
  /** Blocks that moved directives went into, with their place in the order. */
  readonly #targets = new Map<string, { at: number; more: Directive[]; enabled: boolean }>();

  add(directive: Directive): void {
    this.#children.push(directive);
  }

  /** Puts directives behind those that the first block of that name has. */
  into(name: string, directives: readonly Directive[]): { enable(place: Place): void } {
    const target = this.#targets.get(name) ?? { at: this.#children.length, more: [], enabled: false };
    this.#targets.set(name, target);
    for (const directive of directives) target.more.push(directive);
    return {
      enable: ({ file, line }) => {
        if (target.enabled) return;
        target.enabled = true;
        target.more.push({ name: 'enabled', args: ['on'], file, line });
      },
    };
  }

  done(): Directive[] {
    const out: Directive[] = [...this.#children];
    const fresh: { at: number; block: Directive }[] = [];
    for (const [name, { at, more }] of this.#targets) {
      const index = out.findIndex((child) => child.name === name && child.children !== undefined);
      const known = out[index];
      if (known !== undefined) out[index] = { ...known, children: mergeLists([...(known.children ?? []), ...more]) };
      else if (more[0] !== undefined) {
        const { file, line } = more[0];
        fresh.push({ at, block: { name, args: [], file, line, children: mergeLists(more) } });
      }
    }
    // From the back, so that the earlier places stay right.
    for (const { at, block } of fresh.reverse()) out.splice(at, 0, block);
    return out;
  }
}

/** Several `forward` statements of the old form are one list of destinations in the new one. */
function mergeLists(children: readonly Directive[]): Directive[] {
  const first = children.find(({ name }) => name === 'destination');
  if (first === undefined) return [...children];
  const args = children.filter(({ name }) => name === 'destination').flatMap((child) => child.args);
  return children.flatMap((child) =>
    child === first ? [{ ...first, args }] : child.name === 'destination' ? [] : [child],
  );
}

const mapChildren = (directive: Directive, change: (child: Directive) => Directive[]): Directive =>
  directive.children === undefined ? directive : { ...directive, children: directive.children.flatMap(change) };

const rename = (directive: Directive, names: Readonly<Record<string, string>>): Directive => {
  const name = Object.hasOwn(names, directive.name) ? names[directive.name] : undefined;
  return name === undefined ? directive : { ...directive, name };
};

function sameName(block: string, names: string): Record<string, readonly [string, string]> {
  return Object.fromEntries(names.split(' ').map((name) => [name, [block, name] as const]));
}

// Settings as the API shows and changes them.

import { FALLBACK_VHOST } from '../config/config.ts';
import type { Directive } from '../config/directive.ts';
import { explainValue, listValues, type ShownValue } from '../config/explain.ts';
import {
  type OverlayTarget,
  overlayErrors,
  overlaySets,
  overlayTarget,
  overlayWords,
  refuseVariable,
} from '../config/overlay.ts';
import type { OverlayFile } from '../config/overlay-file.ts';
import { hideValue } from '../hide-secrets.ts';
import type { Body, Call } from './answer.ts';
import type { ApiContext } from './context.ts';
import { apiErrors } from './errors.ts';

/** Settings. */
export function settingHandlers(context: ApiContext) {
  const file = (): OverlayFile => {
    const overlay = context.overlay?.();
    if (overlay === undefined) throw overlayErrors.refused('OFF');
    return overlay;
  };
  const one = async ({ id, request }: Call) => {
    const vhost = request.query.get('vhost') ?? FALLBACK_VHOST;
    const shown = explainValue(context.settings.config, id, vhost);
    return { data: show(shown, await changed(context)) };
  };
  return {
    settings: async ({ request }: Call) => {
      const overlay = await changed(context);
      const values = listValues(context.settings.config, { all: request.query.has('all') });
      return { settings: values.map((value) => show(value, overlay)) };
    },
    setting: one,
    putSetting: async (call: Call) => {
      const overlay = file();
      const target = targetOf(context, call);
      const { body } = call;
      if (typeof body !== 'object' || body === null || !('value' in body)) throw apiErrors.protocol('BODY');
      await overlay.set(target, overlayWords(target.path, body.value));
      return one(call);
    },
    deleteSetting: async (call: Call) => {
      const overlay = file();
      await overlay.unset(targetOf(context, call));
      return one(call);
    },
  };
}

function targetOf({ settings }: ApiContext, { id, request, trusted }: Call): OverlayTarget {
  const target = overlayTarget(id, request.query.get('vhost') ?? undefined, trusted);
  const scope = target.vhost === '' ? settings.root : settings.vhost(target.vhost);
  refuseVariable(target.path, scope.look(target.path));
  return target;
}

const changed = async ({ overlay }: ApiContext): Promise<readonly Directive[]> => (await overlay?.()?.read()) ?? [];

function show({ directive, vhost, value, from }: ShownValue, overlay: readonly Directive[]): Body {
  const target = { path: directive, vhost };
  return { directive, vhost, value: hideValue(directive, value), from, changed: overlaySets(overlay, target) };
}

import * as v from 'valibot';
import { WatchRules } from './watching.js';

/** Parts of the window that are explained once. */
export const hintIds = ['targets', 'services', 'timeline', 'flame', 'search', 'details', 'table', 'diff'] as const;
export type HintId = (typeof hintIds)[number];

/**
 * What a person has chosen for all windows and starts. Version 1. Changes: `contrast` for `theme`, `watches`, `timelineShape`.
 * A field that is added gets a fallback, so that files of earlier versions are read; a change of meaning gets a new version
 * and an upgrader here.
 */
export const Settings = v.object({
  version: v.literal(1),
  theme: v.fallback(v.picklist(['system', 'light', 'dark', 'contrast']), 'system'),
  /** Which clock times are said by. */
  timeZone: v.fallback(v.picklist(['local', 'utc']), 'local'),
  /** Hints that were seen; ids that this version does not know stay as they are. */
  hintsSeen: v.fallback(v.pipe(v.array(v.pipe(v.string(), v.maxLength(64))), v.maxLength(256)), []),
  colourBy: v.fallback(v.picklist(['package', 'file', 'library', 'kind']), 'package'),
  framePalette: v.fallback(v.picklist(['hues', 'blue-yellow']), 'hues'),
  /** Where the root is: on top, or at the bottom. */
  orientation: v.fallback(v.picklist(['icicle', 'flame']), 'icicle'),
  /** Whether keys without Ctrl or Alt do anything. */
  singleKeys: v.fallback(v.boolean(), true),
  tableColumns: v.fallback(v.pipe(v.array(v.pipe(v.string(), v.maxLength(32))), v.maxLength(32)), [
    'self',
    'total',
    'callers',
  ]),
  /** Whether a graph that does not fit its view gets a picture of the whole. */
  minimap: v.fallback(v.boolean(), true),
  diffPalette: v.fallback(v.picklist(['blue-red', 'violet-yellow']), 'blue-red'),
  /** How several services stand on the timeline: one on the other, or each as a line from the bottom. */
  timelineShape: v.fallback(v.picklist(['stacked', 'lines']), 'stacked'),
  watches: v.fallback(WatchRules, []),
});
export type Settings = v.InferOutput<typeof Settings>;

/** What is chosen before anything is. */
export const defaultSettings: Settings = {
  version: 1,
  theme: 'system',
  timeZone: 'local',
  hintsSeen: [],
  colourBy: 'package',
  framePalette: 'hues',
  orientation: 'icicle',
  singleKeys: true,
  tableColumns: ['self', 'total', 'callers'],
  minimap: true,
  diffPalette: 'blue-red',
  timelineShape: 'stacked',
  watches: [],
};

/** Reads settings as they were kept; what is not understood is as it was before anything was chosen. */
export function parseSettings(text: string): Settings {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return defaultSettings;
  }
  const parsed = v.safeParse(Settings, json);
  return parsed.success ? parsed.output : defaultSettings;
}

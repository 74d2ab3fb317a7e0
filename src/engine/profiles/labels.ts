import type { LabelRow, LabelTable } from '../../contract/decoder.js';
import type { LabelKey, Operation } from '../../core/operations/operation.js';
import { f64At, u32At } from '../../core/profile/columns.js';
import { setsWith, totalsOfLabels } from '../../core/profile/labels.js';
import { timeLabel, timesOfSets, withinSpans } from '../../core/profile/sample-times.js';
import type { Profile } from '../../core/profile/profile.js';
import { stringBytes } from '../../core/profile/strings.js';
import { decodeText } from './decode.js';

/** Labels that a window is told of; a profile may have one of its own for each sample. */
const mostRows = 5000;

/** Keys of labels that samples carry, each once, in alphabetical order. */
export function labelKeysOf({ labels, strings }: Profile): readonly string[] {
  const keys = new Set<number>(labels.key.subarray(1));
  return Array.from(keys, (key) => decodeText(stringBytes(strings, key))).sort();
}

/** A label as it is named. */
export function labelAt({ labels, strings }: Profile, label: number): LabelKey {
  const textAt = (index: number): string => decodeText(stringBytes(strings, index));
  const text = u32At(labels.text, label);
  return {
    key: textAt(u32At(labels.key, label)),
    value: text === 0 ? String(labels.number[label] ?? 0n) : textAt(text),
    unit: textAt(u32At(labels.unit, label)),
  };
}

/** Labels by key and, of each, by what was measured with them. Times are left out: each sample has one of its own. */
export function labelTable(profile: Profile, valueIndex: number): LabelTable {
  const totals = totalsOfLabels(profile.samples, profile.labels, profile.labelled, valueIndex);
  const rows: LabelRow[] = [];
  const isTime = timeLabels(profile);
  const largest = Array.from(totals.keys())
    .slice(1)
    .filter((label) => isTime[label] !== 1)
    .sort((a, b) => f64At(totals, b) - f64At(totals, a) || a - b);
  for (const label of largest.slice(0, mostRows))
    rows.push({ ...labelAt(profile, label), total: f64At(totals, label) });
  rows.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : b.total - a.total));
  return { rows, leftOut: largest.length - rows.length, unlabelled: f64At(totals, 0) };
}

/** By set of labels 1 where all operations on labels and times let it through; undefined where there are none. */
export function setsLetThrough(profile: Profile, operations: readonly Operation[]): Uint8Array | undefined {
  let through: Uint8Array | undefined;
  for (const operation of operations) {
    let chosen: Uint8Array;
    let wanted = 1;
    if ('label' in operation) {
      chosen = setsWith(profile.labels, labelsCalled(profile, operation.label));
      if (operation.kind === 'drop-label') wanted = 0;
    } else if (operation.kind === 'keep-times') {
      chosen = withinSpans(timesOfLabelSets(profile), operation.spans);
    } else continue;
    const before = through;
    through = chosen.map((is, set) => (is === wanted && before?.[set] !== 0 ? 1 : 0));
  }
  return through;
}

/** By set of labels when its samples were taken, Unix milliseconds; NaN where they do not say. */
export function timesOfLabelSets(profile: Profile): Float64Array {
  return timesOfSets(profile.labels, timeLabels(profile));
}

/** By label: 1 where its key is the first of some that labels of the profile have. */
export function labelsOfKey({ labels, strings }: Profile, keys: readonly string[]): Uint8Array {
  const texts = new Map<number, string>();
  for (const key of new Set<number>(labels.key.subarray(1))) texts.set(key, decodeText(stringBytes(strings, key)));
  const there = new Set(texts.values());
  const wanted = keys.find((key) => there.has(key));
  if (wanted === undefined) return new Uint8Array(labels.key.length);
  return Uint8Array.from(labels.key, (key, label) => (label !== 0 && texts.get(key) === wanted ? 1 : 0));
}

/** By label: 1 where it says a time. */
function timeLabels({ labels, strings }: Profile): Uint8Array {
  const isTimeKey = new Map<number, boolean>();
  return Uint8Array.from(labels.key, (key, label) => {
    if (label === 0 || u32At(labels.text, label) !== 0) return 0;
    let is = isTimeKey.get(key);
    if (is === undefined) {
      is = decodeText(stringBytes(strings, key)) === timeLabel;
      isTimeKey.set(key, is);
    }
    return is ? 1 : 0;
  });
}

/** By label: 1 where it is called so. */
function labelsCalled(profile: Profile, { key, value, unit }: LabelKey): Uint8Array {
  // A recording has a label for the time of each sample: only those with the key are looked at.
  const called = labelsOfKey(profile, [key]);
  for (let label = 1; label < called.length; label++) {
    if (called[label] !== 1) continue;
    const each = labelAt(profile, label);
    called[label] = each.value === value && each.unit === unit ? 1 : 0;
  }
  return called;
}

import { f64At, u32At } from './columns.js';
import type { LabelledSamples, Labels, Profile, Samples } from './profile.js';

/** The labels of each set, rising. Sets share their beginnings, so this is made for few sets, or once for all. */
export function labelsOfSet({ setPrefix, setLabel }: Labels, set: number): readonly number[] {
  const labels: number[] = [];
  for (let at = set; at !== 0; at = u32At(setPrefix, at)) labels.push(u32At(setLabel, at));
  return labels.reverse();
}

/** By set: 1 where a label of it is among those that are marked. */
export function setsWith({ setPrefix, setLabel }: Labels, marked: Uint8Array): Uint8Array {
  const having = new Uint8Array(setPrefix.length);
  for (let set = 1; set < having.length; set++) {
    having[set] = marked[u32At(setLabel, set)] === 1 ? 1 : (having[u32At(setPrefix, set)] ?? 0);
  }
  return having;
}

/**
 * What samples measured with the sets that are marked, one sample type, by sample. Where set 0 is marked, what was measured without labels
 * belongs to it.
 */
export function valuesOfSets(
  { samples, labelled }: Pick<Profile, 'samples' | 'labelled'>,
  valueIndex: number,
  marked: Uint8Array,
): Float64Array {
  const withNone = marked[0] === 1;
  const column = samples.values[valueIndex] ?? none;
  const values = withNone ? column.slice() : new Float64Array(samples.stack.length);
  const rows = labelled.values[valueIndex] ?? none;
  for (let row = 0; row < rows.length; row++) {
    const wanted = marked[u32At(labelled.set, row)] === 1;
    if (wanted === withNone) continue; // is in there already, or shall not be
    const sample = u32At(labelled.sample, row);
    const value = f64At(rows, row);
    // Sums above 2^53 are rounded: what is left of them must not fall below 0.
    values[sample] = Math.max(0, f64At(values, sample) + (withNone ? -value : value));
  }
  return values;
}

/** What was measured with each label, one sample type, by label; label 0 is what carries none. */
export function totalsOfLabels(
  samples: Samples,
  labels: Labels,
  labelled: LabelledSamples,
  valueIndex: number,
): Float64Array {
  const bySet = new Float64Array(labels.setPrefix.length);
  const rows = labelled.values[valueIndex] ?? none;
  let unlabelled = (samples.values[valueIndex] ?? none).reduce((sum, value) => sum + value, 0);
  for (let row = 0; row < rows.length; row++) {
    const set = u32At(labelled.set, row);
    bySet[set] = f64At(bySet, set) + f64At(rows, row);
    unlabelled -= f64At(rows, row);
  }
  // What a set holds, the sets that it begins with hold for their labels: children stand behind their prefixes.
  const byLabel = new Float64Array(labels.key.length);
  for (let set = bySet.length - 1; set > 0; set--) {
    const label = u32At(labels.setLabel, set);
    const prefix = u32At(labels.setPrefix, set);
    byLabel[label] = f64At(byLabel, label) + f64At(bySet, set);
    bySet[prefix] = f64At(bySet, prefix) + f64At(bySet, set);
  }
  byLabel[0] = Math.max(0, unlabelled);
  return byLabel;
}

const none = new Float64Array(0);

import type { FlameSource } from '../../contract/decoder.js';
import { fail, ok, type Result } from '../../contract/result.js';
import type { FunctionName } from '../../core/compare/function-keys.js';
import { countCells, heatMapOf, type HeatMap } from '../../core/heat-map/heat-map.js';
import type { Operation } from '../../core/operations/operation.js';
import { f64At, u32At } from '../../core/profile/columns.js';
import type { Profile } from '../../core/profile/profile.js';
import { nowhere } from '../../core/profile/sum-up.js';
import { setsLetThrough, timesOfLabelSets } from './labels.js';
import type { ProfileStore } from './store.js';
import { nameOfFrame } from './view-side.js';
import { viewTree, type ViewTree } from './view-tree.js';
import type { Watch } from './watch.js';

/** The samples of a profile by their times, as far as operations on labels let them through. */
export function sampleHeat(profile: Profile, operations: readonly Operation[]): Result<HeatMap> {
  const times = timesOfLabelSets(profile);
  if (!times.some((time) => !Number.isNaN(time))) {
    return fail('unsupported', 'The samples of this profile do not say when they were taken.');
  }
  const { set, values } = profile.labelled;
  const through = setsLetThrough(profile, atAllTimes(operations));
  // Equal samples of one moment are one row; where a column counts samples it says how many.
  const counts = values[countsIndex(profile)];
  const timeOfRow = Float64Array.from(set, (each) => (through?.[each] === 0 ? NaN : f64At(times, each)));
  const samplesOfRow = Float64Array.from(set, (_, row) => (counts === undefined ? 1 : f64At(counts, row)));
  return ok(heatMapOf(timeOfRow, samplesOfRow));
}

/** Of the same map the samples in whose stacks a function is, by cell. */
export async function functionHeat(
  store: ProfileStore,
  source: FlameSource,
  of: FunctionName,
  watch: Watch,
): Promise<Result<Uint32Array>> {
  return store.withProfile(
    source.profileId,
    async ({ decoded: { profile } }) => {
      const operations = atAllTimes(source.operations ?? []);
      const map = sampleHeat(profile, operations);
      if (!map.ok) return map;
      const counted = countsIndex(profile);
      const valueIndex = counted < 0 ? source.valueIndex : counted;
      const tree = await viewTree(store, { ...source, valueIndex, operations, order: 'time' }, { watch });
      if (!tree.ok) return tree;
      const samples = samplesUnder(tree.value, of);
      return ok(countCells(map.value, samples.timeMs, counted < 0 ? samples.one : samples.value));
    },
    watch,
  );
}

function atAllTimes<Kind extends Pick<Operation, 'kind'>>(operations: readonly Kind[]): Kind[] {
  return operations.filter(({ kind }) => kind !== 'keep-times');
}

/** The sample type that counts samples; -1: none does. */
function countsIndex({ sampleTypes }: Profile): number {
  return sampleTypes.findIndex(({ type, unit }) => type === 'samples' && unit === 'count');
}

/** Times of all samples, NaN where they are not under the function; what they measured, and that each is one. */
function samplesUnder(
  { layout, frames, values }: ViewTree,
  { name, file }: FunctionName,
): Readonly<Record<'timeMs' | 'value' | 'one', Float64Array>> {
  const samples = values.kind === 'flame' ? values.inTime : undefined;
  if (samples === undefined) return { timeMs: none, value: none, one: none };
  const isOf = Uint8Array.from({ length: frames.count }, (_, index) => {
    const frame = nameOfFrame(frames.frameAt(index));
    return frame.name === name && frame.file === file ? 1 : 0;
  });
  const under = new Uint8Array(layout.nodeCount);
  for (let node = 1; node < under.length; node++) {
    const caller = u32At(layout.parent, node);
    under[node] = isOf[u32At(layout.functionIndex, node)] === 1 ? 1 : (under[caller] ?? 0);
  }
  const timeMs = samples.timeMs.map((time, sample) => {
    const node = u32At(samples.node, sample);
    return node !== nowhere && under[node] === 1 ? time : NaN;
  });
  return { timeMs, value: samples.value, one: new Float64Array(timeMs.length).fill(1) };
}

const none = new Float64Array(0);

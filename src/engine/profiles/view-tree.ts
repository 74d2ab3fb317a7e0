import type { SampleType, ViewSource } from '../../contract/decoder.js';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Scale, Scaling } from '../../core/compare/merge-trees.js';
import type { LayoutInput } from '../../core/flame/layout.js';
import { applyOperations, type Operated } from '../../core/operations/apply.js';
import type { PatternProblem } from '../../core/operations/name-pattern.js';
import type { FrameTable } from '../../core/operations/frames.js';
import { choosesSamples, type Operation } from '../../core/operations/operation.js';
import type { CallTree } from '../../core/profile/call-tree.js';
import { u32At } from '../../core/profile/columns.js';
import type { SamplesInTime } from '../../core/profile/samples-in-time.js';
import { nowhere, type NodeValues } from '../../core/profile/sum-up.js';
import type { ProfileDecoder } from './decoder.js';
import { diffTree, mergedSides, type MergedSides } from './diff-tree.js';
import { setsLetThrough } from './labels.js';
import type { WindowGround } from './lay-windows.js';
import { regionSides } from './region-sides.js';
import type { OpenProfile, ProfileStore } from './store.js';
import { timedSamples } from './time-order.js';
import { samplePeriodOf, sideOf, type SideOf } from './view-side.js';
import { watchPart, type Watch } from './watch.js';

/** What a view is computed from: one tree, or two merged into one; after the operations of its source. */
export interface ViewTree {
  readonly sampleType: SampleType;
  /** See {@link FlameHeader.samplePeriod}. */
  readonly samplePeriod: number;
  readonly layout: LayoutInput;
  readonly frames: FrameTable;
  /** Callers below this width were not made; see {@link Operated}. */
  readonly narrowest: number;
  readonly values: FlameValues | DiffSides;
  /** What operations made of the call nodes, held for the next view of them. */
  readonly operated?: Operated;
}

/** One profile: its tree and, where they are asked for and say their time, its samples on the tree's nodes. */
export interface FlameValues {
  readonly kind: 'flame';
  readonly tree: CallTree;
  readonly inTime?: SamplesInTime;
}

/** The two sides of a diff: trees of one shape with the values of each. */
export interface DiffSides {
  readonly kind: 'diff';
  readonly baseline: CallTree;
  readonly comparison: CallTree;
  /** As they were measured. */
  readonly baselineTotal: number;
  readonly comparisonTotal: number;
  /** See {@link FlameHeader.samplePeriods}. */
  readonly samplePeriods: readonly [baseline: number, comparison: number];
  readonly scaling: Scaling;
  /** Whether samples were chosen by their labels or times, which windows do not tell. */
  readonly byLabel: boolean;
  readonly base: DiffBase;
}

/** What windows are laid onto: the merged tree before the operations, and what became of its nodes. */
export interface DiffBase extends WindowGround {
  /** By node, the node of the view's tree that its own values belong to, or `nowhere`; undefined: nothing moved. */
  readonly map: Uint32Array | undefined;
  /** What the view was made of, held for the next one; absent for ranges of windows. */
  readonly sides?: MergedSides;
}

/** How a tree is asked for. */
export interface TreeOptions {
  /** Overrules that of a diff. */
  readonly scale?: Scale;
  readonly watch?: Watch | undefined;
  /** Of a comparison by line: lines of functions that moved are counted as the comparison has them. Windows do not know such lines. */
  readonly linesMove?: boolean;
}

/** The tree of a source, from profiles that are opened for it and closed again. */
export async function viewTree(
  store: ProfileStore,
  source: ViewSource,
  { scale, watch, linesMove = false }: TreeOptions = {},
): Promise<Result<ViewTree>> {
  const operations = source.operations ?? [];
  const byLine = operations.some((operation) => operation.kind === 'group' && operation.by === 'line');
  const side: SideOf = async (profile, valueIndex, is) => {
    const { profile: of } = profile.decoded;
    const through = setsLetThrough(of, operations);
    if (source.kind === 'flame' || source.spans === undefined) {
      return sideOf(store.decoder, profile, valueIndex, byLine, through, watch);
    }
    const region = regionSides(of, source.spans);
    if (!region.ok) return region;
    const part = region.value.sets[is];
    const sets = through === undefined ? part : part.map((each, set) => (through[set] === 0 ? 0 : each));
    const made = await sideOf(store.decoder, profile, valueIndex, byLine, sets, watch);
    return made.ok ? ok({ ...made.value, durationNs: region.value.durationNs[is] }) : made;
  };
  const made = await (source.kind === 'flame'
    ? store.withProfile(
        source.profileId,
        (profile) => flameTree(profile, source.valueIndex, side, source.order === 'time'),
        watch,
      )
    : store.withProfile(
        source.baselineId,
        (baseline) =>
          store.withProfile(
            source.comparisonId,
            async (comparison) => {
              const { valueIndex, matching, spans, width = 'mean' } = source;
              const question = { valueIndex, scale: scale ?? source.scale, matching, byLine, linesMove };
              const chosen = [spans, operations.filter(choosesSamples)];
              const sides = await mergedSides(store.decoder, baseline, comparison, question, chosen, side);
              return sides.ok ? ok(diffTree(sides.value, width)) : sides;
            },
            watch,
          ),
        watch,
      ));
  watch?.signal?.throwIfAborted();
  if (!made.ok) return made;
  const operated = await operatedTree(store.decoder, made.value, operations, watch);
  return operated.ok ? ok(operated.value.view) : operated;
}

async function flameTree(
  opened: OpenProfile,
  valueIndex: number,
  sideOf: SideOf,
  inTime: boolean,
): Promise<Result<ViewTree>> {
  const { profile } = opened.decoded;
  const sampleType = profile.sampleTypes[valueIndex];
  if (sampleType === undefined) return fail('invalid-input', 'The profile has no such sample type.');
  const side = await sideOf(opened, valueIndex, 0);
  if (!side.ok) return side;
  const { tree, frames, nodeOfStack, sets } = side.value;
  const samplePeriod = samplePeriodOf(profile, valueIndex);
  const samples = inTime ? timedSamples(profile, valueIndex, nodeOfStack, sets) : undefined;
  const values: FlameValues = { kind: 'flame', tree, ...(samples === undefined ? {} : { inTime: samples }) };
  return ok({ sampleType, samplePeriod, layout: tree, frames, narrowest: 0, values });
}

/** A tree after operations, and by node of the one before where it went, or `nowhere`; undefined: nothing moved. */
export interface OperatedView {
  readonly view: ViewTree;
  readonly map: Uint32Array | undefined;
}

/**
 * What operations made of call nodes, as long as a view holds it: by the subtreeEnd column of the base, which other values of the same call
 * nodes share.
 */
const operatedOf = new WeakMap<
  Uint32Array,
  { readonly key: string; readonly frames: FrameTable; readonly made: WeakRef<Operated> }
>();

/** What the operations make of a tree. Other values of the same call nodes need not be rewritten once more, but to be inverted: which callers there are is told by values. */
export async function operatedTree(
  decoder: ProfileDecoder,
  base: ViewTree,
  operations: readonly Operation[],
  watch: Watch | undefined,
): Promise<Result<OperatedView>> {
  if (operations.length === 0) return ok({ view: base, map: undefined });
  const key = JSON.stringify(operations);
  const known = operatedOf.get(base.layout.subtreeEnd);
  let operated = known?.key === key && known.frames === base.frames ? known.made.deref() : undefined;
  if (operated === undefined) {
    let done = 0;
    const outcome = await applyOperations(
      { nodes: base.layout, frames: base.frames, weight: base.layout.self },
      operations,
      (nodes, rewrite) => {
        const part = watchPart(watch, done / operations.length, (done + 1) / operations.length);
        done += 1;
        return decoder.rewrite(nodes, rewrite, part);
      },
    );
    watch?.signal?.throwIfAborted();
    if (!outcome.ok) return patternFailure(outcome);
    operated = outcome.value;
    if (operations.every(({ kind }) => kind !== 'invert')) {
      operatedOf.set(base.layout.subtreeEnd, { key, frames: base.frames, made: new WeakRef(operated) });
    }
  }
  const { nodes, map, frames, narrowest } = operated;
  const move = async (tree: NodeValues): Promise<CallTree> => {
    const { self, total } =
      map === undefined ? tree : await decoder.values({ values: tree.self, to: map, parent: nodes.parent });
    return { ...nodes, self, total };
  };
  const layout = await move(base.layout);
  const { values, sampleType, samplePeriod } = base;
  const moved: ViewTree['values'] =
    values.kind === 'flame'
      ? {
          ...values,
          tree: layout,
          ...(values.inTime === undefined ? {} : { inTime: movedSamples(values.inTime, map) }),
        }
      : {
          ...values,
          baseline: await move(values.baseline),
          comparison: await move(values.comparison),
          byLabel: operations.some(choosesSamples),
          base: { ...values.base, map },
        };
  return ok({ view: { sampleType, samplePeriod, layout, frames, narrowest, values: moved, operated }, map });
}

function patternFailure({ problem, pattern, reason }: PatternProblem): Result<never> {
  const shown = pattern.length > 80 ? `${pattern.slice(0, 80)}…` : pattern;
  return problem === 'syntax'
    ? fail('invalid-input', `The pattern ${shown} is not a regular expression of RE2's syntax.`, reason)
    : fail('invalid-input', `The pattern ${shown} repeats too much. Repeat less, or look for a part of the name.`);
}

/** Samples on the nodes that theirs went to. */
function movedSamples(samples: SamplesInTime, map: Uint32Array | undefined): SamplesInTime {
  if (map === undefined) return samples;
  return { ...samples, node: samples.node.map((node) => (node === nowhere ? nowhere : u32At(map, node))) };
}

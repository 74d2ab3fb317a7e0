import { fail, ok, type Result } from '../../contract/result.js';
import type { Operation } from '../../contract/operations.js';
import { tooManyCallPaths } from '../../core/formats/importing.js';
import { gatherU32 } from '../../core/flame/layout.js';
import { numberViewFunctions, type ViewFunctions } from '../../core/flame/view-functions.js';
import { shownFile, type Frame, type FrameTable } from '../../core/operations/frames.js';
import { f64At, u32At } from '../../core/profile/columns.js';
import { mergeProfiles } from '../../core/profile/merge-profiles.js';
import type { Profile } from '../../core/profile/profile.js';
import { sumWindows, windowsWithin, type WindowColumns } from '../../core/profile/window-sums.js';
import type { DecodedProfile } from './decode.js';
import { decodedTree, type ProfileDecoder } from './decoder.js';
import { layOutWhole } from './kept-rows.js';
import { nodesIn, placesIn, type PlaceOf } from './lay-windows.js';
import { decodedFrames, samplePeriodOf } from './view-side.js';
import { operatedTree, type DiffBase, type ViewTree } from './view-tree.js';
import type { ViewPlan } from './lay-out-view.js';
import type { Watch } from './watch.js';
import type { DecodedWindows, WindowPart } from './windows.js';

/**
 * Windows laid onto one call tree, that of their sum with the operations of a view: any range of them is a sum of rows, without
 * decoding, merging or naming anything again.
 */
export interface WindowTable {
  /** The sum of all windows. */
  readonly whole: ViewTree;
  readonly columns: WindowColumns;
  /** Numbers that are the same for every range, so that names are sent once. */
  readonly functions: ViewFunctions;
}

/** Lays windows onto the tree of their sum. A signal ends it with an exception, the signal's reason. */
export async function layWindowTable(
  decoder: ProfileDecoder,
  windows: DecodedWindows,
  operations: readonly Operation[],
  signal: AbortSignal,
): Promise<Result<WindowTable>> {
  const sum = await sumOf(decoder, windows.parts, signal);
  if (!sum.ok) return sum;
  const [sampleType] = sum.value.profile.sampleTypes;
  if (sampleType === undefined) return fail('bad-profile', 'The windows do not say what they measure.');
  const byLine = operations.some((operation) => operation.kind === 'group' && operation.by === 'line');
  const made = await decodedFrames(decoder, sum.value, byLine, { signal });
  if (!made.ok) return made;
  signal.throwIfAborted();
  const { nodes, frames } = made.value;
  const tree = await decodedTree(decoder, sum.value.profile, nodes, 0);
  const samplePeriod = samplePeriodOf(sum.value.profile, 0);
  const base: ViewTree = {
    sampleType,
    samplePeriod,
    layout: tree,
    frames,
    narrowest: 0,
    values: { kind: 'flame', tree },
  };
  const operated = await operatedTree(decoder, base, operations, { signal });
  if (!operated.ok) return operated;
  const { view: whole, map } = operated.value;

  const rows: Row[] = [];
  // The one part of an agent is the sum itself.
  const place = windows.parts.length === 1 ? undefined : placesIn({ nodes });
  const functionOf = place === undefined ? () => undefined : numbersOf(frames);
  for (const part of windows.parts) {
    const placed =
      place === undefined
        ? ok(part.decoded.profile.samples.stack.map((stack) => u32At(nodes.nodeOfStack, stack)))
        : await placedSamples(decoder, part, byLine, functionOf, place, signal);
    if (!placed.ok) return placed;
    signal.throwIfAborted();
    const nodeOfSample = placed.value;
    for (const { startMs, seconds, sample, value } of part.rows) {
      const node = sample.map((index) => {
        const at = u32At(nodeOfSample, index);
        return map === undefined ? at : u32At(map, at);
      });
      rows.push({ startMs, seconds, node, value });
    }
  }
  const { graph } = await layOutWhole(decoder, whole.layout, { signal });
  const functions = numberViewFunctions(graph.functionIndex, whole.frames.count, whole.layout);
  return ok({ whole, columns: columnsOf(rows), functions });
}

/** The profile of all windows: an agent sends it with them, other sources one of each window. */
async function sumOf(
  decoder: ProfileDecoder,
  parts: readonly WindowPart[],
  signal: AbortSignal,
): Promise<Result<DecodedProfile>> {
  const [first, ...others] = parts;
  if (first === undefined) return fail('not-found', 'There are no windows in this range.');
  if (others.length === 0) return ok(first.decoded);
  // An empty window does not say what it would have measured.
  const measured = parts.map(({ decoded }) => decoded.profile).filter(({ samples }) => samples.stack.length > 0);
  const [one, ...rest] = measured;
  if (one === undefined) return ok(first.decoded);
  const merged = mergeProfiles([one, ...rest] as [Profile, ...Profile[]]);
  if (!merged.ok) return fail('bad-profile', 'The windows do not all measure the same.');
  const { profile } = merged;
  const built = await decoder.callNodes(profile.stacks, profile.locations, { signal });
  if (!built.ok) return tooManyCallPaths(built.limit);
  return ok({ ...first.decoded, profile, nodes: built.nodes });
}

/** Finds the frames of other profiles among those of a table: the same name in the same file is the same one. */
function numbersOf(frames: FrameTable): DiffBase['functionOf'] {
  const keyOf = (frame: Frame): string => `${frame.name}\0${shownFile(frame)}`;
  const byKey = new Map<string, number>();
  for (let frame = 1; frame < frames.count; frame++) byKey.set(keyOf(frames.frameAt(frame)), frame);
  return (frame) => byKey.get(keyOf(frame));
}

/** By sample of a part, the node of the tree. */
async function placedSamples(
  decoder: ProfileDecoder,
  { decoded }: WindowPart,
  byLine: boolean,
  functionOf: DiffBase['functionOf'],
  place: PlaceOf,
  signal: AbortSignal,
): Promise<Result<Uint32Array>> {
  const made = await decodedFrames(decoder, decoded, byLine, { signal });
  if (!made.ok) return made;
  const at = nodesIn(made.value.nodes, made.value.frames, { functionOf }, place);
  return ok(decoded.profile.samples.stack.map((stack) => u32At(at, u32At(made.value.nodes.nodeOfStack, stack))));
}

/** A window over the nodes of the tree. */
interface Row {
  readonly startMs: number;
  readonly seconds: number;
  readonly node: Uint32Array;
  readonly value: Float64Array;
}

function columnsOf(unordered: readonly Row[]): WindowColumns {
  const rows = unordered.toSorted((a, b) => a.startMs - b.startMs);
  const entries = rows.reduce((sum, { node }) => sum + node.length, 0);
  const node = new Uint32Array(entries);
  const value = new Float64Array(entries);
  const rowStart = new Uint32Array(rows.length + 1);
  let at = 0;
  for (const [index, row] of rows.entries()) {
    node.set(row.node, at);
    value.set(row.value, at);
    at += row.node.length;
    rowStart[index + 1] = at;
  }
  return {
    startMs: Float64Array.from(rows, ({ startMs }) => startMs),
    endMs: Float64Array.from(rows, ({ startMs, seconds }) => startMs + 1000 * seconds),
    rowStart,
    node,
    value,
  };
}

/** The view of the windows that began in [startMs, endMs), all of it laid out. A watch's signal ends it with its reason. */
export async function windowRangePlan(
  decoder: ProfileDecoder,
  { whole, columns, functions }: WindowTable,
  startMs: number,
  endMs: number,
  watch?: Watch,
): Promise<ViewPlan> {
  const { first, end } = windowsWithin(columns, startMs, endMs);
  const { sampleType, samplePeriod, frames, narrowest } = whole;
  const tree = { ...whole.layout, ...sumWindows(columns, whole.layout.parent, first, end) };
  const { graph, order } = await layOutWhole(decoder, tree, watch);
  const functionIndex = gatherU32(functions.numbers, graph.functionIndex);
  return {
    header: {
      sampleType,
      samplePeriod,
      nodeCount: graph.count,
      depth: graph.depthCount,
      functionCount: functions.source.length,
      total: f64At(tree.total, 0),
      narrowest,
    },
    functions,
    frameOf: (viewFunction) => frames.frameAt(u32At(functions.source, viewFunction)),
    tree: { sampleType, samplePeriod, layout: tree, frames, narrowest, values: { kind: 'flame', tree } },
    preview: undefined,
    whole: () => Promise.resolve({ graph: { ...graph, functionIndex }, order }),
  };
}

/** Tables of windows that are looked at. The last one is kept: a drag asks for many ranges of it, one after the other. */
export class WindowTables {
  readonly #decoder: ProfileDecoder;
  #kept: { readonly windows: DecodedWindows; readonly key: string; readonly table: WindowTable } | undefined;

  constructor(decoder: ProfileDecoder) {
    this.#decoder = decoder;
  }

  async open(
    windows: DecodedWindows,
    operations: readonly Operation[],
    signal: AbortSignal,
  ): Promise<Result<WindowTable>> {
    const key = JSON.stringify(operations);
    if (this.#kept?.windows === windows && this.#kept.key === key) return ok(this.#kept.table);
    const laid = await layWindowTable(this.#decoder, windows, operations, signal);
    if (laid.ok) this.#kept = { windows, key, table: laid.value };
    return laid;
  }
}

import type {
  CallTreeRequest,
  CallTreeRows,
  FlameHeader,
  FrameDetails,
  FunctionTable,
  NamesPiece,
  ViewSource,
} from '../../contract/decoder.js';
import { fail, ok, type Result } from '../../contract/result.js';
import type { FlameGraph } from '../../core/flame/flame-graph.js';
import { frameKindIndex } from '../../core/flame/frame-kinds.js';
import { gatherF64, gatherU32 } from '../../core/flame/layout.js';
import { numberViewFunctions, type ViewFunctions } from '../../core/flame/view-functions.js';
import { isInterpreterInternal, shownFile, type Frame } from '../../core/operations/frames.js';
import { calleeRows, callerRows, pickRows, type CallColumn } from '../../core/profile/call-rows.js';
import { callerCounts } from '../../core/profile/caller-counts.js';
import { f64At, u32At } from '../../core/profile/columns.js';
import { functionTotals } from '../../core/profile/function-totals.js';
import type { ProfileStore } from './store.js';
import { viewTree, type ViewTree } from './view-tree.js';

/** A laid-out view: all that the window gets of it but the view's id. */
export interface View {
  readonly header: Omit<FlameHeader, 'viewId'>;
  /** functionIndex numbers the view's own functions. */
  readonly graph: FlameGraph;
  readonly functions: ViewFunctions;
  readonly frameOf: (viewFunction: number) => Frame;
  readonly tree: ViewTree;
  /** By level-order index, the node of the tree. */
  readonly order: Uint32Array;
}

/** Lays a source out. A signal ends it with an exception, the signal's reason. */
export async function buildView(store: ProfileStore, source: ViewSource, signal?: AbortSignal): Promise<Result<View>> {
  const made = await viewTree(store, source, signal === undefined ? {} : { signal });
  if (!made.ok) return made;
  const { sampleType, layout, frames, narrowest, values } = made.value;
  const { graph, order } = await store.decoder.layout(layout);
  signal?.throwIfAborted();
  const functions = numberViewFunctions(graph.functionIndex, frames.count);
  const sides =
    values.kind === 'flame'
      ? {}
      : { baseline: gatherF64(values.baseline.total, order), comparison: gatherF64(values.comparison.total, order) };
  return ok({
    header: {
      sampleType,
      nodeCount: graph.count,
      depth: graph.depthCount,
      functionCount: functions.source.length,
      total: f64At(graph.x1, 0),
      narrowest,
      ...(values.kind === 'flame'
        ? {}
        : {
            baselineTotal: values.baselineTotal,
            comparisonTotal: values.comparisonTotal,
            scaling: values.scaling,
          }),
    },
    graph: { ...graph, ...sides, functionIndex: functions.functionIndex },
    functions,
    frameOf: (viewFunction) => frames.frameAt(u32At(functions.source, viewFunction)),
    tree: made.value,
    order,
  });
}

/** Self, total and callers by the view's function numbers. */
export function viewFunctionTable({ layout, values, frames }: ViewTree, functions: ViewFunctions): FunctionTable {
  const pick = (column: Float64Array): Float64Array => gatherF64(column, functions.source);
  const functionIndex = Uint32Array.from(functions.source, (_, index) => index);
  const callers = gatherU32(
    callerCounts(
      layout,
      columnsOf(values).map(({ total }) => total),
      frames.count,
    ),
    functions.source,
  );
  if (values.kind === 'diff') {
    const before = functionTotals(values.baseline, frames.count);
    const after = functionTotals(values.comparison, frames.count);
    return {
      functionIndex,
      self: pick(after.self),
      total: pick(after.total),
      callers,
      baselineSelf: pick(before.self),
      baselineTotal: pick(before.total),
    };
  }
  const { self, total } = functionTotals(values.tree, frames.count);
  return { functionIndex, self: pick(self), total: pick(total), callers };
}

/** The comparison first, or the only one. */
function columnsOf(values: ViewTree['values']): readonly CallColumn[] {
  return values.kind === 'flame' ? [values.tree] : [values.comparison, values.baseline];
}

/** What is known of a function of a view. */
export function frameDetails(
  { frames }: ViewTree,
  { source }: ViewFunctions,
  functionIndex: number,
): Result<FrameDetails> {
  const index = source[functionIndex];
  if (index === undefined) return fail('not-found', 'The view has no such function.');
  const frame = frames.frameAt(index);
  const { name, file, library, packageName, kind } = frame;
  return ok({ name, file, library, packageName, kind, interpreter: isInterpreterInternal(frame) });
}

/** Rows of the view's call tree, sorted, by the view's function numbers. */
export function viewChildren(
  { layout, values, frames }: ViewTree,
  functions: ViewFunctions,
  { direction, path, order, first, count }: CallTreeRequest,
): Result<CallTreeRows> {
  if (order === 'change' && values.kind !== 'diff') {
    return fail('invalid-input', 'Only a comparison can be sorted by change.');
  }
  const framePath = path.map((index) => functions.source[index] ?? 0);
  const columns = columnsOf(values);
  const rows =
    direction === 'callees'
      ? calleeRows(layout, columns, framePath)
      : callerRows(layout, columns, frames.count, framePath);
  if (rows === undefined) return fail('not-found', 'The view has no such call path.');
  const rank = ([own, before]: readonly Float64Array[]): Float64Array =>
    order === 'change' && own !== undefined && before !== undefined
      ? own.map((value, row) => value - f64At(before, row))
      : (own ?? new Float64Array(0));
  const ranks = rank(order === 'self' ? rows.self : rows.total);
  const sorted = Array.from(ranks, (_, row) => row).sort((a, b) => f64At(ranks, b) - f64At(ranks, a) || a - b);
  const picked = pickRows(rows, sorted.slice(first, first + count));
  const numbers = viewNumbers(functions, frames.count);
  const [self = new Float64Array(0), baselineSelf] = picked.self;
  const [total = new Float64Array(0), baselineTotal] = picked.total;
  return ok({
    functionIndex: picked.functionIndex.map((frame) => u32At(numbers, frame)),
    self,
    total,
    childCount: picked.childCount,
    rowCount: sorted.length,
    ...(baselineSelf === undefined || baselineTotal === undefined ? {} : { baselineSelf, baselineTotal }),
  });
}

/** By frame of the tree, its number in the view. */
function viewNumbers({ source }: ViewFunctions, frameCount: number): Uint32Array {
  const numbers = new Uint32Array(frameCount);
  for (let number = 0; number < source.length; number++) numbers[u32At(source, number)] = number;
  return numbers;
}

/** Names of the view's functions from `first` on, as many as fit into about `maxBytes`. */
export function namesPiece(view: View, viewId: string, first: number, maxBytes = 1_000_000): NamesPiece {
  const names: string[] = [];
  const files: string[] = [];
  const packages: string[] = [];
  const kinds: number[] = [];
  let bytes = 0;
  for (let index = first; index < view.functions.source.length && bytes < maxBytes; index++) {
    const frame = view.frameOf(index);
    const file = shownFile(frame);
    names.push(frame.name);
    files.push(file);
    packages.push(frame.packageName);
    kinds.push(frameKindIndex(frame.kind));
    bytes += 2 * (frame.name.length + file.length + frame.packageName.length) + 32;
  }
  return { viewId, first, names, files, packages, kinds: Uint8Array.from(kinds) };
}

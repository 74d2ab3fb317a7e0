import type {
  CallTreeRequest,
  CallTreeRows,
  FrameDetails,
  FunctionTable,
  Library,
  NamesPiece,
} from '../../contract/decoder.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { frameKindIndex } from '../../core/flame/frame-kinds.js';
import { gatherF64, gatherU32 } from '../../core/flame/layout.js';
import type { ViewFunctions } from '../../core/flame/view-functions.js';
import { summarySteps, type SummaryPart } from '../../core/guidance/summary.js';
import { isInterpreterInternal, shownFile } from '../../core/operations/frames.js';
import { calleeRows, callerRows, pickRows, type CallColumn } from '../../core/profile/call-rows.js';
import { callerCounts } from '../../core/profile/caller-counts.js';
import { f64At, u32At } from '../../core/profile/columns.js';
import { functionTotals } from '../../core/profile/function-totals.js';
import { inTurns } from './in-turns.js';
import type { ViewPlan } from './lay-out-view.js';
import type { Precedence } from './precedence.js';
import type { ViewTree } from './view-tree.js';
import type { Watch } from './watch.js';

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

/** Where the time of a view goes, in parts for sentences. */
export async function viewSummary(
  { values, frames }: ViewTree,
  watch: Watch,
  precedence: Precedence,
): Promise<Result<readonly SummaryPart[]>> {
  if (values.kind !== 'flame') return fail('unsupported', 'A comparison has two profiles, and no summary of one.');
  await precedence.calm();
  const before = (): Promise<void> => precedence.calm();
  return ok(await inTurns(summarySteps(values.tree, frames), watch, { turnMs: summaryTurnMs, before }));
}

/** Nobody waits for a summary: what comes meanwhile must not be felt to wait for it. */
const summaryTurnMs = 4;

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
  const [self = new Float64Array(0), baselineSelf] = picked.self;
  const [total = new Float64Array(0), baselineTotal] = picked.total;
  return ok({
    functionIndex: picked.functionIndex.map((frame) => u32At(functions.numbers, frame)),
    self,
    total,
    childCount: picked.childCount,
    rowCount: sorted.length,
    ...(baselineSelf === undefined || baselineTotal === undefined ? {} : { baselineSelf, baselineTotal }),
  });
}

/** Names of the view's functions from `first` on, as many as fit into about `maxBytes`. */
export function namesPiece(view: ViewPlan, viewId: string, first: number, maxBytes = 1_000_000): NamesPiece {
  const names: string[] = [];
  const files: string[] = [];
  const packages: string[] = [];
  const kinds: number[] = [];
  const formerNames: [number, string][] = [];
  const libraries: Library[] = [];
  const libraryNumbers = new Map<string, number>();
  const library: number[] = [];
  const lines: number[] = [];
  let bytes = 0;
  for (let index = first; index < view.functions.source.length && bytes < maxBytes; index++) {
    const frame = view.frameOf(index);
    const file = shownFile(frame);
    names.push(frame.name);
    files.push(file);
    packages.push(frame.packageName);
    kinds.push(frameKindIndex(frame.kind));
    if (frame.formerName !== undefined) formerNames.push([index, frame.formerName]);
    lines.push(frame.origin?.firstLine ?? 0, frame.origin?.lastLine ?? 0);
    const buildId = frame.origin?.buildId ?? '';
    const libraryKey = `${frame.library}\n${buildId}`;
    let number = frame.library === '' ? 0 : libraryNumbers.get(libraryKey);
    if (number === undefined) {
      number = libraries.push({ path: frame.library, buildId });
      libraryNumbers.set(libraryKey, number);
      bytes += 2 * libraryKey.length;
    }
    library.push(number);
    bytes += 2 * (frame.name.length + file.length + frame.packageName.length) + 44;
  }
  return {
    viewId,
    first,
    names,
    files,
    packages,
    kinds: Uint8Array.from(kinds),
    libraries,
    library: Uint32Array.from(library),
    lines: Uint32Array.from(lines),
    ...(formerNames.length === 0 ? {} : { formerNames }),
  };
}

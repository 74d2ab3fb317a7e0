import type { LineTable, ViewSource } from '../../contract/decoder.js';
import type { Operation } from '../../contract/operations.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { f64At } from '../../core/profile/columns.js';
import { lineCosts } from '../../core/source/line-costs.js';
import type { Frame } from '../../core/operations/frames.js';
import type { ProfileStore } from './store.js';
import { viewTree, type ViewTree } from './view-tree.js';
import type { Watch } from './watch.js';

/** A view's tree once more, with a frame for each line. */
export interface LineTree {
  readonly tree: ViewTree;
  readonly operationCount: number;
  /** Of a comparison, each side has its own lines. */
  readonly apart: boolean;
}

/** Makes the tree of lines of a view, which is on the screen as `shown`. Lines are lost where frames become groups, and an inverted stack has no callees to add up. */
export async function lineTree(
  store: ProfileStore,
  source: ViewSource,
  shown: ViewTree,
  apart: boolean,
  watch: Watch,
): Promise<Result<LineTree>> {
  const operations = source.operations ?? [];
  const turn = operations.findIndex(losesLines);
  const counted = turn < 0 ? operations : operations.slice(0, turn);
  // What is told apart by line is so wherever that stands.
  const byLine: Operation = { kind: 'group', by: 'line' };
  // What the baseline is multiplied with is told by functions: by lines, which move, it would be another number than the graph's.
  const factor = shown.values.kind === 'diff' ? shown.values.scaling.factor : 1;
  const scale = { by: 'work', baseline: 1, comparison: factor } as const;
  const made = await viewTree(
    store,
    { ...source, operations: [...counted, byLine] },
    { watch, linesMove: !apart, scale },
  );
  return made.ok ? ok({ tree: made.value, operationCount: counted.length, apart }) : made;
}

function losesLines(operation: Operation): boolean {
  return operation.kind === 'invert' || (operation.kind === 'group' && operation.by !== 'line');
}

/** What the lines of a frame's file cost. */
export function lineTable({ tree, operationCount, apart }: LineTree, { file, functionName }: Frame): Result<LineTable> {
  if (file === '') return fail('not-found', 'The profile names no source file for this function.');
  const { layout, values, frames } = tree;
  const columns = values.kind === 'flame' ? [values.tree] : [values.comparison, values.baseline];
  const [own, before] = columns;
  const costs =
    apart && own !== undefined && before !== undefined
      ? { ...lineCosts(layout, [own], frames, file), before: lineCosts(layout, [before], frames, file) }
      : lineCosts(layout, columns, frames, file);
  return ok({
    ...costs,
    file,
    functionName,
    wholes: columns.map(({ total }) => f64At(total, 0)),
    operationCount,
  });
}

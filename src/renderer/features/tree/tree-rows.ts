import type { CallTreeRequest, CallTreeRows } from '../../../contract/decoder.js';
import { childrenOf } from '../../../core/flame/navigate.js';
import type { FlameModel } from '../../flame/model.js';
import type { OpenRows } from './open-rows.js';

/** Which way a tree grows: from the root to what is called, or from each function to its callers. */
export type Direction = CallTreeRequest['direction'];
export type TreeOrder = CallTreeRequest['order'];

/** Children that are fetched at once. */
export const pageSize = 200;

/** A row's children as far as they are known. */
export interface Branch {
  readonly pages: readonly CallTreeRows[];
  readonly rowCount: number;
  readonly loading: boolean;
}

/** One line of a call tree as it is shown. */
export type TreeLine =
  | {
      readonly kind: 'row';
      /** Function numbers from the outermost row to this one. */
      readonly path: readonly number[];
      readonly self: number;
      readonly total: number;
      readonly baselineTotal: number | undefined;
      readonly childCount: number;
      readonly open: boolean;
      readonly position: number;
      readonly setSize: number;
    }
  /** Children that were not fetched yet. */
  | { readonly kind: 'more'; readonly path: readonly number[]; readonly left: number; readonly loading: boolean };

/** The node of a path of function numbers from below the root; undefined where it is not drawn. */
export function nodeOfFunctions({ graph }: FlameModel, path: readonly number[]): number | undefined {
  let at = 0;
  for (const index of path) {
    const { first, end } = childrenOf(graph, at);
    let next: number | undefined;
    for (let child = first; child < end && next === undefined; child++) {
      if (graph.functionIndex[child] === index) next = child;
    }
    if (next === undefined) return undefined;
    at = next;
  }
  return at;
}

/** What windows say of the rows of a tree: a view that grows as the tree does, and where a row is in it. */
export interface JudgedRows {
  readonly model: FlameModel;
  /** The node of a row; undefined where the view does not draw it: its samples are too few. */
  readonly nodeOf: (path: readonly number[]) => number | undefined;
}

/** `view` grows as the rows of a tree of `model` do; both number their functions as they like. Undefined while nothing is known. */
export function judgedRows(model: FlameModel, view: FlameModel | null): JudgedRows | undefined {
  if (view?.certainty == null) return undefined;
  if (view === model) return { model, nodeOf: (path) => nodeOfFunctions(model, path) };
  const keyOf = ({ names, rawFiles }: FlameModel, index: number): string =>
    `${names[index] ?? ''}\n${rawFiles[index] ?? ''}`;
  const numbers = new Map(view.names.map((_, index) => [keyOf(view, index), index]));
  const nodeOf = (path: readonly number[]): number | undefined => {
    const own = path.map((index) => numbers.get(keyOf(model, index)));
    return own.every((index) => index !== undefined) ? nodeOfFunctions(view, own) : undefined;
  };
  return { model: view, nodeOf };
}

/** By node, whether it or anything below it changed for certain. */
export function holdsCertain({ graph, certainty }: FlameModel): Uint8Array {
  const holds = new Uint8Array(graph.count);
  for (let node = graph.count - 1; node >= 0; node--) {
    if (certainty?.[node] === 2) holds[node] = 1;
    if (holds[node] === 1) holds[graph.parent[node] ?? 0] = 1;
  }
  return holds;
}

/** What a branch is kept under. */
export function branchKey(path: readonly number[]): string {
  return path.join(' ');
}

/** What a line is told from the others of its tree by. */
export function lineKey(line: TreeLine): string {
  return `${line.kind} ${branchKey(line.path)}`;
}

/** The lines of a tree from the top down: every row whose parents are all unfolded. `keyOf` is what `open` knows a function by. */
export function linesOf(
  branches: ReadonlyMap<string, Branch>,
  open: OpenRows,
  keyOf: (functionIndex: number) => string,
): readonly TreeLine[] {
  const lines: TreeLine[] = [];
  const visit = (path: readonly number[], rows: OpenRows | undefined): void => {
    const branch = branches.get(branchKey(path));
    if (branch === undefined) return;
    let position = 0;
    for (const page of branch.pages) {
      for (let row = 0; row < page.functionIndex.length; row++) {
        position += 1;
        const index = page.functionIndex[row] ?? 0;
        const own = [...path, index];
        const ownRows = rows?.below.get(keyOf(index));
        const isOpen = ownRows?.open === true;
        lines.push({
          kind: 'row',
          path: own,
          self: page.self[row] ?? 0,
          total: page.total[row] ?? 0,
          baselineTotal: page.baselineTotal?.[row],
          childCount: page.childCount[row] ?? 0,
          open: isOpen,
          position,
          setSize: branch.rowCount,
        });
        if (isOpen) visit(own, ownRows);
      }
    }
    if (position < branch.rowCount || (branch.loading && position === 0)) {
      lines.push({ kind: 'more', path, left: branch.rowCount - position, loading: branch.loading });
    }
  };
  visit([], open);
  return lines;
}

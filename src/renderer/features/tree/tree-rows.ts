import type { CallTreeRequest, CallTreeRows } from '../../../contract/decoder.js';

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

/** What a branch is kept under. */
export function branchKey(path: readonly number[]): string {
  return path.join(' ');
}

/** The lines of a tree from the top down: every row whose parents are all unfolded. */
export function linesOf(branches: ReadonlyMap<string, Branch>, open: ReadonlySet<string>): readonly TreeLine[] {
  const lines: TreeLine[] = [];
  const visit = (path: readonly number[]): void => {
    const branch = branches.get(branchKey(path));
    if (branch === undefined) return;
    let position = 0;
    for (const page of branch.pages) {
      for (let row = 0; row < page.functionIndex.length; row++) {
        position += 1;
        const own = [...path, page.functionIndex[row] ?? 0];
        const isOpen = open.has(branchKey(own));
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
        if (isOpen) visit(own);
      }
    }
    if (position < branch.rowCount || (branch.loading && position === 0)) {
      lines.push({ kind: 'more', path, left: branch.rowCount - position, loading: branch.loading });
    }
  };
  visit([]);
  return lines;
}

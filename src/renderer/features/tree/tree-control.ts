import { fail } from '../../../contract/result.js';
import type { Context } from '../../state/context.js';
import { createCell, type Cell } from '../../state/cell.js';
import {
  branchKey,
  linesOf,
  pageSize,
  type Branch,
  type Direction,
  type TreeLine,
  type TreeOrder,
} from './tree-rows.js';

/** What a tree shows: its lines, and why it could not be had. */
export interface TreeState {
  readonly lines: readonly TreeLine[];
  readonly failure: string | null;
}

/** The call tree of one view in one direction and order: fetches children as rows are unfolded. */
export class TreeControl {
  readonly state: Cell<TreeState> = createCell<TreeState>({ lines: [], failure: null });
  readonly #context: Context;
  readonly #viewId: string;
  readonly #direction: Direction;
  readonly #order: TreeOrder;
  readonly #branches = new Map<string, Branch>();
  readonly #open = new Set<string>();
  readonly #controller = new AbortController();

  constructor(context: Context, viewId: string, direction: Direction, order: TreeOrder) {
    this.#context = context;
    this.#viewId = viewId;
    this.#direction = direction;
    this.#order = order;
    void this.#fetch([]); // keeps its failure in the state
  }

  dispose(): void {
    this.#controller.abort();
  }

  /** Unfolds a row; its children are fetched when they are not known. */
  unfold(path: readonly number[]): void {
    this.#open.add(branchKey(path));
    if (!this.#branches.has(branchKey(path))) void this.#fetch(path); // as above
    this.#tell();
  }

  fold(path: readonly number[]): void {
    this.#open.delete(branchKey(path));
    this.#tell();
  }

  /** Fetches the next children of a row. */
  more(path: readonly number[]): void {
    if (this.#branches.get(branchKey(path))?.loading !== true) void this.#fetch(path); // as above
  }

  async #fetch(path: readonly number[]): Promise<void> {
    const key = branchKey(path);
    const before = this.#branches.get(key) ?? { pages: [], rowCount: 0, loading: false };
    this.#branches.set(key, { ...before, loading: true });
    this.#tell();
    const first = before.pages.reduce((sum, page) => sum + page.functionIndex.length, 0);
    const { signal } = this.#controller;
    const request = { viewId: this.#viewId, direction: this.#direction, order: this.#order, first, count: pageSize };
    const rows = signal.aborted
      ? fail('cancelled', 'Cancelled.')
      : await this.#context.decoder.call('view.children', { ...request, path: [...path] }, signal);
    if (signal.aborted) return;
    if (rows.ok) {
      this.#branches.set(key, { pages: [...before.pages, rows.value], rowCount: rows.value.rowCount, loading: false });
      this.#unfoldOnlyChild(path, rows.value.functionIndex, rows.value.rowCount);
      this.#tell();
    } else {
      this.#branches.delete(key);
      this.state.set({ lines: linesOf(this.#branches, this.#open), failure: rows.failure.message });
    }
  }

  /** A chain of only children is unfolded as one: nobody wants to press twenty times to come to where it branches. */
  #unfoldOnlyChild(path: readonly number[], children: Uint32Array, rowCount: number): void {
    const [only] = children;
    if (this.#direction === 'callees' && rowCount === 1 && only !== undefined && path.length < 200) {
      this.unfold([...path, only]);
    }
  }

  #tell(): void {
    this.state.set({ lines: linesOf(this.#branches, this.#open), failure: null });
  }
}

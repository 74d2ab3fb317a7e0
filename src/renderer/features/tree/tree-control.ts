import type { CallTreeRows } from '../../../contract/decoder.js';
import { fail } from '../../../contract/result.js';
import type { FlameModel } from '../../flame/model.js';
import type { Context } from '../../state/context.js';
import { createCell, type Cell } from '../../state/cell.js';
import { openRowAt, setOpen, type OpenRows } from './open-rows.js';
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

/** Rows are unfolded by themselves down to here: nobody waits for a tower of thousands. */
const deepestUnfolded = 200;

/**
 * The call tree of one view in one direction and order: fetches children as rows are unfolded. Which rows are unfolded is kept by their
 * functions' names, in what is passed in, so that the tree of the next view begins with the same rows.
 */
export class TreeControl {
  readonly state: Cell<TreeState> = createCell<TreeState>({ lines: [], failure: null });
  readonly model: FlameModel;
  readonly #context: Context;
  readonly #direction: Direction;
  readonly #order: TreeOrder;
  readonly #open: OpenRows;
  readonly #branches = new Map<string, Branch>();
  /** By the key of their branch. */
  readonly #fetching = new Map<string, Promise<void>>();
  readonly #settling = new Set<() => void>();
  readonly #controller = new AbortController();

  constructor(context: Context, model: FlameModel, direction: Direction, order: TreeOrder, open: OpenRows) {
    this.#context = context;
    this.model = model;
    this.#direction = direction;
    this.#order = order;
    this.#open = open;
    void this.#fetch([]); // keeps its failure in the state
  }

  dispose(): void {
    this.#controller.abort();
    this.#settling.clear();
  }

  /** What a function is known by in all views. */
  keyOf = (functionIndex: number): string =>
    `${this.model.nameOf(functionIndex)}\n${this.model.rawFiles[functionIndex] ?? ''}`;

  /** Function numbers of a row that is known by its keys; undefined where it was not fetched. */
  pathOf(keys: readonly string[]): readonly number[] | undefined {
    const path: number[] = [];
    for (const key of keys) {
      const branch = this.#branches.get(branchKey(path));
      const index = childrenIn(branch).find((child) => this.keyOf(child) === key);
      if (index === undefined) return undefined;
      path.push(index);
    }
    return path;
  }

  /** Calls back once nothing is being fetched: all rows that were unfolded before are there. */
  whenSettled(tell: () => void): void {
    if (this.#fetching.size === 0) tell();
    else this.#settling.add(tell);
  }

  /** Unfolds a row; its children are fetched when they are not known. */
  unfold(path: readonly number[]): void {
    setOpen(this.#open, path.map(this.keyOf), true);
    if (!this.#branches.has(branchKey(path))) void this.#fetch(path); // as above
    this.#tell();
  }

  fold(path: readonly number[]): void {
    setOpen(this.#open, path.map(this.keyOf), false);
    this.#tell();
  }

  /** Fetches the next children of a row. */
  more(path: readonly number[]): void {
    void this.#fetch(path); // as above
  }

  /** Unfolds what leads to a row, and fetches what of it is not known. Answers whether the row is there. */
  async reveal(path: readonly number[]): Promise<boolean> {
    if (path.length > deepestUnfolded) return false;
    for (const [depth, index] of path.entries()) {
      const parent = path.slice(0, depth);
      if (depth > 0) setOpen(this.#open, parent.map(this.keyOf), true);
      if (!(await this.#findChild(parent, index))) return false;
    }
    this.#tell();
    return true;
  }

  async #findChild(parent: readonly number[], index: number): Promise<boolean> {
    for (;;) {
      const branch = this.#branches.get(branchKey(parent));
      const known = childrenIn(branch);
      if (known.includes(index)) return true;
      if (branch !== undefined && !branch.loading && known.length >= branch.rowCount) return false;
      await this.#fetch(parent);
      if (childrenIn(this.#branches.get(branchKey(parent))).length === known.length) return false;
    }
  }

  /** Fetches the next children of a row, once at a time. */
  #fetch(path: readonly number[]): Promise<void> {
    const key = branchKey(path);
    const running = this.#fetching.get(key);
    if (running !== undefined) return running;
    const fetching = this.#fetchPage(path).finally(() => {
      this.#fetching.delete(key);
      if (this.#fetching.size > 0) return;
      for (const tell of this.#settling) tell();
      this.#settling.clear();
    });
    this.#fetching.set(key, fetching);
    return fetching;
  }

  async #fetchPage(path: readonly number[]): Promise<void> {
    const key = branchKey(path);
    const before = this.#branches.get(key) ?? { pages: [], rowCount: 0, loading: false };
    this.#branches.set(key, { ...before, loading: true });
    this.#tell();
    const first = childrenIn(before).length;
    const { signal } = this.#controller;
    const { viewId } = this.model;
    const request = { viewId, direction: this.#direction, order: this.#order, first, count: pageSize };
    const rows = signal.aborted
      ? fail('cancelled', 'Cancelled.')
      : await this.#context.decoder.call('view.children', { ...request, path: [...path] }, signal);
    if (signal.aborted) return;
    if (rows.ok) {
      this.#branches.set(key, { pages: [...before.pages, rows.value], rowCount: rows.value.rowCount, loading: false });
      this.#unfoldAgain(path, rows.value.functionIndex);
      this.#unfoldOnlyChild(path, rows.value);
      this.#tell();
    } else {
      this.#branches.delete(key);
      this.state.set({ lines: this.#lines(), failure: rows.failure.message });
    }
  }

  /** Fetches what is below those of new rows that were unfolded in an earlier view. */
  #unfoldAgain(path: readonly number[], children: Uint32Array): void {
    const below = openRowAt(this.#open, path.map(this.keyOf))?.below;
    if (below === undefined || below.size === 0 || path.length >= deepestUnfolded) return;
    for (const child of children) {
      const own = [...path, child];
      const again = below.get(this.keyOf(child))?.open === true && !this.#branches.has(branchKey(own));
      if (again) void this.#fetch(own); // as above
    }
  }

  /** A chain of only children is unfolded as one: nobody wants to press twenty times to come to where it branches. */
  #unfoldOnlyChild(path: readonly number[], { functionIndex: [only], childCount, rowCount }: CallTreeRows): void {
    if (this.#direction !== 'callees' || rowCount !== 1 || only === undefined || childCount[0] === 0) return;
    if (path.length >= deepestUnfolded) return;
    const own = [...path, only];
    // One that was folded stays so.
    if (openRowAt(this.#open, own.map(this.keyOf)) === undefined) this.unfold(own);
  }

  #lines(): readonly TreeLine[] {
    return linesOf(this.#branches, this.#open, this.keyOf);
  }

  #tell(): void {
    this.state.set({ lines: this.#lines(), failure: null });
  }
}

function childrenIn(branch: Branch | undefined): readonly number[] {
  return branch === undefined ? [] : branch.pages.flatMap(({ functionIndex }) => [...functionIndex]);
}

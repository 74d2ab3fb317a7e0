import type { FlameHeader, FlamePiece, NamesPiece } from '../../contract/decoder.js';
import { visibleText } from '../format/visible-text.js';

const noNumbers = new Float64Array(0);
const noIndices = new Uint32Array(0);

/**
 * The columns of one view, growing as its pieces arrive; the layout is FlamePiece's (level order). The only place in
 * the window that holds profile data. Columns are allocated once, by the header's counts; readers look at indices
 * below `count` only. Names may be hostile: `names` are as they came and serve to compare, `labels` are for the screen.
 */
export class FlameModel {
  readonly viewId: string;
  header: FlameHeader | undefined;
  /** Nodes that have arrived. */
  count = 0;
  complete = false;
  x0 = noNumbers;
  x1 = noNumbers;
  self = noNumbers;
  depth = noIndices;
  parent = noIndices;
  functionIndex = noIndices;
  /** Of a diff only. */
  baseline: Float64Array | undefined;
  comparison: Float64Array | undefined;
  /** Nodes of depth d are [levelStart[d], levelStart[d + 1]), cut at `count`; levels + 1 entries. */
  levelStart: Uint32Array = new Uint32Array(1);
  /** Levels of which at least one node has arrived. */
  levels = 0;
  readonly names: string[] = [];
  readonly labels: string[] = [];
  readonly files: string[] = [];
  readonly packages: string[] = [];
  kinds = new Uint8Array(0);
  #early: FlamePiece[] = [];

  constructor(viewId: string) {
    this.viewId = viewId;
  }

  /** Total of the root; 0 before the header. */
  get total(): number {
    return this.header?.total ?? 0;
  }

  get isDiff(): boolean {
    return this.header?.comparisonTotal !== undefined;
  }

  /** Takes the header; pieces that overtook it are appended now. */
  begin(header: FlameHeader): void {
    const nodes = header.nodeCount;
    this.header = header;
    this.x0 = new Float64Array(nodes);
    this.x1 = new Float64Array(nodes);
    this.self = new Float64Array(nodes);
    this.depth = new Uint32Array(nodes);
    this.parent = new Uint32Array(nodes);
    this.functionIndex = new Uint32Array(nodes);
    if (this.isDiff) {
      this.baseline = new Float64Array(nodes);
      this.comparison = new Float64Array(nodes);
    }
    this.levelStart = new Uint32Array(header.depth + 1);
    if (nodes === 0) this.complete = true;
    const early = this.#early;
    this.#early = [];
    for (const piece of early) this.appendPiece(piece);
  }

  /** Takes names; a gap or a repetition is filled by index, so that order does not matter. */
  appendNames(piece: NamesPiece): void {
    const end = piece.first + piece.names.length;
    if (this.kinds.length < end) {
      const grown = new Uint8Array(Math.max(end, this.header?.functionCount ?? 0, this.kinds.length * 2));
      grown.set(this.kinds);
      this.kinds = grown;
    }
    this.kinds.set(piece.kinds, piece.first);
    for (let i = 0; i < piece.names.length; i++) {
      const name = piece.names[i] ?? '';
      this.names[piece.first + i] = name;
      this.labels[piece.first + i] = visibleText(name);
      this.files[piece.first + i] = visibleText(piece.files[i] ?? '');
      this.packages[piece.first + i] = piece.packages[i] ?? '';
    }
  }

  /** Takes a run of nodes that continues where the last one ended. */
  appendPiece(piece: FlamePiece): void {
    if (this.header === undefined) {
      this.#early.push(piece);
      return;
    }
    const size = piece.x0.length;
    if (piece.first !== this.count || piece.first + size > this.x0.length) {
      throw new RangeError(`piece ${piece.first}+${size} does not continue a view of ${this.count} nodes`);
    }
    this.x0.set(piece.x0, piece.first);
    this.x1.set(piece.x1, piece.first);
    this.self.set(piece.self, piece.first);
    this.depth.set(piece.depth, piece.first);
    this.parent.set(piece.parent, piece.first);
    this.functionIndex.set(piece.functionIndex, piece.first);
    if (piece.baseline !== undefined) this.baseline?.set(piece.baseline, piece.first);
    if (piece.comparison !== undefined) this.comparison?.set(piece.comparison, piece.first);
    this.count += size;
    this.#extendLevels(piece.first);
    this.complete = piece.last || this.count === this.x0.length;
  }

  /** The name of a node for the screen. */
  label(node: number): string {
    return this.labels[this.functionIndex[node] ?? 0] ?? '';
  }

  /** Function names from the root to the node. */
  path(node: number): string[] {
    const path: string[] = [];
    for (let at = node; ; at = this.parent[at] ?? 0) {
      path.push(this.names[this.functionIndex[at] ?? 0] ?? '');
      if (at === 0) return path.reverse();
    }
  }

  #extendLevels(from: number): void {
    for (let node = from; node < this.count; node++) {
      const level = this.depth[node] ?? 0;
      while (this.levels <= level) {
        this.levelStart[this.levels] = node;
        this.levels += 1;
      }
    }
    this.levelStart[this.levels] = this.count;
  }
}

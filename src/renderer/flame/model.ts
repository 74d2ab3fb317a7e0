import type { FlameHeader, FlamePiece, NamesPiece } from '../../contract/decoder.js';
import type { FrameKey } from '../../contract/operations.js';
import { createFlameAssembly, type FlameAssembly, type FlameGraph } from '../../core/flame/flame-graph.js';
import { visibleText } from '../format/visible-text.js';

/**
 * One view as it grows with its pieces; the only place in the window that holds profile data. Names may be hostile:
 * `names` are as they came and serve to compare, `labels` and `files` are for the screen.
 */
export class FlameModel {
  readonly viewId: string;
  readonly names: string[] = [];
  readonly labels: string[] = [];
  /** As they came: what operations name. */
  readonly rawFiles: string[] = [];
  readonly files: string[] = [];
  readonly packages: string[] = [];
  /** By function index, see frameKinds. */
  kinds = new Uint8Array(0);
  /** By node of a diff: 0 too few samples to judge, 1 not certain, 2 changed for certain; null while nothing is known. */
  certainty: Uint8Array | null = null;
  #header: FlameHeader | undefined;
  #assembly: FlameAssembly = createFlameAssembly(0, 0, false);
  #early: FlamePiece[] = [];
  #failed = false;

  constructor(viewId: string) {
    this.viewId = viewId;
  }

  /** The nodes that have arrived. Another object after each piece. */
  get graph(): FlameGraph {
    return this.#assembly.graph;
  }

  get complete(): boolean {
    return this.#header !== undefined && this.graph.count === this.graph.nodeCount;
  }

  /** A piece did not follow the one before: what is shown is not whole, and must be said. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Width of the root; 0 before the header. */
  get total(): number {
    return this.#header?.total ?? 0;
  }

  get unit(): string {
    return this.#header?.sampleType.unit ?? '';
  }

  get isDiff(): boolean {
    return this.#header?.comparisonTotal !== undefined;
  }

  get header(): FlameHeader | undefined {
    return this.#header;
  }

  /** Takes the header and makes room; pieces that overtook it are appended now. */
  begin(header: FlameHeader): void {
    this.#header = header;
    this.#assembly = createFlameAssembly(header.nodeCount, header.depth, header.comparisonTotal !== undefined);
    const early = this.#early;
    this.#early = [];
    for (const piece of early) this.appendPiece(piece);
  }

  /** Takes names by their index. */
  appendNames(piece: NamesPiece): void {
    const end = piece.first + piece.names.length;
    if (this.kinds.length < end) {
      const grown = new Uint8Array(Math.max(end, this.#header?.functionCount ?? 0, this.kinds.length * 2));
      grown.set(this.kinds);
      this.kinds = grown;
    }
    this.kinds.set(piece.kinds, piece.first);
    for (let i = 0; i < piece.names.length; i++) {
      const name = piece.names[i] ?? '';
      this.names[piece.first + i] = name;
      this.labels[piece.first + i] = visibleText(name);
      this.rawFiles[piece.first + i] = piece.files[i] ?? '';
      this.files[piece.first + i] = visibleText(piece.files[i] ?? '');
      this.packages[piece.first + i] = piece.packages[i] ?? '';
    }
  }

  /** Takes a run of nodes that continues where the last one ended. */
  appendPiece(piece: FlamePiece): void {
    if (this.#header === undefined) this.#early.push(piece);
    else if (!this.#assembly.append(piece)) this.#failed = true;
  }

  /** The function's name as it came. */
  nameOf = (functionIndex: number): string => this.names[functionIndex] ?? '';

  /** A node's name for the screen. */
  label(node: number): string {
    return this.labels[this.functionOf(node)] ?? '';
  }

  /** What an operation calls the function of a node. */
  keyOf(node: number): FrameKey {
    const index = this.functionOf(node);
    return { name: this.names[index] ?? '', file: this.rawFiles[index] ?? '' };
  }

  functionOf(node: number): number {
    return this.graph.functionIndex[node] ?? 0;
  }

  /** Total of a node in the unit of the view; of a diff its drawn width. */
  width(node: number): number {
    return (this.graph.x1[node] ?? 0) - (this.graph.x0[node] ?? 0);
  }
}

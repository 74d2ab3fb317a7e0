import type { Certainty } from '../../contract/certainty.js';
import type { FlameHeader, FlamePiece, Library, NamesPiece, PreviewPiece } from '../../contract/decoder.js';
import type { FrameKey } from '../../contract/operations.js';
import { createFlameAssembly, type FlameAssembly, type FlameGraph } from '../../core/flame/flame-graph.js';
import { visibleText } from '../format/visible-text.js';

/** Where a function lies, in words. */
export interface FunctionOrigin {
  /** "views.py:12", "views.py:12–40" where lines were seen and the first is not known. */
  readonly file: string;
  /** Path of its binary or library, or what stands for it: "[kernel]". */
  readonly library: string;
  readonly buildId: string;
}

/**
 * One view as it grows with its pieces; the only place in the window that holds profile data. Names may be hostile:
 * `names` are as they came and serve to compare, `labels` and `files` are for the screen.
 */
export class FlameModel {
  readonly viewId: string;
  readonly names: string[];
  readonly labels: string[];
  /** As they came: what operations name. */
  readonly rawFiles: string[];
  readonly files: string[];
  readonly packages: string[];
  /** Of a diff: by function index, what the baseline calls the function where that is another name; for the screen. */
  readonly formerNames: Map<number, string>;
  /** By function index, see frameKinds. */
  kinds: Uint8Array<ArrayBuffer>;
  /** Made harmless for the screen. */
  readonly #libraries: Library[];
  /** By function index, its place in #libraries. */
  #library: Uint32Array<ArrayBuffer>;
  /** By function index, first and last line. */
  #lines: Uint32Array<ArrayBuffer>;
  /** By node of a diff: 0 too few samples to judge, 1 not certain, 2 changed for certain; null while nothing is known. */
  certainty: Uint8Array | null = null;
  /** By node of a diff that has enough samples: half of the 95 % interval of its change, in the view's unit. */
  margins: ReadonlyMap<number, number> = new Map();
  /** Of a diff what was judged by, once it was. */
  judgedBy: Pick<Certainty, 'windows' | 'history'> | undefined;
  #header: FlameHeader | undefined;
  #assembly: FlameAssembly = createFlameAssembly(0, 0, false);
  /** Until all of the view is there. */
  #preview: FlameAssembly | undefined;
  #early: { readonly ahead: boolean; readonly piece: FlamePiece }[] = [];
  #failed = false;
  readonly #waiting = new Set<() => void>();

  /** `named`: a complete view whose functions have the same numbers, so that no names come for this one. */
  constructor(viewId: string, named?: FlameModel) {
    this.viewId = viewId;
    this.names = named?.names ?? [];
    this.labels = named?.labels ?? [];
    this.rawFiles = named?.rawFiles ?? [];
    this.files = named?.files ?? [];
    this.packages = named?.packages ?? [];
    this.formerNames = named?.formerNames ?? new Map<number, string>();
    this.kinds = named?.kinds ?? new Uint8Array(0);
    this.#libraries = named === undefined ? [{ path: '', buildId: '' }] : named.#libraries;
    this.#library = named === undefined ? new Uint32Array(0) : named.#library;
    this.#lines = named === undefined ? new Uint32Array(0) : named.#lines;
  }

  /**
   * The nodes that can be drawn: of a large view what was sent ahead, until all of it is there; of a small one what has arrived.
   * Another object after each piece; node indices stay good as long as `stage` is the same.
   */
  get graph(): FlameGraph {
    return (this.#preview ?? this.#assembly).graph;
  }

  /** What `graph` is: node indices of one stage mean nothing in the other. */
  get stage(): 'preview' | 'whole' {
    return this.#preview === undefined ? 'whole' : 'preview';
  }

  /** Whether all nodes are there. */
  get complete(): boolean {
    return this.#header !== undefined && this.loaded === 1;
  }

  /** The share of all nodes that is there. */
  get loaded(): number {
    const { count, nodeCount } = this.#assembly.graph;
    return nodeCount === 0 ? 1 : count / nodeCount;
  }

  /** Whether all that the screen can show is there. */
  get shown(): boolean {
    return this.complete || (this.#preview !== undefined && isWhole(this.#preview.graph));
  }

  /** Resolves once all that the screen can show is there, or will not come, or when the signal gives up. */
  whenShown(signal: AbortSignal): Promise<void> {
    if (this.shown || this.#failed || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const settle = (): void => {
        signal.removeEventListener('abort', settle);
        this.#waiting.delete(settle);
        resolve();
      };
      this.#waiting.add(settle);
      signal.addEventListener('abort', settle);
    });
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
    this.#assembly = createFlameAssembly(header.nodeCount, header.depth, this.isDiff);
    const { preview } = header;
    if (preview !== undefined) this.#preview = createFlameAssembly(preview.nodeCount, preview.depth, this.isDiff);
    const early = this.#early;
    this.#early = [];
    for (const { ahead, piece } of early) this.#append(piece, ahead);
  }

  /** Takes what windows say of a diff. Where they were too few to judge by, nothing is certain and no interval is shown. */
  judge(certainty: Certainty): void {
    const { abstained, nodes, nodeMargins } = certainty;
    const { node, margin } = nodeMargins;
    this.judgedBy = certainty;
    this.certainty = abstained === undefined ? nodes : null;
    this.margins = new Map(abstained === undefined ? Array.from(node, (each, at) => [each, margin[at] ?? 0]) : []);
  }

  /** Takes names by their index. */
  appendNames(piece: NamesPiece): void {
    this.#makeRoom(piece.first + piece.names.length);
    this.kinds.set(piece.kinds, piece.first);
    this.#lines.set(piece.lines, 2 * piece.first);
    const librariesBefore = this.#libraries.length - 1;
    this.#library.set(
      piece.library.map((number) => (number === 0 ? 0 : number + librariesBefore)),
      piece.first,
    );
    for (const { path, buildId } of piece.libraries) {
      this.#libraries.push({ path: visibleText(path), buildId: visibleText(buildId) });
    }
    // Most files have many functions.
    const visibleFiles = new Map<string, string>();
    for (let i = 0; i < piece.names.length; i++) {
      const name = piece.names[i] ?? '';
      const file = piece.files[i] ?? '';
      const visible = visibleFiles.get(file) ?? visibleText(file);
      visibleFiles.set(file, visible);
      this.names[piece.first + i] = name;
      this.labels[piece.first + i] = visibleText(name);
      this.rawFiles[piece.first + i] = file;
      this.files[piece.first + i] = visible;
      this.packages[piece.first + i] = piece.packages[i] ?? '';
    }
    for (const [index, name] of piece.formerNames ?? []) this.formerNames.set(index, visibleText(name));
  }

  #makeRoom(functionCount: number): void {
    if (this.kinds.length >= functionCount) return;
    const room = Math.max(functionCount, this.#header?.functionCount ?? 0, this.kinds.length * 2);
    const grow = <Column extends Uint8Array | Uint32Array>(grown: Column, column: Column): Column => {
      grown.set(column);
      return grown;
    };
    this.kinds = grow(new Uint8Array(room), this.kinds);
    this.#library = grow(new Uint32Array(room), this.#library);
    this.#lines = grow(new Uint32Array(2 * room), this.#lines);
  }

  /** Takes a run of nodes that continues where the last one ended. */
  appendPiece(piece: FlamePiece): void {
    this.#append(piece, false);
  }

  /** Takes a run of what is sent ahead. */
  appendPreview(piece: PreviewPiece): void {
    this.#append(piece, true);
  }

  #append(piece: FlamePiece, ahead: boolean): void {
    if (this.#header === undefined) {
      this.#early.push({ ahead, piece });
      return;
    }
    const assembly = ahead ? this.#preview : this.#assembly;
    if (assembly?.append(piece) !== true) this.#failed = true;
    if (this.complete) this.#preview = undefined;
    if (this.shown || this.#failed) for (const settle of [...this.#waiting]) settle();
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

  /** The number of a function that an operation names; -1 where the view has none of it. */
  indexOf({ name, file }: FrameKey): number {
    let index = this.names.indexOf(name);
    while (index >= 0 && this.rawFiles[index] !== file) index = this.names.indexOf(name, index + 1);
    return index;
  }

  /** Where a function lies, for the screen; "" for what is not known. Nothing needs to be asked for it. */
  originOf(functionIndex: number): FunctionOrigin {
    const file = this.files[functionIndex] ?? '';
    const first = this.#lines[2 * functionIndex] ?? 0;
    const last = this.#lines[2 * functionIndex + 1] ?? 0;
    const lines = first === 0 ? '' : first === last ? `:${first}` : `:${first}–${last}`;
    const { path, buildId } = this.#libraries[this.#library[functionIndex] ?? 0] ?? { path: '', buildId: '' };
    // Where no source file is known the library stands in its place.
    if (file === path) return { file: '', library: path, buildId };
    return { file: file === '' ? '' : `${file}${lines}`, library: path, buildId };
  }

  /** A function's source file as the profile names it; "" where it names none, so that the library stands in its place. */
  sourceFileOf(functionIndex: number): string {
    return this.originOf(functionIndex).file === '' ? '' : (this.rawFiles[functionIndex] ?? '');
  }

  functionOf(node: number): number {
    return this.graph.functionIndex[node] ?? 0;
  }

  /** Total of a node in the unit of the view; of a diff its drawn width. In time order the root is drawn wider than it: it goes over gaps. */
  width(node: number): number {
    if (node === 0 && this.#header?.time !== undefined) return this.#header.total;
    return (this.graph.x1[node] ?? 0) - (this.graph.x0[node] ?? 0);
  }
}

function isWhole({ count, nodeCount }: FlameGraph): boolean {
  return count === nodeCount;
}

/** Random numbers from a seed (mulberry32), so that a benchmark's input is the same everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const packages = [
  'runtime',
  'net/http',
  'encoding/json',
  'github.com/acme/shop/internal/checkout',
  'database/sql',
  'google.golang.org/grpc',
];

/** Bytes that are appended to, as protobuf wants them. */
class Bytes {
  #buffer = new Uint8Array(1 << 16);
  #length = 0;

  byte(value: number): void {
    if (this.#length === this.#buffer.length) {
      const wider = new Uint8Array(this.#length * 2);
      wider.set(this.#buffer);
      this.#buffer = wider;
    }
    this.#buffer[this.#length++] = value;
  }
  varint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.byte((rest % 128) | 0x80);
    this.byte(rest);
  }
  number(field: number, value: number): void {
    this.varint(field * 8);
    this.varint(value);
  }
  bytes(field: number, content: Uint8Array): void {
    this.varint(field * 8 + 2);
    this.varint(content.length);
    for (const byte of content) this.byte(byte);
  }
  message(field: number, fill: (inner: Bytes) => void): void {
    const inner = new Bytes();
    fill(inner);
    this.bytes(field, inner.view());
  }
  clear(): void {
    this.#length = 0;
  }
  view(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }
}

/** Call nodes by number, from 1 on; 0 is the root. A caller's number is smaller than its callees'. */
export interface SyntheticTree {
  readonly functionCount: number;
  /** By node. */
  readonly parent: Uint32Array;
  /** By node: its function, from 1 on. */
  readonly callee: Uint32Array;
}

/**
 * A random tree with one sample a node: children are chosen unevenly, as programs do, stacks are about 40 deep at
 * most, and a fifteenth as many functions as nodes recur all over it.
 */
function bushyTree(sampleCount: number, random: () => number): SyntheticTree {
  const functionCount = functionsOf(sampleCount);
  const parent = new Uint32Array(sampleCount + 1);
  const callee = new Uint32Array(sampleCount + 1);
  const depth = new Uint32Array(sampleCount + 1);
  const children: number[][] = [[]];
  for (let made = 1; made <= sampleCount;) {
    let node = 0;
    const target = 8 + Math.floor(((random() + random() + random()) / 3) * 64);
    while ((depth[node] ?? 0) < target && made <= sampleCount) {
      const below = children[node] ?? [];
      if (below.length === 0 || random() < 0.3 / (1 + below.length)) {
        parent[made] = node;
        depth[made] = (depth[node] ?? 0) + 1;
        callee[made] = 1 + Math.floor(random() ** 2 * (functionCount - 1));
        below.push(made);
        children[node] = below;
        node = made++;
        children[node] = [];
        if (random() < 0.11) break;
      } else {
        node = below[Math.floor((below.length + 1) ** (random() ** 1.8)) - 1] ?? 0;
        if (random() < 0.01) break;
      }
    }
  }
  return { functionCount, parent, callee };
}

/** How many functions recur in a tree of so many nodes. */
export function functionsOf(nodeCount: number): number {
  return Math.max(200, Math.min(40_000, Math.floor(nodeCount / 15)));
}

/** A pprof of a bushy tree. */
export function syntheticPprof(sampleCount: number, seed = 97): Uint8Array {
  const random = seededRandom(seed);
  return encodePprof(bushyTree(sampleCount, random), random);
}

/** A pprof with one sample for each node of a tree. */
export function encodePprof({ functionCount, parent, callee }: SyntheticTree, random: () => number): Uint8Array {
  const out = new Bytes();
  const text = new TextEncoder();
  for (const [type, unit] of [
    [1, 2],
    [3, 4],
  ] as const) {
    out.message(1, (inner) => {
      inner.number(1, type);
      inner.number(2, unit);
    });
  }
  const ids = new Bytes();
  const sample = new Bytes();
  const values = new Bytes();
  for (let node = 1; node < parent.length; node++) {
    ids.clear();
    sample.clear();
    values.clear();
    for (let at = node; at !== 0; at = parent[at] ?? 0) ids.varint(callee[at] ?? 0);
    const count = 1 + Math.floor(-Math.log(1 - random()) * 10);
    values.varint(count);
    values.varint(count * 10_309_278);
    sample.bytes(1, ids.view());
    sample.bytes(2, values.view());
    out.bytes(2, sample.view());
  }
  for (let id = 1; id <= functionCount; id++) {
    out.message(4, (inner) => {
      inner.number(1, id);
      inner.number(3, 0x400000 + id * 64);
      inner.message(4, (line) => {
        line.number(1, id);
        line.number(2, 3 + (id % 500));
      });
    });
  }
  for (let id = 1; id <= functionCount; id++) {
    out.message(5, (inner) => {
      inner.number(1, id);
      inner.number(2, 4 + 200 + id);
      inner.number(4, 5 + (id % 200));
    });
  }
  for (const string of ['', 'samples', 'count', 'cpu', 'nanoseconds']) out.bytes(6, text.encode(string));
  for (let file = 0; file < 200; file++) out.bytes(6, text.encode(`/src/pkg${file}/file${file}.go`));
  for (let id = 1; id <= functionCount; id++) {
    out.bytes(6, text.encode(syntheticName(id)));
  }
  out.number(9, 1_795_320_152_000_000_000);
  out.number(10, 30_000_000_000);
  return out.view().slice();
}

/** The name of a function by its number. */
export function syntheticName(id: number): string {
  return `${packages[id % packages.length] ?? ''}.(*Type${(id * 7) % 997}).method${id}`;
}

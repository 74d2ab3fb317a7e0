import { gzipSync } from 'node:zlib';
import { encodePprof, functionsOf, seededRandom, syntheticName, type SyntheticTree } from '../parse/synthetic.js';

const deepest = 120;

/**
 * A tree with the look of a program's: long runs of single calls near the root, then branches of very unequal width, and most of its
 * nodes in a fringe that no screen shows at once. Each node has one sample of its own.
 */
export function programTree(nodeCount: number, random: () => number): SyntheticTree {
  const functionCount = functionsOf(nodeCount);
  const parent = new Uint32Array(nodeCount + 1);
  const callee = new Uint32Array(nodeCount + 1);
  const open: { readonly node: number; readonly below: number; readonly depth: number }[] = [
    { node: 0, below: nodeCount, depth: 0 },
  ];
  let made = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, below, depth } = next;
    const shares = Array.from({ length: childCount(below, depth, random) }, () => shareOf(depth, random));
    let sharesLeft = shares.reduce((sum, share) => sum + share, 0);
    let left = below;
    const firstFunction = Math.floor(random() ** 2 * functionCount);
    for (const [index, share] of shares.entries()) {
      const others = shares.length - index - 1;
      const size = others === 0 ? left : Math.max(1, Math.min(left - others, Math.round((left * share) / sharesLeft)));
      left -= size;
      sharesLeft -= share;
      made += 1;
      parent[made] = node;
      callee[made] = 1 + ((firstFunction + index * 7919) % functionCount);
      if (size > 1) open.push({ node: made, below: size - 1, depth: depth + 1 });
    }
  }
  return { functionCount, parent, callee };
}

/** Requests of a few kinds share the width, each below the frames of its framework; what they do is uneven. */
const kindsAt: readonly (number | undefined)[] = [3, 1, 1, 4];
const frameworkDepth = 36;

/** At the deepest level all that is left becomes leaves. */
function childCount(below: number, depth: number, random: () => number): number {
  if (depth >= deepest) return below;
  const draw = random();
  const inFramework = depth < frameworkDepth ? Math.floor(1 + draw ** 12 * 3) : undefined;
  const wanted = kindsAt[depth] ?? inFramework ?? (draw < 0.6 ? 1 : draw < 0.8 ? 2 : 3 + Math.floor(random() * 9));
  return Math.min(below, wanted);
}

function shareOf(depth: number, random: () => number): number {
  return depth < kindsAt.length ? 0.7 + random() : 0.02 + random() ** 2;
}

/** A profile as it is handed to every tool. */
export interface BenchProfile {
  /** For row ids: "1m". */
  readonly size: string;
  /** pprof, gzip. */
  readonly pprof: Uint8Array;
  /** The same stacks as d3-flame-graph wants them: nested nodes in JSON. */
  readonly nested: () => string;
}

/** A profile from a seed. */
export function programProfile(size: string, nodeCount: number, seed = 97): BenchProfile {
  const random = seededRandom(seed);
  const tree = programTree(nodeCount, random);
  return { size, pprof: gzipSync(encodePprof(tree, random), { level: 6 }), nested: () => nestedJson(tree) };
}

/** Nested nodes as d3-flame-graph wants them; of a difference with what `deltaOf` a node answers. */
export function nestedJson({ parent, callee }: SyntheticTree, deltaOf?: (node: number) => number): string {
  interface Nested {
    readonly name: string;
    value: number;
    readonly delta?: number;
    readonly children: Nested[];
  }
  const nodes = Array.from(callee, (id, node): Nested => ({
    name: id === 0 ? 'all' : syntheticName(id),
    value: 0,
    ...(deltaOf === undefined ? {} : { delta: deltaOf(node) }),
    children: [],
  }));
  for (let node = nodes.length - 1; node > 0; node--) {
    const [own, caller] = [nodes[node], nodes[parent[node] ?? 0]];
    if (own === undefined || caller === undefined) throw new Error('a tree has all of its nodes');
    own.value += 10;
    caller.value += own.value;
    caller.children.push(own);
  }
  return JSON.stringify(nodes[0]);
}

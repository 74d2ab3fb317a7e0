import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { profileFromPicture, treeOf } from '../profile/testing/pictures.js';
import { anyProfile } from '../profile/testing/random-profile.js';
import { createFlameAssembly, type FlameGraph } from './flame-graph.js';
import { layoutFlame } from './layout.js';
import { cutFlame } from './pieces.js';

const layoutOf = (picture: string): FlameGraph => layoutFlame(treeOf(profileFromPicture(picture))).graph;

describe('layout', () => {
  it('is its example', () => {
    const graph = layoutOf(`
      4  4  2
      b  a  a
            c
      `);
    expect({
      x0: Array.from(graph.x0),
      x1: Array.from(graph.x1),
      self: Array.from(graph.self),
      depth: Array.from(graph.depth),
      parent: Array.from(graph.parent),
      levelStart: Array.from(graph.levelStart),
    }).toEqual({
      x0: [0, 0, 6, 0],
      x1: [10, 6, 10, 2],
      self: [0, 4, 4, 2],
      depth: [0, 1, 1, 2],
      parent: [0, 0, 0, 1],
      levelStart: [0, 1, 3, 4],
    });
  });

  it('leaves equally wide siblings in their order and drops what has no width', () => {
    const graph = layoutOf(`
      2  0  2  3  2
      a  x  b  c  d
      `);
    expect(Array.from(graph.functionIndex)).toEqual([0, 4, 1, 3, 5]);
  });

  it('sorts many siblings the same way as few', () => {
    const columns = Array.from({ length: 30 }, (_, n) => ({ name: `f${n}`, count: (n * 7) % 5 }));
    const graph = layoutOf(
      `${columns.map(({ count }) => `${count}`.padEnd(5)).join('')}\n${columns.map(({ name }) => name.padEnd(5)).join('')}`,
    );
    const expected = columns
      .map(({ count }, n) => ({ count, n }))
      .filter(({ count }) => count > 0)
      .sort((a, b) => b.count - a.count || a.n - b.n)
      .map(({ n }) => n + 1);
    expect(Array.from(graph.functionIndex)).toEqual([0, ...expected]);
  });

  it('lays out a profile without samples as a root alone', () => {
    const graph = layoutOf('');
    expect(graph.count).toBe(1);
    expect(Array.from(graph.levelStart)).toEqual([0, 1]);
  });

  it('never lets children reach past their parent by a rounding error', () => {
    const graph = layoutOf(`
      0.1  0.2  0.3  0.7
      a    a    a    a
      b    c    d    e
      `);
    for (let node = 1; node < graph.count; node++) {
      expect(graph.x1[node]).toBeLessThanOrEqual(graph.x1[graph.parent[node] ?? 0] ?? 0);
    }
  });

  it('fits children side by side into their parents, whatever the profile', () => {
    fc.assert(
      fc.property(anyProfile, (profile) => {
        const tree = treeOf(profile, 1);
        const { graph, order } = layoutFlame(tree);
        const end = new Map<number, number>();
        for (let node = 0; node < graph.count; node++) {
          const x0 = graph.x0[node] ?? 0;
          const x1 = graph.x1[node] ?? 0;
          expect(x1 - x0).toBe(tree.total[order[node] ?? 0]);
          if (node === 0) continue;
          const parent = graph.parent[node] ?? 0;
          expect(graph.depth[node]).toBe((graph.depth[parent] ?? 0) + 1);
          expect(x0).toBe(end.get(parent) ?? graph.x0[parent]);
          end.set(parent, x1);
        }
        for (let node = 0; node < graph.count; node++) {
          const covered = (end.get(node) ?? graph.x0[node] ?? 0) - (graph.x0[node] ?? 0);
          expect(covered + (graph.self[node] ?? 0)).toBe((graph.x1[node] ?? 0) - (graph.x0[node] ?? 0));
        }
        for (let level = 0; level < graph.depthCount; level++) {
          for (let node = graph.levelStart[level] ?? 0; node < (graph.levelStart[level + 1] ?? 0); node++) {
            expect(graph.depth[node]).toBe(level);
          }
        }
      }),
    );
  });
});

describe('pieces', () => {
  it('put together are the graph', () => {
    fc.assert(
      fc.property(anyProfile, fc.integer({ min: 36, max: 400 }), (profile, maxBytes) => {
        const { graph } = layoutFlame(treeOf(profile, 0));
        const assembly = createFlameAssembly(graph.nodeCount, graph.depthCount, false);
        let lasts = 0;
        for (const piece of cutFlame(graph, maxBytes)) {
          expect(piece.x0.buffer.byteLength).toBe(piece.x0.byteLength);
          expect(assembly.append(piece)).toBe(true);
          expect(assembly.graph.levelStart.at(-1)).toBe(assembly.graph.count);
          if (piece.last) lasts++;
        }
        expect(lasts).toBe(1);
        expect(assembly.graph).toEqual(graph);
      }),
    );
  });

  it('are refused when one is missing or too many nodes come', () => {
    const graph = layoutOf('3  1\na  b\nc');
    const pieces = [...cutFlame(graph, 36)];
    const assembly = createFlameAssembly(graph.nodeCount, graph.depthCount, false);
    const [first, second] = pieces;
    if (first === undefined || second === undefined) throw new Error('the graph is cut into single nodes');
    expect(assembly.append(second)).toBe(false);
    expect(assembly.append(first)).toBe(true);
    expect(assembly.graph.count).toBe(1);
    expect(createFlameAssembly(1, 1, false).append(second)).toBe(false);
  });
});

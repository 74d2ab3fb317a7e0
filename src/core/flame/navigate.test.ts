import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameOfFunction, profileFromPicture, treeOf } from '../profile/testing/pictures.js';
import { anyProfile } from '../profile/testing/random-profile.js';
import { layoutFlame } from './layout.js';
import { ancestorsOf, childrenOf, hitTest, nodeAtPath, pathOfNode, visibleRange } from './navigate.js';

const picture = `
  5  3  2  1
  a  a  b  b
  c  d     e
`;
const profile = profileFromPicture(picture);
const { graph } = layoutFlame(treeOf(profile));
const nameOf = (functionIndex: number): string => nameOfFunction(profile, functionIndex);
const nameAt = (node: number): string => (node < 0 ? 'none' : nameOf(graph.functionIndex[node] ?? 0));

describe('navigation', () => {
  it('finds the node under a point', () => {
    expect(nameAt(hitTest(graph, 0, 4))).toBe('all');
    expect(nameAt(hitTest(graph, 1, 0))).toBe('a');
    expect(nameAt(hitTest(graph, 1, 8))).toBe('b');
    expect(nameAt(hitTest(graph, 2, 5))).toBe('d');
    expect(nameAt(hitTest(graph, 2, 9.5))).toBe('none');
    expect(nameAt(hitTest(graph, 1, 11))).toBe('none');
    expect(nameAt(hitTest(graph, 9, 1))).toBe('none');
    expect(nameAt(hitTest(graph, -1, 1))).toBe('none');
  });

  it('agrees with looking at every node, whatever the profile', () => {
    fc.assert(
      fc.property(anyProfile, fc.double({ min: 0, max: 1, noNaN: true }), (random, share) => {
        const { graph: any } = layoutFlame(treeOf(random, 1));
        const x = share * (any.x1[0] ?? 0);
        for (let level = 0; level < any.depthCount; level++) {
          let expected = -1;
          for (let node = 0; node < any.count; node++) {
            if (any.depth[node] === level && (any.x0[node] ?? 0) <= x && x < (any.x1[node] ?? 0)) expected = node;
          }
          expect(hitTest(any, level, x)).toBe(expected);
        }
      }),
    );
  });

  it('finds what shows of a level', () => {
    const names = (level: number, from: number, to: number): string[] => {
      const { first, end } = visibleRange(graph, level, from, to);
      return Array.from({ length: end - first }, (_, i) => nameAt(first + i));
    };
    expect(names(1, 0, 11)).toEqual(['a', 'b']);
    expect(names(2, 0, 5)).toEqual(['c']);
    expect(names(2, 4, 9)).toEqual(['c', 'd', 'e']);
    expect(names(2, 4, 8)).toEqual(['c', 'd']);
    expect(names(2, 10, 11)).toEqual([]);
    expect(names(7, 0, 11)).toEqual([]);
  });

  it('finds children and ancestors', () => {
    const a = hitTest(graph, 1, 0);
    const { first, end } = childrenOf(graph, a);
    expect([nameAt(first), nameAt(end - 1)]).toEqual(['c', 'd']);
    expect(ancestorsOf(graph, first).map(nameAt)).toEqual(['all', 'a', 'c']);
    const leaf = childrenOf(graph, first);
    expect(leaf.end - leaf.first).toBe(0);
  });

  it('goes from a node to its path of names and back', () => {
    for (let node = 0; node < graph.count; node++) {
      const path = pathOfNode(graph, node, nameOf);
      expect(nodeAtPath(graph, path, nameOf)).toEqual({ node, matched: path.length });
    }
    expect(pathOfNode(graph, 0, nameOf)).toEqual([]);
    expect(nodeAtPath(graph, ['a', 'gone'], nameOf)).toEqual({ node: hitTest(graph, 1, 0), matched: 1 });
  });

  it('follows a path through the sibling of the same name that leads on', () => {
    const twins = profileFromPicture(`
      9       1
      f@a.py  f@b.py
              g
      `);
    const laidOut = layoutFlame(treeOf(twins)).graph;
    const found = nodeAtPath(laidOut, ['f', 'g'], (index) => nameOfFunction(twins, index));
    expect(found.matched).toBe(2);
    expect(laidOut.depth[found.node]).toBe(2);
  });
});

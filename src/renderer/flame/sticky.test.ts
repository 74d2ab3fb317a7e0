import { describe, expect, it } from 'vitest';
import { smallModel } from '../testing/small-model.js';
import { stickyCallers, topBelowSticky } from './sticky.js';
import { chain } from '../../core/flame/testing/chain.js';
import { framePitchPx } from './viewport.js';

describe('stickyCallers', () => {
  it('keeps nothing while nothing is scrolled away', () => {
    expect(stickyCallers(chain(50), { from: 0, to: 1, topPx: 0 })).toEqual({ nodes: [], skipped: 0 });
  });

  it('keeps the callers of what is seen below them', () => {
    expect(stickyCallers(chain(50), { from: 0, to: 1, topPx: 10 })).toEqual({ nodes: [0], skipped: 0 });
    expect(stickyCallers(chain(50), { from: 0, to: 1, topPx: 2 * framePitchPx })).toEqual({
      nodes: [2, 3],
      skipped: 2,
    });
  });

  it('says how many are left out of a deep stack', () => {
    const { nodes, skipped } = stickyCallers(chain(5000), { from: 0, to: 1, topPx: 4000 * framePitchPx });
    expect(nodes).toEqual([4000, 4001, 4002, 4003, 4004]);
    expect(skipped).toBe(4000);
  });

  it('takes the callers of the widest frame', () => {
    const { graph } = smallModel();
    // The second level holds a(6) and b(4), the third c(2) below a.
    expect(stickyCallers(graph, { from: 0, to: 10, topPx: 10 })).toEqual({ nodes: [0], skipped: 0 });
    expect(stickyCallers(graph, { from: 0, to: 10, topPx: 20 })).toEqual({ nodes: [1], skipped: 1 });
    expect(stickyCallers(graph, { from: 6, to: 10, topPx: 20 })).toEqual({ nodes: [], skipped: 0 });
  });
});

describe('topBelowSticky', () => {
  it('leaves room for the callers', () => {
    expect(topBelowSticky(2)).toBe(0);
    expect(topBelowSticky(100)).toBe(95 * framePitchPx);
  });
});

import { describe, expect, it } from 'vitest';
import { smallModel } from '../testing/small-model.js';
import { crumbsOf } from './crumbs.js';
import { clampTop, easeViewport, levelAt, positionAt, viewportOf } from './viewport.js';

const { graph } = smallModel();

describe('viewport', () => {
  it('shows a node at full width', () => {
    expect(viewportOf(graph, 2, 400)).toEqual({ from: 6, to: 10, topPx: 0 });
  });

  it('finds what is below a point', () => {
    const view = { from: 0, to: 10, topPx: 0 };
    expect(positionAt(view, 12, 124)).toBe(0);
    expect(positionAt(view, 62, 124)).toBe(5);
    expect(levelAt(view, 4, 100, false)).toBe(0);
    expect(levelAt(view, 21.9, 100, false)).toBe(0);
    expect(levelAt(view, 22.5, 100, false)).toBe(-1);
    expect(levelAt(view, 23, 100, false)).toBe(1);
    expect(levelAt({ ...view, topPx: 19 }, 4, 100, false)).toBe(1);
  });

  it('never scrolls past the ends', () => {
    expect(clampTop(graph, 500, 30)).toBe(35);
    expect(clampTop(graph, -5, 30)).toBe(0);
    expect(clampTop(graph, 500, 900)).toBe(0);
  });

  it('eases from one to the other', () => {
    const start = { from: 0, to: 10, topPx: 0 };
    const end = { from: 6, to: 10, topPx: 8 };
    expect(easeViewport(start, end, 0)).toEqual(start);
    expect(easeViewport(start, end, 1)).toEqual(end);
    const middle = easeViewport(start, end, 0.5);
    expect(middle.from).toBeGreaterThan(3);
    expect(middle.from).toBeLessThan(6);
  });
});

describe('crumbs', () => {
  it('keeps short paths and shortens long ones', () => {
    expect(crumbsOf(['a', 'b']).head.map((step) => step.text)).toEqual(['a', 'b']);
    const long = crumbsOf(['a', 'b', 'c', 'd', 'e']);
    expect(long.head.map((step) => step.length)).toEqual([1]);
    expect(long.skipped).toBe(2);
    expect(long.tail).toEqual([
      { length: 4, text: 'd', current: false },
      { length: 5, text: 'e', current: true },
    ]);
  });
});

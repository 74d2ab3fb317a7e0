import { describe, expect, it } from 'vitest';
import { buildCallNodes } from './call-tree.js';
import { functionTotals } from './function-totals.js';
import { nameOfFunction, pictureOfTree, profileFromPicture, treeOf } from './testing/pictures.js';

const draw = (picture: string): string => {
  const profile = profileFromPicture(picture);
  return pictureOfTree(treeOf(profile), (index) => nameOfFunction(profile, index));
};

describe('call tree', () => {
  it('merges stacks by function, children in order of first appearance', () => {
    expect(
      draw(`
      3  1  2  5
      a  a  a  e
      b  d  b
      c     c
      `),
    ).toBe(`all 11
  a 6
    b 5
      c 5 self 5
    d 1 self 1
  e 5 self 5`);
  });

  it('has the columns of its example', () => {
    const tree = treeOf(profileFromPicture('1  1  1\na  a  e\nb  d\nc'));
    expect(Array.from(tree.functionIndex)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(Array.from(tree.parent)).toEqual([0, 0, 1, 2, 1, 0]);
    expect(Array.from(tree.depth)).toEqual([0, 1, 2, 3, 2, 1]);
    expect(Array.from(tree.subtreeEnd)).toEqual([6, 5, 4, 4, 5, 6]);
  });

  it('tells functions of one name apart by file', () => {
    expect(
      draw(`
      1       2       4
      f@a.py  f@b.py  f@a.py
      `),
    ).toBe('all 7\n  f 5 self 5\n  f 2 self 2');
  });

  it('keeps values of the empty stack at the root', () => {
    expect(draw('4')).toBe('all 4 self 4');
  });

  it('refuses more nodes than the limit', () => {
    const profile = profileFromPicture('1\na\nb\nc');
    expect(buildCallNodes(profile, 3)).toEqual({ ok: false, limit: 3 });
    expect(buildCallNodes(profile, 4).ok).toBe(true);
  });
});

describe('function totals', () => {
  it('count recursion once', () => {
    const profile = profileFromPicture(`
      1  2  4
      f  f  g
      g  f  f
      f  g
      `);
    const { self, total } = functionTotals(treeOf(profile), profile.functions.name.length);
    const byName = Object.fromEntries(Array.from(total, (value, index) => [nameOfFunction(profile, index), value]));
    expect(byName).toEqual({ all: 7, f: 7, g: 7 });
    const selfByName = Object.fromEntries(Array.from(self, (value, index) => [nameOfFunction(profile, index), value]));
    expect(selfByName).toEqual({ all: 0, f: 5, g: 2 });
  });
});

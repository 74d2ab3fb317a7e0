import { describe, expect, it } from 'vitest';
import { smallHeader, smallModel, smallPiece } from '../testing/small-model.js';
import { FlameModel } from './model.js';

describe('FlameModel', () => {
  it('grows with its pieces and says when it is whole', () => {
    const model = new FlameModel('v');
    model.begin(smallHeader);
    const cut = (first: number, end: number) => ({
      ...smallPiece,
      first,
      last: end === 4,
      x0: smallPiece.x0.slice(first, end),
      x1: smallPiece.x1.slice(first, end),
      self: smallPiece.self.slice(first, end),
      depth: smallPiece.depth.slice(first, end),
      parent: smallPiece.parent.slice(first, end),
      functionIndex: smallPiece.functionIndex.slice(first, end),
    });
    model.appendPiece(cut(0, 2));
    expect(model.complete).toBe(false);
    expect(model.graph.count).toBe(2);
    model.appendPiece(cut(2, 4));
    expect(model.complete).toBe(true);
    expect([...model.graph.levelStart]).toEqual([0, 1, 3, 4]);
    expect(model.width(1)).toBe(6);
  });

  it('keeps pieces that overtake the header', () => {
    const model = new FlameModel('v');
    model.appendPiece(smallPiece);
    expect(model.complete).toBe(false);
    model.begin(smallHeader);
    expect(model.complete).toBe(true);
    expect(model.total).toBe(10);
  });

  it('notes a piece that does not follow', () => {
    const model = smallModel();
    model.appendPiece(smallPiece);
    expect(model.failed).toBe(true);
    expect(model.graph.count).toBe(4);
  });

  it('keeps names as they came and shows them harmless', () => {
    const model = smallModel(['all', 'a\u202eb', 'b', 'c']);
    expect(model.nameOf(1)).toBe('a\u202eb');
    expect(model.label(1)).toBe('a‹U+202E›b');
  });
});

import { describe, expect, it } from 'vitest';
import { smallHeader, smallModel, smallPiece } from '../testing/small-model.js';
import { callerPath, callersThatTell, deepestAtPath, frameAtPath, keepPath, widestFrame } from './find-frames.js';
import { FlameModel } from './model.js';

/** In time order: a with c, a gap, a with c that is wider. */
function timedModel(viewId: string): FlameModel {
  const model = new FlameModel(viewId);
  model.begin({ ...smallHeader, nodeCount: 5, total: 7, time: { startMs: 0, perMs: 1, untimed: 0 } });
  model.appendNames({
    viewId,
    first: 0,
    names: ['all', 'a', 'b', 'c'],
    files: ['', '', '', ''],
    packages: ['', '', '', ''],
    kinds: new Uint8Array(4),
    libraries: [],
    library: new Uint32Array(4),
    lines: new Uint32Array(8),
  });
  model.appendPiece({
    ...smallPiece,
    viewId,
    x0: Float64Array.of(0, 0, 5, 0, 5),
    x1: Float64Array.of(10, 2, 10, 2, 9),
    self: Float64Array.of(0, 0, 1, 2, 4),
    depth: Uint32Array.of(0, 1, 1, 2, 2),
    parent: Uint32Array.of(0, 0, 0, 1, 2),
    functionIndex: Uint32Array.of(0, 1, 1, 3, 3),
  });
  return model;
}

describe('frames', () => {
  it('are found by their path, or not at all', () => {
    const model = smallModel();
    expect(frameAtPath(model, ['a', 'c'])).toBe(3);
    expect(frameAtPath(model, ['a', 'b'])).toBe(-1);
    expect(frameAtPath(model, [])).toBe(-1);
    expect(deepestAtPath(model, ['a', 'b'])).toBe(1);
  });

  it('of one path are told apart where a path was kept of them, in that graph', () => {
    const model = timedModel('v');
    expect(frameAtPath(model, ['a', 'c'])).toBe(4);
    const kept = keepPath(model, 3);
    expect(kept).toEqual(['a', 'c']);
    expect(frameAtPath(model, kept)).toBe(3);
    expect(deepestAtPath(model, kept)).toBe(3);
    expect(frameAtPath(timedModel('w'), kept)).toBe(4);
    expect(keepPath(model, 0)).toEqual([]);
  });

  it('have callers, of which that of the one frame is meant', () => {
    const model = timedModel('v');
    const caller = callerPath(model, keepPath(model, 3), 1);
    expect(caller).toEqual(['a']);
    expect(frameAtPath(model, caller)).toBe(1);
    expect(frameAtPath(model, callerPath(model, ['a', 'c'], 1))).toBe(2);
    expect(callerPath(model, ['a', 'c'], 0)).toEqual([]);
    expect(callerPath(null, ['a', 'gone'], 1)).toEqual(['a']);
  });

  it('are as wide as what was measured, gaps not counted', () => {
    const model = timedModel('v');
    expect(model.width(0)).toBe(7);
    expect(model.width(2)).toBe(5);
  });

  it('are found by their function and its callers', () => {
    const model = smallModel();
    expect(widestFrame(model, [2])).toBe(2);
    expect(widestFrame(model, [3, 1])).toBe(3);
    expect(widestFrame(model, [3, 2])).toBe(-1);
    expect(widestFrame(model, [3, 1, 1])).toBe(-1);
    expect(widestFrame(model, [9])).toBe(-1);
  });

  it('are told apart bottom up by as few callers as it takes', () => {
    expect(callersThatTell(smallModel(), 3)).toEqual([3]);
    const model = timedModel('v');
    expect(callersThatTell(model, 4)).toEqual([3]);
    // All its callers are called like those of the wider one.
    expect(callersThatTell(model, 3)).toEqual([3, 1]);
    const twoCallers = new FlameModel('w');
    twoCallers.begin({ ...smallHeader, nodeCount: 5 });
    twoCallers.appendPiece({
      ...smallPiece,
      x0: Float64Array.of(0, 0, 6, 0, 6),
      x1: Float64Array.of(10, 6, 10, 5, 9),
      self: Float64Array.of(0, 1, 1, 5, 3),
      depth: Uint32Array.of(0, 1, 1, 2, 2),
      parent: Uint32Array.of(0, 0, 0, 1, 2),
      functionIndex: Uint32Array.of(0, 1, 2, 3, 3),
    });
    for (const node of [1, 2, 3, 4]) expect(widestFrame(twoCallers, callersThatTell(twoCallers, node))).toBe(node);
    expect(callersThatTell(twoCallers, 4)).toEqual([3, 2]);
  });
});

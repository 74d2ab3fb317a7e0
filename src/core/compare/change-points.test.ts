import { describe, expect, it } from 'vitest';
import { toDepthFirst } from '../profile/call-tree.js';
import { findChangePoints } from './change-points.js';
import type { NodeWindows } from './window-counts.js';

/** handle (1) calls twenty functions (2 to 21). */
const { nodes } = toDepthFirst(
  Uint32Array.from({ length: 22 }, (_, index) => index),
  Uint32Array.from({ length: 22 }, (_, index) => (index < 2 ? 0 : 1)),
);
const functionCount = 22;

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function poisson(mean: number, random: () => number): number {
  let count = 0;
  for (let left = Math.exp(-mean), product = random(); product > left; product *= random()) count++;
  return count;
}

/** Windows in which each function has so many samples on the mean. */
function windowsOf(count: number, seed: number, mean: (callee: number, window: number) => number): NodeWindows {
  const random = randomFrom(seed);
  const [node, samples, rowStart]: [number[], number[], number[]] = [[], [], [0]];
  for (let window = 0; window < count; window++) {
    for (let callee = 2; callee < functionCount; callee++) {
      node.push(callee);
      samples.push(poisson(mean(callee, window), random));
    }
    rowStart.push(node.length);
  }
  return {
    seconds: new Float64Array(count).fill(15),
    rowStart: Uint32Array.from(rowStart),
    node: Uint32Array.from(node),
    samples: Float64Array.from(samples),
  };
}

const usual = (callee: number): number => 10 + 3 * callee;

describe('change points', () => {
  it('are the moments at which functions went to another level, each with who did', () => {
    const windows = windowsOf(80, 7, (callee, window) => {
      if (callee === 5 && window >= 25) return 2 * usual(callee);
      if (callee === 9 && window >= 55) return 0.4 * usual(callee);
      return usual(callee);
    });
    const found = findChangePoints(nodes, functionCount, windows);
    expect(found.map(({ causes }) => causes.map(({ functionIndex }) => functionIndex))).toEqual([[5], [9]]);
    const [first, second] = found;
    expect(Math.abs((first?.window ?? 0) - 25)).toBeLessThanOrEqual(1);
    expect(Math.abs((second?.window ?? 0) - 55)).toBeLessThanOrEqual(1);
    expect([first?.from, first?.to, second?.from, second?.to]).toEqual([0, second?.window, first?.window, 80]);
    expect(second?.causes[0]?.judged.difference).toBeLessThan(0);
  });

  it('are not where only the load changed, nor where nothing did', () => {
    const load = (window: number): number => (window < 30 ? 1 : 1.8);
    const loaded = windowsOf(60, 3, (callee, window) => load(window) * usual(callee));
    expect(findChangePoints(nodes, functionCount, loaded)).toEqual([]);
    let alarms = 0;
    for (let seed = 1; seed <= 60; seed++) {
      alarms += findChangePoints(nodes, functionCount, windowsOf(40, seed * 977, usual)).length;
    }
    expect(alarms).toBeLessThanOrEqual(6);
  });

  it('cannot be told from fewer windows than a side needs', () => {
    const short = windowsOf(15, 1, (callee, window) => (window < 8 ? 1 : 3) * usual(callee));
    expect(findChangePoints(nodes, functionCount, short)).toEqual([]);
    expect(findChangePoints(nodes, functionCount, windowsOf(0, 1, usual))).toEqual([]);
  });

  it('are looked for until somebody has enough', () => {
    const onStep = (): never => {
      throw new Error('enough');
    };
    expect(() => findChangePoints(nodes, functionCount, windowsOf(40, 1, usual), { onStep })).toThrow('enough');
  });
});

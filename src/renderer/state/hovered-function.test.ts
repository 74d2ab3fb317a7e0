import { describe, expect, it } from 'vitest';
import { testContext } from '../testing/test-context.js';
import { hoveredElsewhere, hoverFunction } from './hovered-function.js';

const key = (name: string) => ({ name, file: 'x.py' });

describe('the hovered function', () => {
  it('is told to all views but the one that it is hovered in', () => {
    const context = testContext();
    const [graph, table] = [{}, {}];
    hoverFunction(context, graph, key('encode'));
    expect(hoveredElsewhere(context, table)).toEqual(key('encode'));
    expect(hoveredElsewhere(context, graph)).toBeNull();
  });

  it('is told once, however long the pointer stays on it', () => {
    const context = testContext();
    const graph = {};
    let told = 0;
    context.hoveredFunction.subscribe(() => {
      told += 1;
    });
    hoverFunction(context, graph, key('encode'));
    hoverFunction(context, graph, key('encode'));
    hoverFunction(context, graph, key('decode'));
    expect(told).toBe(2);
  });

  it('is taken back by its own view only', () => {
    const context = testContext();
    const [graph, table] = [{}, {}];
    hoverFunction(context, table, key('encode'));
    hoverFunction(context, graph, null);
    expect(hoveredElsewhere(context, graph)).toEqual(key('encode'));
    hoverFunction(context, table, null);
    expect(hoveredElsewhere(context, graph)).toBeNull();
  });
});

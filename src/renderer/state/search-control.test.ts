import { describe, expect, it } from 'vitest';
import { smallModel } from '../testing/small-model.js';
import { testContext } from '../testing/test-context.js';
import type { FlameModel } from '../flame/model.js';
import type { Context } from './context.js';
import { followSearch, stepMatch } from './search-control.js';

/** A context that shows a graph and whose search is followed. */
function searching(model: FlameModel = smallModel()): Context {
  const context = testContext();
  context.flame.set(model);
  followSearch(context);
  return context;
}
const selected = ({ store }: Context): readonly string[] => store.getState().selectedPath;

describe('a step to the next match', () => {
  it('is one of what was typed just now, not of what was searched for before', () => {
    const context = searching();
    context.store.setState({ search: 'b' });
    stepMatch(context, 1);
    expect(selected(context)).toEqual(['b']);
    context.store.setState({ search: 'c' });
    stepMatch(context, 1);
    expect(selected(context)).toEqual(['a', 'c']);
    context.store.setState({ search: '^a$', searchMode: 'regex' });
    stepMatch(context, 1);
    expect(selected(context)).toEqual(['a']);
  });

  it('is one in the graph that is there now', () => {
    const context = searching();
    context.store.setState({ search: 'b' });
    stepMatch(context, 1);
    const next = smallModel(['all', 'b', 'a', 'c']);
    context.flame.set(Object.assign(next, { viewId: 'next' }));
    context.store.setState({ selectedPath: [] });
    stepMatch(context, 1);
    expect(selected(context)).toEqual(['b']);
    expect(context.found.get()).toMatchObject({ viewId: 'next', query: 'b', mode: 'plain', frames: 1 });
    expect(context.found.get()?.matches[1]).toBe(1);
  });

  it('goes nowhere when nothing is searched for any more', () => {
    const context = searching();
    context.store.setState({ search: 'b' });
    stepMatch(context, 1);
    context.store.setState({ search: '', selectedPath: [] });
    stepMatch(context, 1);
    expect(selected(context)).toEqual([]);
  });
});

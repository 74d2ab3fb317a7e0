import { describe, expect, it } from 'vitest';
import { searchFlame } from '../../../core/flame/search.js';
import { FlameModel } from '../../flame/model.js';
import { initialState, type AppState } from '../../state/store.js';
import { smallHeader, smallModel, smallPiece } from '../../testing/small-model.js';
import { factsOf } from './facts.js';

const at = (...selectedPath: readonly string[]): AppState => ({ ...initialState(0), selectedPath });

describe('facts of a lesson', () => {
  it('tell of the selected frame what it has, and where it stands', () => {
    const facts = factsOf(at('a', 'c'), smallModel(), null);
    expect(facts).toMatchObject({ levels: 3, search: '', found: null, sandwich: false });
    expect(facts.selected).toMatchObject({ name: 'c', share: 0.2, self: 0.2, level: 2, wider: 0 });
    expect(factsOf(at('b'), smallModel(), null).selected).toMatchObject({ share: 0.4, level: 1, wider: 1 });
  });

  it('know nothing of a frame that is not there', () => {
    expect(factsOf(at(), smallModel(), null).selected).toBeNull();
    expect(factsOf(at('a', 'gone'), smallModel(), null).selected).toBeNull();
  });

  it('tell the widest frame of a function, and what a search found while there is one', () => {
    const model = smallModel(['all', 'a', 'b', 'a']);
    const found = searchFlame(model.graph, Uint8Array.of(0, 1, 0, 1));
    expect(factsOf(at(), model, found).shareOf('a')).toBe(0.6);
    expect(factsOf(at(), model, found).shareOf('none')).toBe(0);
    expect(factsOf(at(), model, found).found).toBeNull();
    expect(factsOf({ ...at(), search: 'a' }, model, found).found).toEqual({ share: 0.6, widest: 0.6 });
  });

  it('of a diff tell whose growth it is', () => {
    const model = new FlameModel('v');
    model.begin({ ...smallHeader, baselineTotal: 8, comparisonTotal: 12 });
    model.appendNames({
      viewId: 'v',
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
      baseline: Float64Array.of(8, 4, 4, 1),
      comparison: Float64Array.of(12, 8, 4, 3),
    });
    expect(factsOf(at('a'), model, null).selected?.growth).toBe(1);
    expect(factsOf(at('b'), model, null).selected?.growth).toBe(0);
    expect(factsOf(at('a', 'c'), model, null).selected?.growth).toBe(0.5);
  });
});

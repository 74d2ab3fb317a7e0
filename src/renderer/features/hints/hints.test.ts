import { describe, expect, it } from 'vitest';
import { defaultSettings, hintIds, type HintId } from '../../../contract/settings.js';
import { smallHeader } from '../../testing/small-model.js';
import { initialState, type AppState } from '../../state/store.js';
import { currentHint } from './hints.js';

const withGraph: AppState = {
  ...initialState(0),
  document: {
    kind: 'profiles',
    documentId: 'w1-1',
    origin: 'file',
    title: '',
    notes: '',
    profiles: [],
  },
  viewHeader: smallHeader,
};
const seen = (...hintsSeen: HintId[]): Pick<AppState, 'settings'> => ({ settings: { ...defaultSettings, hintsSeen } });

describe('currentHint', () => {
  it('is of a part that is on the screen, one after the other', () => {
    expect(currentHint(initialState(0))).toBeNull();
    expect(currentHint(withGraph)).toBe('flame');
    expect(currentHint({ ...withGraph, ...seen('flame') })).toBe('search');
    expect(currentHint({ ...withGraph, ...seen('flame', 'search') })).toBe('details');
    expect(currentHint({ ...withGraph, ...seen('flame', 'search'), detailsOpen: false })).toBeNull();
    expect(currentHint({ ...withGraph, ...seen('flame', 'search', 'details'), tab: 'table' })).toBe('table');
  });

  it('never comes back once it was seen', () => {
    expect(currentHint({ ...withGraph, ...seen(...hintIds) })).toBeNull();
  });

  it('does not lie over a question', () => {
    expect(currentHint({ ...withGraph, dialog: { kind: 'about' } })).toBeNull();
    expect(currentHint({ ...withGraph, paletteOpen: true })).toBeNull();
  });
});

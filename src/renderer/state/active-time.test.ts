import { describe, expect, it } from 'vitest';
import { pySpyComment } from '../../contract/pyspy.js';
import type { AppState } from './store.js';
import { shownIsPySpy } from './active-time.js';

describe('what py-spy recorded', () => {
  const state = (comments: readonly (readonly string[])[], engine?: object): AppState =>
    ({
      source: 'agent',
      document: { kind: 'selection' },
      targetId: 'mac',
      targets: [{ config: { id: 'mac' }, agent: { engine } }],
      viewSummaries: comments.map((each) => ({ comments: each })),
    }) as unknown as AppState;

  it('is known by what a profile says of itself, also in a file', () => {
    expect(shownIsPySpy(state([[pySpyComment]]))).toBe(true);
    expect(shownIsPySpy(state([['made by hand']], { kind: 'pyspy' }))).toBe(false);
    expect(shownIsPySpy(state([[pySpyComment], []]))).toBe(false);
  });

  it('is known by its source before there is a profile', () => {
    expect(shownIsPySpy(state([], { kind: 'pyspy' }))).toBe(true);
    expect(shownIsPySpy(state([]))).toBe(false);
  });
});

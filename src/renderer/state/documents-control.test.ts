import { describe, expect, it } from 'vitest';
import { suggestedName } from './documents-control.js';
import { initialState } from './store.js';
import { viewStateOf } from './documents-control.js';

describe('suggestedName', () => {
  it.each([
    ['revel_web on web-1', 'revel_web-on-web-1'],
    ['../../etc/passwd', 'etc-passwd'],
    ['a\u202Eb\u0000', 'a-b'],
    ['…', 'profile'],
    ['Größe', 'Gro-e'],
  ])('makes %j harmless', (title, name) => {
    expect(suggestedName(title)).toBe(name);
  });

  it('is never too long', () => {
    expect(suggestedName('x'.repeat(500)).length).toBeLessThanOrEqual(120);
  });
});

describe('viewStateOf', () => {
  it('keeps paths, never indices', () => {
    const state = { ...initialState(0), zoomPath: ['a'], search: 'json', tab: 'table' as const };
    expect(viewStateOf(state)).toEqual({ kind: 'flame', tab: 'table', valueIndex: 0, zoomPath: ['a'], search: 'json' });
  });
});

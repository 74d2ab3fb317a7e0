import { describe, expect, it } from 'vitest';
import { initialState } from '../state/store.js';
import { findCommands } from './find-commands.js';

const state = initialState(0);
const ids = (query: string): readonly string[] => findCommands(state, query).map(({ id }) => id);

describe('findCommands', () => {
  it('lists all that can be done, in their order, for nothing typed', () => {
    expect(ids('')).toContain('add-server');
    expect(ids('')).not.toContain('palette');
    expect(ids('')).not.toContain('save-snapshot');
  });

  it('puts titles with a word that begins so before those that have it inside', () => {
    expect(ids('the')).toEqual(['sidebar', 'details', 'toggle-theme', 'theme-contrast', 'orientation']);
    expect(ids('se')).toEqual(['add-server']);
    expect(ids('th')[0]).toBe('watches');
  });

  it('takes words in any order', () => {
    expect(ids('file open')).toEqual(['open']);
    expect(ids('file nonsense')).toEqual([]);
  });
});

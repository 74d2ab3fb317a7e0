import { describe, expect, it } from 'vitest';
import { chooseTab, closePane, focusPane, shareByKey, shareWithin, showTab, tabOn, toggleSplit } from './panes.js';
import { initialState, type AppState } from './store.js';

const one: AppState = initialState(0);
const two: AppState = { ...one, split: { other: 'table', focus: 'left' } };
/** "flame* | table": the views from left to right, a star at the one that has the focus. */
function picture(state: AppState, change: Partial<AppState>): string {
  const next = { ...state, ...change };
  const side = (which: 'left' | 'right'): string => {
    const tab = tabOn(next, which);
    return tab === undefined ? '' : `${tab}${tab === next.tab ? '*' : ''}`;
  };
  return [side('left'), side('right')].filter((text) => text !== '').join(' | ');
}

describe('two panes', () => {
  it('come with another view beside the one that is there, and go again', () => {
    expect(picture(one, toggleSplit(one))).toBe('flame* | table');
    const table: AppState = { ...one, tab: 'table' };
    expect(picture(table, toggleSplit(table))).toBe('table* | flame');
    expect(picture(two, toggleSplit(two))).toBe('flame*');
  });

  it('have the focus in turn, and each stays where it is', () => {
    const right = { ...two, ...focusPane(two, 'right') };
    expect(picture(right, {})).toBe('flame | table*');
    expect(picture(right, focusPane(right, 'right'))).toBe('flame | table*');
    expect(picture(right, focusPane(right, 'left'))).toBe('flame* | table');
    expect(picture(right, toggleSplit(right))).toBe('table*');
    expect(focusPane(one, 'right')).toEqual({});
  });

  it('show a chosen view in the one that has the focus, and go to one that is there', () => {
    expect(picture(two, chooseTab(two, 'tree'))).toBe('tree* | table');
    expect(picture(two, chooseTab(two, 'table'))).toBe('flame | table*');
    expect(picture(two, chooseTab(two, 'flame'))).toBe('flame* | table');
    expect(picture(one, chooseTab(one, 'tree'))).toBe('tree*');
  });

  it('show what another view leads to beside it', () => {
    expect(picture(two, showTab(two, 'sandwich'))).toBe('flame* | sandwich');
    expect(picture(two, showTab(two, 'table'))).toBe('flame* | table');
    expect(picture(one, showTab(one, 'sandwich'))).toBe('sandwich*');
  });

  it('are closed one by one', () => {
    expect(picture(two, closePane(two, 'left'))).toBe('table*');
    expect(picture(two, closePane(two, 'right'))).toBe('flame*');
    expect(closePane(one, 'left')).toEqual({});
  });
});

describe('the divider', () => {
  it('leaves both panes as much as they need', () => {
    expect(shareWithin(0.3, 1000)).toBe(0.3);
    expect(shareWithin(0.01, 1000)).toBe(0.24);
    expect(shareWithin(0.99, 1000)).toBe(0.76);
    expect(shareWithin(0.2, 400)).toBe(0.5);
  });

  it('is moved by keys', () => {
    expect(shareByKey('ArrowLeft', 0.5)).toBeCloseTo(0.48);
    expect(shareByKey('PageDown', 0.5)).toBeCloseTo(0.6);
    expect(shareByKey('Home', 0.5)).toBe(0);
    expect(shareByKey('Enter', 0.7)).toBe(0.5);
    expect(shareByKey('a', 0.5)).toBeUndefined();
  });
});

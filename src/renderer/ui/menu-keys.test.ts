import { describe, expect, it } from 'vitest';
import { typeAhead, type Typed } from './menu-keys.js';

const texts = ['Copy name', 'Copy stack', 'Filter', 'Focus on the function', 'Focus on this place', 'Group by'];

/** Types letters from an entry on, so many ms apart; answers the entries that have the focus after each. */
function type(letters: string, from: number, apartMs = 100): readonly number[] {
  let typed: Typed = { word: '', at: 0 };
  let focused = from;
  return Array.from(letters).map((letter, step) => {
    const found = typeAhead(texts, focused, typed, letter, 10_000 + step * apartMs);
    typed = found.typed;
    if (found.index >= 0) focused = found.index;
    return focused;
  });
}

describe('typing in a menu', () => {
  it('goes to what begins with a letter, and with the same again to the next', () => {
    expect(type('g', 0)).toEqual([5]);
    expect(type('fff', 0)).toEqual([2, 3, 4]);
    expect(type('ffff', 0)).toEqual([2, 3, 4, 2]);
  });

  it('takes letters that follow soon for one word', () => {
    expect(type('fo', 0)).toEqual([2, 3]);
    expect(type('copy', 5)).toEqual([0, 0, 0, 0]);
    expect(type('fg', 0, 2000)).toEqual([2, 5]);
  });

  it('stays where nothing begins so', () => {
    expect(type('x', 3)).toEqual([3]);
    expect(typeAhead([], -1, { word: '', at: 0 }, 'a', 1).index).toBe(-1);
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alignLines, type AlignedLine } from './align-lines.js';

/** "1>2" of a line that moved or stays, "1~2" of one that changed, "+2" of a new one, "-1" of one that is gone. */
function words(aligned: readonly AlignedLine[] | undefined): string {
  if (aligned === undefined) return 'too much differs';
  return aligned
    .map(({ before, after, changed }) => {
      if (before === 0) return `+${after}`;
      return after === 0 ? `-${before}` : `${before}${changed ? '~' : '>'}${after}`;
    })
    .join(' ');
}
const aligned = (before: string, after: string): string => words(alignLines(before.split(' '), after.split(' ')));

describe('the lines of two texts', () => {
  it('are the same ones where lines came in, went, changed and stayed', () => {
    expect(aligned('a b c', 'a b c')).toBe('1>1 2>2 3>3');
    expect(aligned('a b c', 'a x y b c')).toBe('1>1 +2 +3 2>4 3>5');
    expect(aligned('a b c d', 'a d')).toBe('1>1 -2 -3 4>2');
    expect(aligned('a b c d', 'x a B c')).toBe('+1 1>2 2~3 3>4 -4');
    expect(aligned('a b c d', 'a B C d')).toBe('1>1 2~2 3~3 4>4');
    expect(aligned('a b d', 'a B C d')).toBe('1>1 -2 +2 +3 3>4');
    expect(words(alignLines([], []))).toBe('');
    expect(words(alignLines([], ['a']))).toBe('+1');
  });

  it('are not looked for where too much differs, nor does that take long', () => {
    const lines = (count: number, mark: string): readonly string[] =>
      Array.from({ length: count }, (_, line) => `${mark} ${line}`);
    expect(alignLines(lines(50_000, 'a'), lines(50_000, 'b'))).toBeUndefined();
    // What is the same at both ends counts for nothing, however much it is.
    const ends = lines(50_000, 'same');
    expect(alignLines([...ends, 'a', ...ends], [...ends, 'b', 'c', ...ends])).toHaveLength(100_003);
  });

  const text = fc.array(fc.constantFrom('a', 'b', 'c', '', '}'), { maxLength: 30 });

  it('are all there once, in the order of both texts, and those that are one read the same', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const rows = alignLines(before, after) ?? [];
        const [old, own] = [rows.map((row) => row.before), rows.map((row) => row.after)];
        expect(old.filter((line) => line > 0)).toEqual(before.map((_, index) => index + 1));
        expect(own.filter((line) => line > 0)).toEqual(after.map((_, index) => index + 1));
        for (const row of rows) {
          expect(row.before + row.after).toBeGreaterThan(0);
          if (row.before > 0 && row.after > 0) {
            expect(before[row.before - 1] === after[row.after - 1]).toBe(!row.changed);
          } else expect(row.changed).toBe(false);
        }
      }),
    );
  });

  it('are no fewer than what was only put in between, and a text is all of itself', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat({ max: 30 }), { maxLength: 5 }), (before, places) => {
        const after: string[] = [...before];
        for (const place of places) after.splice(Math.min(place, after.length), 0, 'new');
        const same = (alignLines(before, after) ?? []).filter((row) => row.before > 0 && row.after > 0);
        expect(same).toHaveLength(before.length);
        expect(same.every(({ changed }) => !changed)).toBe(true);
      }),
    );
  });
});

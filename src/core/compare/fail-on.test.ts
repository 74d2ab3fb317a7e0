import { describe, expect, it } from 'vitest';
import { breaks, failRuleText, parseFailRules } from './fail-on.js';

const only = (text: string) => {
  const [rule] = parseFailRules(text) ?? [];
  if (rule === undefined) throw new Error(`${text} is not understood`);
  return rule;
};

describe('parseFailRules', () => {
  it('reads what people write, and writes it again', () => {
    const rules = parseFailRules('certain slower > 2%, new>0.5 %,gone');
    expect(rules).toEqual([
      { certain: true, kind: 'slower', moreThan: 0.02 },
      { certain: false, kind: 'new', moreThan: 0.005 },
      { certain: false, kind: 'gone', moreThan: 0 },
    ]);
    expect(rules?.map(failRuleText)).toEqual(['certain slower > 2%', 'new > 0.5%', 'gone']);
  });

  it.each(['', 'slow', 'slower > x%', 'slower < 2%', 'certainslower', 'slower > 2', 'slower,', 'slower > -1%'])(
    'refuses %j',
    (text) => {
      expect(parseFailRules(text)).toBeUndefined();
    },
  );
});

describe('breaks', () => {
  it.each([
    ['slower > 2%', { before: 10, after: 13, certain: false }, true],
    ['slower > 2%', { before: 10, after: 12, certain: false }, false],
    ['certain slower > 2%', { before: 10, after: 20, certain: false }, false],
    ['certain slower > 2%', { before: 10, after: 20, certain: true }, true],
    ['slower', { before: 20, after: 10, certain: true }, false],
    ['slower', { before: 0, after: 10, certain: true }, true],
    ['faster', { before: 10, after: 0, certain: true }, true],
    ['new', { before: 10, after: 20, certain: true }, false],
    ['gone', { before: 10, after: 0, certain: true }, true],
    ['changed', { before: 10, after: 9, certain: true }, true],
    ['changed', { before: 10, after: 10, certain: true }, false],
  ])('%s by %j: %s', (rule, change, expected) => {
    expect(breaks(only(rule), change, 100)).toBe(expected);
  });
});

import { describe, expect, it } from 'vitest';
import {
  abstainedWords,
  changeAmount,
  changeKind,
  changeSentence,
  intervalWords,
  outlookWords,
  overlapWords,
  scalingWords,
  type Evidence,
} from './sentences.js';

const unit = 'nanoseconds';
const whole = { before: 100e9, after: 100e9 };
const say = (text: string | undefined): string | undefined => text?.replaceAll('\u00a0', ' ');
const change = (before: number, after: number, margin = 0.1) => ({
  before: before * 1e9,
  after: after * 1e9,
  margin: margin * 1e9,
});
const evidence: Evidence = {
  windows: [40, 40],
  effectiveWindows: [40, 40],
  autocorrelation: 0,
  smallestShare: 0.004,
  secondsToSeeOnePercent: 0,
};

describe('a change in words', () => {
  it.each([
    [0, 8.1, 'new', 'new', 'f is new: 8.10 s, 8.1 % of all'],
    [2, 0, 'gone', 'gone', 'f is gone: it took 2.00 s, 2.0 % of all'],
    [10, 13.1, 'slower', '+31.0 %', 'f takes 31.0 % more'],
    [10, 42, 'slower', '+320.0 %', 'f takes 4.2 times as much'],
    [10, 9, 'faster', '−10.0 %', 'f takes 10.0 % less'],
    [10, 10, 'same', '0.0 %', 'f takes as much as before'],
  ] as const)('of %s to %s', (before, after, kind, amount, sentence) => {
    expect(changeKind(change(before, after))).toBe(kind);
    expect(say(changeAmount(change(before, after)))).toBe(amount);
    expect(say(changeSentence('f', change(before, after), unit, whole))).toBe(sentence);
  });

  it('has an interval: relative where there was something, else in the unit', () => {
    expect(say(intervalWords(change(10, 13, 0.2), unit))).toBe('+28.0 % to +32.0 %');
    expect(say(intervalWords(change(10, 2, 4), unit))).toBe('−100.0 % to −40.0 %');
    expect(say(intervalWords(change(0, 3, 0.5), unit))).toBe('+2.50 s to +3.50 s');
    expect(say(intervalWords(change(0.1, 3, 0.5), unit))).toBe('+2.40 s to +3.40 s');
  });
});

describe('the evidence in words', () => {
  it('says the smallest change, and what more would show', () => {
    expect(say(outlookWords(evidence))).toBe('Smallest change these data show: 0.4 % of all.');
    expect(say(outlookWords({ ...evidence, smallestShare: 0.03, secondsToSeeOnePercent: 330 }))).toBe(
      'Smallest change these data show: 3.0 % of all. Need about 6 minutes more on each side to see 1 %.',
    );
    expect(say(outlookWords({ ...evidence, smallestShare: 1, secondsToSeeOnePercent: Infinity }))).toBe(
      'Smallest change these data show: 100.0 % of all.',
    );
  });

  it('says why it abstains', () => {
    expect(abstainedWords(evidence)).toBeUndefined();
    const few = { ...evidence, abstained: 'few-windows', windows: [20, 4], secondsToSeeOnePercent: 60 } as const;
    expect(say(abstainedWords(few))).toBe(
      '20 + 4 windows: fewer than 8 on a side cannot tell a change from chance, so nothing is called certain. About 1 minute more on each side would help.',
    );
    expect(abstainedWords({ ...few, windows: [20, 0] })).toBe('Side B has no window, so there is nothing to judge by.');
    const alike = {
      ...evidence,
      abstained: 'autocorrelated',
      effectiveWindows: [5.2, 6],
      autocorrelation: 0.8,
    } as const;
    expect(abstainedWords(alike)).toContain('they tell as much as 5 independent ones');
  });

  it('says that windows overlap', () => {
    expect(overlapWords(evidence)).toBeUndefined();
    expect(overlapWords({ overlapping: [1, 0] })).toBe(
      'Windows overlap in time, as where a clock was set back: 1 of A begins before the one before has ended. All of them count.',
    );
    expect(overlapWords({ overlapping: [2, 3] })).toContain('2 of A begin and 3 of B begin before');
  });

  it('says how the sides were made comparable', () => {
    expect(say(scalingWords({ by: 'relative', load: 1.18 }, true, 'cpu'))).toBe(
      'Relative to what did not move, because the load differs by 18.0 %',
    );
    expect(say(scalingWords({ by: 'relative', load: 1.18 }, false, 'cpu'))).toBe(
      'Relative to what did not move: the load differs by 18.0 %',
    );
    expect(scalingWords({ by: 'relative' }, true, 'cpu')).toBe('Relative to what did not move');
    expect(say(scalingWords({ by: 'absolute', load: 1.001 }, true, 'cpu'))).toBe(
      'Absolute, CPU time a second: the load is the same',
    );
    expect(scalingWords({ by: 'absolute' }, false, 'alloc_space')).toBe('Absolute, alloc space a second');
    expect(scalingWords({ by: 'work' }, false, 'cpu')).toBe('Per unit of work');
  });
});

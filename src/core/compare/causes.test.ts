import { describe, expect, it } from 'vitest';
import { profileFromPicture, nameOfFunction, treeOf } from '../profile/testing/pictures.js';
import { functionTotals } from '../profile/function-totals.js';
import { findCauses } from './causes.js';
import type { Judged } from './judge-tree.js';
import { absent } from './match-functions.js';
import { mergeTrees } from './merge-trees.js';

/** A picture with a column for each "a;b 3". */
function pictureOf(stacks: readonly string[]): string {
  const columns = stacks.map((stack) => {
    const [path = '', count = ''] = stack.split(' ');
    return [count, ...path.split(';')];
  });
  const depth = Math.max(...columns.map((column) => column.length));
  const line = (level: number): string => columns.map((column) => (column[level] ?? '').padEnd(10)).join('');
  return Array.from({ length: depth }, (_, level) => line(level)).join('\n');
}

/** Of the causes that were found last. */
let amounts: readonly number[] = [];

/** Names of the causes, most first, and who inherits; every difference of at least `least` is certain. */
function causesOf(
  stacksBefore: readonly string[],
  stacksAfter: readonly string[],
  least = 5,
  saysNothing: (name: string) => boolean = () => false,
): readonly string[] {
  const [before, after] = [profileFromPicture(pictureOf(stacksBefore)), profileFromPicture(pictureOf(stacksAfter))];
  const side = (profile: typeof before) => ({
    tree: treeOf(profile),
    functions: {
      functionCount: profile.functions.name.length,
      nameOf: (index: number) => ({ name: nameOfFunction(profile, index), file: '' }),
    },
    durationNs: 1,
    period: 1,
  });
  const tree = mergeTrees(side(before), side(after), { by: 'absolute' });
  const count = tree.comparisonFunction.length;
  const judged = (from: number, to: number): Judged => {
    const difference = to - from;
    return {
      before: from,
      after: to,
      difference,
      margin: 1,
      p: 0,
      certain: Math.abs(difference) >= least,
      smallestFound: 1,
    };
  };
  const [a, b] = [tree.baseline, tree.comparison].map((values) => functionTotals({ ...tree, ...values }, count).total);
  const nodes = new Map(
    Array.from(tree.baseline.total, (from, node) => [node, judged(from, tree.comparison.total[node] ?? 0)]),
  );
  const functions = new Map(Array.from({ length: count }, (_, f) => [f, judged(a?.[f] ?? 0, b?.[f] ?? 0)]));
  const name = (index: number): string => {
    const own = tree.comparisonFunction[index] ?? absent;
    return own === absent ? nameOfFunction(before, tree.baselineFunction[index] ?? 0) : nameOfFunction(after, own);
  };
  const causes = findCauses(tree, tree.baseline.total, tree.comparison.total, { nodes, functions }, (index) =>
    saysNothing(name(index)),
  );
  amounts = causes.map(({ judged: { difference } }) => difference);
  return causes.map(({ functionIndex, inheritedBy }) => [name(functionIndex), ...inheritedBy.map(name)].join(' < '));
}

describe('causes', () => {
  it('are the callees that changed, not who calls them', () => {
    expect(causesOf(['main;old 60', 'main;work 30'], ['main;old 60', 'main;work 60'])).toEqual(['work < main']);
  });

  it('are the topmost of those that change together', () => {
    const stacks = (count: number): readonly string[] => [
      'main;old 50',
      `main;name;sql;send ${count}`,
      `main;name;sql;poll ${count}`,
    ];
    expect(causesOf(stacks(4), stacks(40))).toEqual(['name < main']);
  });

  it('tell of a function only what is not another cause', () => {
    const stacks = (asked: number, polled: number): readonly string[] => [
      `main;name;sql;poll ${asked}`,
      'main;list;text 50',
      `main;list;poll ${polled}`,
    ];
    expect(causesOf(stacks(10, 20), stacks(100, 32))).toEqual(['name < main', 'poll < list < main']);
    expect(amounts).toEqual([90, 12]);
  });

  it('are new functions by themselves below a caller that stays, the largest first', () => {
    expect(causesOf(['handle 100'], ['handle 100', 'handle;count 30', 'handle;hash 90'])).toEqual([
      'hash < handle',
      'count < handle',
    ]);
  });

  it('are both of one that grows and one that shrinks in the same caller', () => {
    expect(causesOf(['main;x 60', 'main;y 40'], ['main;x 20', 'main;y 70'])).toEqual(['x < main', 'y < main']);
    expect(causesOf(['main;x 60', 'main;y 40'], ['main;x 20', 'main;y 81'])).toEqual(['y', 'x']);
  });

  it('are no functions that are only called from elsewhere', () => {
    expect(causesOf(['a;f 40', 'b 60'], ['a 40', 'b;f 40', 'b 20'])).toEqual([]);
  });

  it('are none where nothing is certain', () => {
    expect(causesOf(['a 40', 'b 60'], ['a 41', 'b 61'])).toEqual([]);
  });

  describe('of functions that say nothing', () => {
    const silent = (name: string): boolean => name.startsWith('_');
    const causes = (before: readonly string[], after: readonly string[]): readonly string[] =>
      causesOf(before, after, 5, silent);

    it('are what they call', () => {
      expect(causes(['main;run 50'], ['main;run 50', 'main;run;_call;dumps 40'])).toEqual([
        'dumps < _call < run < main',
      ]);
      expect(causes(['run 50'], ['run 50', 'run;_call;dumps 40', 'run;_call;loads 30'])).toEqual([
        'dumps < _call < run',
        'loads < _call < run',
      ]);
    });

    it('are who calls them, when as much of that changed', () => {
      expect(causes(['main;loop 4', 'main;_eval 9'], ['main;loop;_eval 80', 'main;loop 4', 'main;_eval 9'])).toEqual([
        'loop < main',
      ]);
    });

    it('are themselves where nobody else changed as much', () => {
      expect(causes(['main 500'], ['main 500', 'main;_collect 40'])).toEqual(['_collect < main']);
    });
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { profileFromPicture } from '../profile/testing/pictures.js';
import { f64At } from '../profile/columns.js';
import type { FrameSet, Operation } from './operation.js';
import { rewriteStacks, type Means, type Stack } from './testing/by-stack.js';
import { operate, stacksOf } from './testing/operate.js';
import { invertWithin } from './testing/invert-within.js';

const names = ['a', 'b', 'c', 'd', 'e'];
const anyStacks: fc.Arbitrary<readonly Stack[]> = fc.array(
  fc.record({ frames: fc.array(fc.constantFrom(...names), { maxLength: 9 }), value: fc.nat(20) }),
  { minLength: 1, maxLength: 30 },
);
const anySet: fc.Arbitrary<FrameSet> = fc.oneof(
  fc.constantFrom(...names).map((name): FrameSet => ({ by: 'function', name, file: '' })),
  fc
    .array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 })
    .map((path): FrameSet => ({ by: 'path', path: path.map((name) => ({ name, file: '' })) })),
  fc.subarray(names, { minLength: 1 }).map((some): FrameSet => ({ by: 'pattern', pattern: `^[${some.join('')}]$` })),
);
const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('keep', 'drop', 'focus', 'hide', 'merge', 'collapse'),
    frames: anySet,
  }),
  fc.record(
    { kind: fc.constant('collapse-recursion'), reach: fc.constantFrom('direct', 'whole'), frames: anySet },
    { requiredKeys: ['kind', 'reach'] },
  ),
  fc.constant<Operation>({ kind: 'invert' }),
);

/** What a set means of a stack's names; the judge has one name for every collapsed set. */
const means: Means = (operation, frames, at) => {
  const set = 'frames' in operation ? operation.frames : undefined;
  if (set === undefined) return operation.kind === 'collapse-recursion';
  const name = frames[at] ?? '';
  switch (set.by) {
    case 'function':
      return name === set.name;
    case 'path':
      return at === set.path.length - 1 && set.path.every((key, index) => frames[index] === key.name);
    case 'pattern':
      return new RegExp(set.pattern).test(name);
    case 'file':
    case 'library':
    case 'package':
    case 'kind':
    case 'interpreter':
      throw new Error(set.by);
  }
};

const profileOf = (stacks: readonly Stack[]): ReturnType<typeof profileFromPicture> => {
  const height = Math.max(...stacks.map(({ frames }) => frames.length));
  const rows = [
    stacks.map(({ value }) => String(value)),
    ...Array.from({ length: height }, (_, row) => stacks.map(({ frames }) => frames[row] ?? '')),
  ];
  return profileFromPicture(rows.map((row) => row.map((cell) => cell.padEnd(6)).join('')).join('\n'));
};

/** Frames that stand for a set are called as the judge calls them; two sets in one list are then alike, so one is enough. */
const plain = (stacks: Map<string, number>): Record<string, number> => {
  const sums: Record<string, number> = {};
  for (const [stack, value] of stacks) {
    const key = stack.replace(/\[[^;]*\](?=;|$)/g, '[set]');
    sums[key] = (sums[key] ?? 0) + value;
  }
  return sums;
};
const onlyOneCollapse = (operations: readonly Operation[]): boolean =>
  operations.filter(({ kind }) => kind === 'collapse').length <= 1;

describe('operations on random stacks', () => {
  it('do to the tree what the specification does to each stack', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyStacks,
        fc.array(anyOperation, { maxLength: 4 }).filter(onlyOneCollapse),
        async (stacks, operations) => {
          const outcome = await operate(profileOf(stacks), operations);
          if (!outcome.ok) throw new Error(outcome.reason);
          expect(plain(stacksOf(outcome.value))).toEqual(Object.fromEntries(rewriteStacks(operations, stacks, means)));
        },
      ),
      { numRuns: 250 },
    );
  });

  it('keep the total, but for keep, drop and focus; and leave a sound tree', async () => {
    await fc.assert(
      fc.asyncProperty(anyStacks, fc.array(anyOperation, { maxLength: 4 }), async (stacks, operations) => {
        const outcome = await operate(profileOf(stacks), operations);
        if (!outcome.ok) throw new Error(outcome.reason);
        const { tree } = outcome.value;
        const all = stacks.reduce((sum, { value }) => sum + value, 0);
        if (operations.every(({ kind }) => kind !== 'keep' && kind !== 'drop' && kind !== 'focus')) {
          expect(f64At(tree.total, 0)).toBe(all);
        }
        expect(f64At(tree.total, 0)).toBeLessThanOrEqual(all);
        const siblings = new Set<string>();
        for (let node = 1; node < tree.nodeCount; node++) {
          const parent = tree.parent[node] ?? 0;
          expect(parent).toBeLessThan(node);
          expect(tree.depth[node]).toBe((tree.depth[parent] ?? 0) + 1);
          expect(tree.subtreeEnd[node]).toBeLessThanOrEqual(tree.subtreeEnd[parent] ?? 0);
          siblings.add(`${parent} ${tree.functionIndex[node] ?? 0}`);
        }
        expect(siblings.size).toBe(tree.nodeCount - 1);
      }),
      { numRuns: 150 },
    );
  });

  it('inverted with a narrowest width, show all callers that are wider, with the same totals', () => {
    fc.assert(
      fc.property(anyStacks, fc.nat(40), (stacks, narrowest) => {
        const profile = profileOf(stacks);
        const whole = invertWithin(profile, 0);
        const narrowed = invertWithin(profile, narrowest);
        const wide = new Map([...whole].filter(([path, total]) => path === '' || total >= narrowest));
        expect(narrowed).toEqual(wide);
      }),
    );
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createProfileBuilder } from '../profile/builder.js';
import { functionTotals } from '../profile/function-totals.js';
import { toBytes } from '../profile/testing/pictures.js';
import type { Profile } from '../profile/profile.js';
import { operate } from '../operations/testing/operate.js';
import { hotLines, hottestLine, lineCosts, nextHotLine, type LineCosts } from './line-costs.js';

/** A profile of stacks such as "f:3 g:7", outermost first, each with its count. A frame's file is app.py, or behind "@". */
function profileOf(stacks: Readonly<Record<string, number>>): Profile {
  const builder = createProfileBuilder(1);
  const locations = new Map<string, number>();
  const locationOf = (text: string): number => {
    const known = locations.get(text);
    if (known !== undefined) return known;
    const [, name = '', line = '0', file = 'app.py'] = /^(\w+)(?::(\d+))?(?:@(.*))?$/.exec(text) ?? [];
    const location = builder.location(0, 0n);
    const called = builder.function({
      name: builder.string(toBytes(name)),
      systemName: 0,
      file: builder.string(toBytes(file)),
      library: 0,
      startLine: 1,
    });
    builder.line(called, Number(line));
    locations.set(text, location);
    return location;
  };
  for (const [frames, count] of Object.entries(stacks)) {
    const stack = frames.split(' ').reduce((prefix, frame) => builder.stack(prefix, locationOf(frame)), 0);
    builder.sample(stack, [count]);
  }
  return builder.freeze({
    sampleTypes: [{ type: 'samples', unit: 'count' }],
    defaultValueIndex: 0,
    timeNs: 0,
    durationNs: 0,
    period: 0,
    periodType: undefined,
    comments: [],
  });
}

async function costsOf(stacks: Readonly<Record<string, number>>, file = 'app.py'): Promise<LineCosts> {
  const made = await operate(profileOf(stacks), [{ kind: 'group', by: 'line' }]);
  if (!made.ok) throw new Error(made.reason);
  const { tree, frames } = made.value;
  return lineCosts(tree, [tree], frames, file);
}

/** "3: self/total" for each line. */
function words({ line, columns: [column] }: LineCosts): string[] {
  return Array.from(line, (each, at) => `${each}: ${column?.self[at] ?? 0}/${column?.total[at] ?? 0}`);
}

describe('what lines cost', () => {
  it('is told by self and total', async () => {
    const costs = await costsOf({ 'main:2 work:5': 3, 'main:2 work:6 lib:1@lib.py': 4, 'main:3': 1 });
    expect(words(costs)).toEqual(['2: 0/7', '3: 1/1', '5: 3/3', '6: 0/4']);
    expect(costs.columns[0]).toMatchObject({ fileSelf: 4, fileTotal: 8, unknownSelf: 0 });
    expect(words(await costsOf({ 'main:2 lib:1@lib.py': 4 }, 'lib.py'))).toEqual(['1: 4/4']);
  });

  it('counts recursion once, on a line and in the file', async () => {
    const costs = await costsOf({ 'f:3': 2, 'f:4 f:3': 5, 'f:4 f:4 f:4 f:3': 10 });
    expect(words(costs)).toEqual(['3: 17/17', '4: 0/15']);
    expect(costs.columns[0]).toMatchObject({ fileSelf: 17, fileTotal: 17 });
    // Back in the file over another one.
    expect((await costsOf({ 'f:3 map:9@lib.py f:3': 6 })).columns[0]?.fileTotal).toBe(6);
  });

  it('keeps apart what the profile gives no line for', async () => {
    const costs = await costsOf({ f: 4, 'f:3': 1 });
    expect(words(costs)).toEqual(['3: 1/1']);
    expect(costs.columns[0]).toMatchObject({ fileSelf: 5, fileTotal: 5, unknownSelf: 4 });
  });

  it('knows nothing of other files, nor of no file', async () => {
    expect(words(await costsOf({ 'f:3': 1 }, 'other.py'))).toEqual([]);
    expect(words(await costsOf({ 'f:3': 1 }, ''))).toEqual([]);
  });

  it('never comes to more than the whole, and its self values to what functions have', async () => {
    const frame = fc
      .tuple(fc.constantFrom('f', 'g', 'h@lib.py'), fc.integer({ min: 0, max: 4 }))
      .map(([name, line]) => {
        const [own = '', file] = name.split('@');
        return `${own}${line === 0 ? '' : `:${line}`}${file === undefined ? '' : `@${file}`}`;
      });
    const stack = fc.array(frame, { minLength: 1, maxLength: 7 }).map((frames) => frames.join(' '));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(stack, fc.integer({ min: 1, max: 9 }), { minKeys: 1 }), async (stacks) => {
        const made = await operate(profileOf(stacks), [{ kind: 'group', by: 'line' }]);
        if (!made.ok) throw new Error(made.reason);
        const { tree, frames } = made.value;
        const [column] = lineCosts(tree, [tree], frames, 'app.py').columns;
        const whole = tree.total[0] ?? 0;
        const own = functionTotals(tree, frames.count).self.reduce(
          (sum, value, index) => (frames.frameAt(index).file === 'app.py' ? sum + value : sum),
          0,
        );
        expect(column?.fileSelf).toBe(own);
        expect(column?.fileTotal).toBeLessThanOrEqual(whole);
        const inLines = column?.self.reduce((sum, value) => sum + value, 0) ?? 0;
        expect(inLines + (column?.unknownSelf ?? 0)).toBe(own);
        column?.total.forEach((total, index) => {
          expect(total).toBeLessThanOrEqual(column.fileTotal);
          expect(total).toBeGreaterThanOrEqual(column.self[index] ?? 0);
        });
      }),
    );
  });
});

describe('hot lines', () => {
  it('begin at the line of a function that costs most', async () => {
    const costs = await costsOf({ 'f:3': 9, 'g:7': 5, 'g:8 f:3': 6, 'g:9': 1 });
    expect(costs.line[hottestLine(costs, 'f') ?? -1]).toBe(3);
    expect(costs.line[hottestLine(costs, 'g') ?? -1]).toBe(8);
    expect(hottestLine(costs, 'nobody')).toBeUndefined();
  });

  it('leave out what is less than a hundredth of the file, and go around', async () => {
    const hot = hotLines(await costsOf({ 'f:3': 1000, 'f:5': 5, 'f:9': 900 }));
    expect(hot).toEqual([3, 9]);
    expect([nextHotLine(hot, 1, 1), nextHotLine(hot, 3, 1), nextHotLine(hot, 9, 1)]).toEqual([3, 9, 3]);
    expect([nextHotLine(hot, 9, -1), nextHotLine(hot, 3, -1)]).toEqual([3, 9]);
    expect(nextHotLine([], 1, 1)).toBeUndefined();
  });
});

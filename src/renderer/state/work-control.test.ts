import { afterEach, beforeEach, expect, it } from 'vitest';
import { linksCalls, type LinksCalls, type LinksEvents } from '../../contract/links.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { serve, type Handlers } from '../../contract/rpc.js';
import type { CountedWork, WorkCounter, WorkRange } from '../../contract/work-counter.js';
import { portPair } from '../testing/port-pair.js';
import { testContext } from '../testing/test-context.js';
import { endComparison, swapSides } from './comparison-control.js';
import type { Context } from './context.js';
import { WorkControl } from './work-control.js';

const counter: WorkCounter = { prometheus: '9090', query: 'sum(requests_total)' };
const minuteMs = 60_000;
const range = (from: number, to: number): WorkRange => ({ startMs: from * minuteMs, endMs: to * minuteMs });
const [first, second, third] = [range(0, 10), range(10, 20), range(20, 40)];

let context: Context;
let control: WorkControl;
/** Ranges that work was counted in, in minutes. */
let asked: string[];
/** Set: answers come when it is called. */
let answer: ((counted: Result<CountedWork>) => void) | undefined;
let waits: boolean;

beforeEach(() => {
  [asked, answer, waits] = [[], undefined, false];
  context = testContext();
  const [near, far] = portPair();
  const words = ({ startMs, endMs }: WorkRange): string => `${startMs / minuteMs}-${endMs / minuteMs}`;
  const minutes = ({ startMs, endMs }: WorkRange): number => (endMs - startMs) / minuteMs;
  const handlers: Partial<Handlers<LinksCalls>> = {
    // A hundred requests a minute.
    'work.count': async ({ baseline, comparison }) => {
      asked.push(`${words(baseline)} and ${words(comparison)}`);
      if (waits) {
        return new Promise((resolve) => {
          answer = resolve;
        });
      }
      return ok({ baseline: 100 * minutes(baseline), comparison: 100 * minutes(comparison) });
    },
  };
  serve<LinksCalls, LinksEvents>(far, linksCalls, handlers as Handlers<LinksCalls>, (error) => {
    throw error;
  });
  context.links.attach(near);
  context.store.setState({ targetId: 'web', range: first, comparison: second });
  control = new WorkControl(context);
});
afterEach(() => {
  control.dispose();
});

const settled = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 20);
  });
const use = (workCounted: boolean): void => {
  const scale = { by: 'work', baseline: 1000, comparison: 1000 } as const;
  context.store.setState({ scale, workCounter: counter, workCounted });
};
const messages = (): readonly string[] => context.store.getState().toasts.map(({ message }) => message);

it('is counted anew in other ranges, by which nothing is compared meanwhile', async () => {
  use(true);
  await settled();
  expect(asked).toEqual([]);
  waits = true;
  context.store.setState({ comparison: third });
  expect(context.store.getState().scale).toEqual({ by: 'auto' });
  await settled();
  expect(asked).toEqual(['0-10 and 20-40']);
  answer?.(ok({ baseline: 1000, comparison: 2000 }));
  await settled();
  expect(context.store.getState().scale).toEqual({ by: 'work', baseline: 1000, comparison: 2000 });
  expect(messages()).toEqual([]);
});

it('is that of the last ranges, however they came', async () => {
  use(true);
  waits = true;
  context.store.setState({ comparison: third });
  await settled();
  waits = false;
  context.store.setState({ range: second });
  answer?.(ok({ baseline: 1, comparison: 1 }));
  await settled();
  expect(asked).toEqual(['0-10 and 20-40', '10-20 and 20-40']);
  expect(context.store.getState().scale).toEqual({ by: 'work', baseline: 1000, comparison: 2000 });
});

it('has to be said again where somebody said it', async () => {
  use(false);
  context.store.setState({ range: third });
  await settled();
  expect(asked).toEqual([]);
  expect(context.store.getState().scale).toEqual({ by: 'auto' });
  expect(messages()).toEqual(['The work that was said is that of other ranges: say it again under Per unit.']);
});

it('is not counted where another scale was chosen meanwhile, or it cannot be', async () => {
  use(true);
  waits = true;
  context.store.setState({ comparison: third });
  await settled();
  context.store.setState({ scale: { by: 'absolute' } });
  answer?.(ok({ baseline: 1, comparison: 1 }));
  await settled();
  expect(context.store.getState().scale).toEqual({ by: 'absolute' });
  use(true);
  context.store.setState({ comparison: second });
  await settled();
  answer?.(fail('not-found', 'Prometheus has no data for this expression in A.'));
  await settled();
  expect(context.store.getState().scale).toEqual({ by: 'auto' });
  expect(messages()).toEqual([
    'The work of these ranges was not counted. Prometheus has no data for this expression in A.',
  ]);
});

it('stays with ranges that it came with, and is exchanged with its sides', async () => {
  // As a link brings them.
  const scale = { by: 'work', baseline: 5, comparison: 7 } as const;
  context.store.setState({ range: second, comparison: third, scale, workCounted: false });
  swapSides(context);
  await settled();
  expect(context.store.getState()).toMatchObject({
    range: third,
    comparison: second,
    scale: { by: 'work', baseline: 7, comparison: 5 },
  });
  endComparison(context);
  await settled();
  expect(context.store.getState().scale).toEqual({ by: 'auto' });
  expect([asked, messages()]).toEqual([[], []]);
});

it('is kept while something else is looked at', async () => {
  use(true);
  const { document } = context.store.getState();
  const profiles = { kind: 'profiles', documentId: 'd1', origin: 'file', title: 'f', notes: '', profiles: [] } as const;
  context.store.setState({ document: profiles });
  context.store.setState({ document });
  await settled();
  expect(context.store.getState().scale).toEqual({ by: 'work', baseline: 1000, comparison: 1000 });
  expect(asked).toEqual([]);
});

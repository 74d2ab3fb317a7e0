import { describe, expect, it } from 'vitest';
import { fail, ok, type Result } from '../../contract/result.js';
import type { CountedWindow, WatchedWindows, WatchRule, WatchState } from '../../contract/watching.js';
import { WatchList } from './watch-list.js';

const windowMs = 15_000;
const createdMs = 1_000 * windowMs;

const hash: WatchRule = {
  id: 'hash',
  targetId: 'web-1',
  source: 'agent',
  profileType: 'cpu',
  selector: '{service_name="web"}',
  service: 'web',
  function: { name: 'hash_cart', file: 'cart.py' },
  measure: 'share',
  most: 0.05,
  createdMs,
};
const web: WatchRule = { ...hash, id: 'web', measure: 'cores', most: 2 };
delete (web as { function?: unknown }).function;

/** A source: each window has 1,000 samples of 1,000 a core, 30 of them in every function until `risesAt`, then 90. */
function bed(risesAt: number) {
  const asked: { windows: WatchedWindows; functions: number }[] = [];
  const told: WatchState[][] = [];
  const above: string[] = [];
  let end = 0;
  let failure: Result<never> | undefined;
  const list = new WatchList({
    count: (windows, functions) => {
      asked.push({ windows, functions: functions.length });
      if (failure !== undefined) return Promise.resolve(failure);
      const counted: CountedWindow[] = [];
      for (let at = Math.ceil(windows.fromMs / windowMs); at < end; at++) {
        // As even as counting is at best: what scatters is another test's.
        const count = (at < risesAt ? 30 : 90) + ((at * 7) % 11) - 5;
        const of = functions.map(() => count);
        counted.push({ startMs: at * windowMs, endMs: (at + 1) * windowMs, samples: 1000, oneCore: 1000, of });
      }
      return Promise.resolve(ok(counted));
    },
    onChange: (states) => told.push([...states]),
    onAbove: ({ id }) => above.push(id),
  });
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  return {
    list,
    asked,
    told,
    above,
    settled,
    fails: (result: Result<never> | undefined) => {
      failure = result;
    },
    goesTo: async (window: number) => {
      end = window;
      list.look('web-1');
      await settled();
    },
  };
}

const stateOf = (list: WatchList, id: string): string | undefined =>
  list.states.find(({ ruleId }) => ruleId === id)?.verdict.state;

describe('the watch list', () => {
  it('learns from the hour before, and tells once when a rule is broken for certain', async () => {
    const { list, asked, above, goesTo } = bed(1_040);
    list.setRules([hash]);
    await goesTo(1_002);
    expect(asked.at(-1)?.windows.fromMs).toBe(createdMs - 3_600_000);
    expect(stateOf(list, 'hash')).toBe('waiting');
    for (let window = 1_003; window <= 1_040; window++) await goesTo(window);
    expect(stateOf(list, 'hash')).toBe('fine');
    expect(above).toEqual([]);
    // Only what is new is asked for.
    expect(asked.at(-1)?.windows.fromMs).toBe(1_039 * windowMs);
    for (let window = 1_041; window <= 1_100; window++) await goesTo(window);
    expect(stateOf(list, 'hash')).toBe('above');
    expect(above).toEqual(['hash']);
    const since = list.states[0]?.verdict.sinceMs ?? 0;
    expect(Math.abs(since / windowMs - 1_040)).toBeLessThanOrEqual(20);
  });

  it('comes to the same when it begins anew', async () => {
    const first = bed(1_040);
    first.list.setRules([hash]);
    for (let window = 1_001; window <= 1_100; window++) await first.goesTo(window);
    const second = bed(1_040);
    second.list.setRules([hash]);
    await second.goesTo(1_100);
    expect(second.list.states).toEqual(first.list.states);
    expect(second.above).toEqual(['hash']);
  });

  it('asks once for all rules of a selection, and measures a service in cores', async () => {
    const { list, asked, goesTo } = bed(2_000);
    list.setRules([hash, web]);
    await goesTo(1_060);
    const last = asked.at(-1);
    expect(last?.functions).toBe(1);
    expect(stateOf(list, 'web')).toBe('fine');
    expect(list.states.find(({ ruleId }) => ruleId === 'web')?.verdict.measured?.mean).toBeCloseTo(1, 3);
  });

  it('finds the one of two dozen rules that is broken, and asks for all of them at once', async () => {
    const { list, asked, told, above, goesTo } = bed(1_060);
    const rules = Array.from({ length: 24 }, (_, at): WatchRule => ({
      ...hash,
      id: `rule-${at}`,
      function: { name: `function_${at}`, file: '' },
      // Of what rises to 9 % only the last rule knows nothing yet of more than 5 %.
      most: at === 23 ? 0.05 : 0.2,
    }));
    list.setRules(rules);
    for (let window = 1_001; window <= 1_140; window++) await goesTo(window);
    expect(asked.at(-1)).toEqual({
      windows: expect.objectContaining({ fromMs: 1_139 * windowMs }) as WatchedWindows,
      functions: 24,
    });
    // One look, one request and one message for all of them.
    expect(asked).toHaveLength(141);
    expect(told.at(-1)).toHaveLength(24);
    expect(above).toEqual(['rule-23']);
    expect(rules.slice(0, 23).map(({ id }) => stateOf(list, id))).toEqual(rules.slice(0, 23).map(() => 'fine'));
    // A rule more or less does not begin the others anew.
    list.setRules(rules.slice(1));
    expect(stateOf(list, 'rule-23')).toBe('above');
    expect(stateOf(list, 'rule-0')).toBeUndefined();
  });

  it('keeps what it knows while a source fails, and of rules that stay', async () => {
    const { list, goesTo, fails } = bed(2_000);
    list.setRules([hash]);
    await goesTo(1_060);
    fails(fail('agent-not-running', 'No agent runs there.'));
    await goesTo(1_061);
    expect(list.states[0]).toMatchObject({ failure: 'No agent runs there.', verdict: { state: 'fine' } });
    fails(undefined);
    list.setRules([hash, web]);
    expect(stateOf(list, 'hash')).toBe('fine');
    expect(stateOf(list, 'web')).toBe('waiting');
    list.setRules([web]);
    expect(stateOf(list, 'hash')).toBeUndefined();
  });

  it('looks where something is watched only', async () => {
    const { list, asked, settled } = bed(2_000);
    list.setRules([{ ...hash, source: 'pyroscope' }]);
    await settled();
    const before = asked.length;
    list.look('another');
    await settled();
    expect(asked.length).toBe(before);
    list.lookAtPyroscopes();
    await settled();
    expect(asked.length).toBe(before + 1);
  });
});

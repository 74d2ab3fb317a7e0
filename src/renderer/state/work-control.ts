import type { Scale } from '../../contract/decoder.js';
import { fail, type Result } from '../../contract/result.js';
import type { Selection } from '../../contract/selection.js';
import type { CountedWork, WorkCounter } from '../../contract/work-counter.js';
import type { Context } from './context.js';
import { withoutStep } from './history-control.js';
import { selectionsOf, sidesOf } from './sides.js';
import type { AppState } from './store.js';
import { showFailure, showInfo } from './toasts.js';

type Sides = readonly (Selection | null)[];

/** Whether work can be counted by somebody else: both sides are ranges of a source, or snapshots of such. */
export function hasWorkRanges({ viewWindows }: AppState): boolean {
  return viewWindows.length === 2 && viewWindows.every((side) => side !== null);
}

/** Reads how much work was done in both ranges on the screen. What was asked is kept for the next comparison. */
export async function countWork(
  context: Context,
  counter: WorkCounter,
  signal: AbortSignal,
): Promise<Result<CountedWork>> {
  const { store } = context;
  const { viewWindows } = store.getState();
  if (!hasWorkRanges(store.getState())) return fail('invalid-input', 'A file says no time to count in: count by hand.');
  store.setState({ workCounter: counter });
  return countIn(context, counter, viewWindows, signal);
}

async function countIn(
  { links }: Context,
  counter: WorkCounter,
  [baseline, comparison]: Sides,
  signal: AbortSignal,
): Promise<Result<CountedWork>> {
  if (baseline == null || comparison == null) {
    return fail('invalid-input', 'A file says no time to count in: count by hand.');
  }
  const range = ({ startMs, endMs }: Selection) => ({ startMs, endMs });
  const ranges = { baseline: range(baseline), comparison: range(comparison) };
  return links.query('work.count', { targetId: comparison.targetId, counter, ...ranges }, signal);
}

/**
 * Work belongs to the ranges that it was done in. When these change, a comparison by it is one by other means at once; what a Prometheus
 * counted is counted anew and taken again, what somebody said has to be said again.
 */
export class WorkControl {
  readonly #context: Context;
  readonly #end: () => void;
  /** Of the comparison that the work is of. */
  #ranges: string;
  #scale: Scale;
  #counting: AbortController | undefined;

  constructor(context: Context) {
    this.#context = context;
    const state = context.store.getState();
    this.#scale = state.scale;
    this.#ranges = rangesOf(selectionsOf(sidesOf(state))) ?? '';
    this.#end = context.store.subscribe((now) => {
      this.#follow(now);
    });
  }

  dispose(): void {
    this.#end();
    this.#counting?.abort();
  }

  #follow(state: AppState): void {
    const { scale } = state;
    const chosen = scale !== this.#scale;
    this.#scale = scale;
    if (scale.by !== 'work' && this.#counting === undefined) return;
    const sides = selectionsOf(sidesOf(state));
    const ranges = rangesOf(sides) ?? this.#ranges;
    if (!chosen && ranges === this.#ranges) return;
    const isFirst = this.#ranges === '';
    this.#ranges = ranges;
    this.#counting?.abort();
    this.#counting = undefined;
    // Work that comes together with ranges is theirs: that of a link, or of what was on the screen before.
    if (chosen || isFirst) return;
    const { workCounter, workCounted } = state;
    this.#choose({ by: 'auto' });
    if (workCounted && workCounter !== null)
      void this.#count(workCounter, sides); // shows its failure
    else showInfo(this.#context.store, 'The work that was said is that of other ranges: say it again under Per unit.');
  }

  #choose(scale: Scale): void {
    this.#scale = scale;
    // Of these ranges it is what it has to be.
    this.#context.store.setState((state) => withoutStep(state, { scale }));
  }

  async #count(counter: WorkCounter, sides: Sides): Promise<void> {
    const { store } = this.#context;
    const controller = new AbortController();
    this.#counting = controller;
    const counted = await countIn(this.#context, counter, sides, controller.signal);
    if (controller.signal.aborted) return;
    this.#counting = undefined;
    if (counted.ok) this.#choose({ by: 'work', ...counted.value });
    else {
      const { message } = counted.failure;
      showFailure(store, { ...counted.failure, message: `The work of these ranges was not counted. ${message}` });
    }
  }
}

/** What tells the ranges of a comparison apart; undefined where there are no two sides. */
function rangesOf(sides: Sides): string | undefined {
  if (sides.length !== 2) return undefined;
  return JSON.stringify(sides.map((side) => (side === null ? null : [side.startMs, side.endMs])));
}

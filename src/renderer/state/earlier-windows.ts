import type { WindowsCost } from '../../contract/links.js';
import type { Failure } from '../../contract/result.js';
import type { Selection } from '../../contract/selection.js';
import { earlierSpan } from '../../core/compare/earlier-pairs.js';
import type { Context } from './context.js';
import type { WindowFetcher } from './window-fetcher.js';

/** How far judging a comparison by earlier pairs of ranges is. */
export type EarlierState =
  | { readonly phase: 'idle' }
  /** Sides are of two services, too long, or somebody cancelled. */
  | { readonly phase: 'none'; readonly why: 'other-sides' | 'too-long' | 'cancelled' }
  /** A source has to be asked many times: only after somebody said so. */
  | { readonly phase: 'cost'; readonly cost: WindowsCost }
  | { readonly phase: 'loading'; readonly done: number; readonly of: number }
  /** They are here, and are compared in the decoder. */
  | { readonly phase: 'judging' }
  /** The judgement says what came of it. */
  | { readonly phase: 'ready' }
  | { readonly phase: 'failed'; readonly failure: Failure };

/** The range before both sides in which pairs like them lie, or why there is none. */
function earlierSelection(
  [baseline, comparison]: readonly [Selection, Selection],
  windowMs: number,
): Selection | 'other-sides' | 'too-long' {
  const alike = (['targetId', 'source', 'profileType', 'selector'] as const).every(
    (part) => baseline[part] === comparison[part],
  );
  if (!alike) return 'other-sides';
  const span = earlierSpan(baseline, comparison, windowMs);
  return span === undefined ? 'too-long' : { ...comparison, ...span };
}

/** The windows before both sides of a comparison: fetched once, and held as long as the same sides are compared. */
export class EarlierWindows {
  readonly #context: Context;
  readonly #fetcher: WindowFetcher;
  #held: { readonly key: string; readonly id: string } | undefined;
  #agreed = '';
  #cancelled = '';

  constructor(context: Context, fetcher: WindowFetcher) {
    this.#context = context;
    this.#fetcher = fetcher;
  }

  /** What is held of these sides. */
  heldOf(sides: readonly [Selection, Selection]): string | undefined {
    return this.#held?.key === JSON.stringify(sides) ? this.#held.id : undefined;
  }

  /** Whatever it costs, or again after a failure. */
  agree(sides: readonly unknown[]): void {
    this.#agreed = JSON.stringify(sides);
    this.#cancelled = '';
  }

  /** Of these sides no earlier windows are wanted until somebody agrees. */
  cancel(sides: readonly unknown[]): void {
    this.#cancelled = JSON.stringify(sides);
    this.#agreed = '';
  }

  /** The id of the windows; null where there are none, which the state tells. */
  async fetch(sides: readonly [Selection, Selection], windowMs: number, signal: AbortSignal): Promise<string | null> {
    const held = this.heldOf(sides);
    if (held !== undefined) return held;
    const key = JSON.stringify(sides);
    const tell = (earlier: EarlierState): null => {
      if (!signal.aborted) this.#context.store.setState({ earlier });
      return null;
    };
    if (this.#cancelled === key) return tell({ phase: 'none', why: 'cancelled' });
    const selection = earlierSelection(sides, windowMs);
    if (typeof selection === 'string') return tell({ phase: 'none', why: selection });
    const wanted = { selection, windowMs };
    const cost = await this.#context.links.query('windows.cost', wanted, signal);
    if (!cost.ok) return tell({ phase: 'failed', failure: cost.failure });
    const { requests, windows } = cost.value;
    if (requests > 0 && this.#agreed !== key) return tell({ phase: 'cost', cost: cost.value });
    tell({ phase: 'loading', done: 0, of: windows });
    const fetched = await this.#fetcher.fetch(wanted, signal, (done) => {
      tell({ phase: 'loading', done, of: windows });
    });
    if (!fetched.ok) return tell({ phase: 'failed', failure: fetched.failure });
    if (signal.aborted) {
      this.#fetcher.release([fetched.value]);
      return null;
    }
    this.release();
    this.#held = { key, id: fetched.value };
    return fetched.value;
  }

  release(): void {
    if (this.#held !== undefined) this.#fetcher.release([this.#held.id]);
    this.#held = undefined;
  }
}

import type { WindowsCost } from '../../contract/links.js';
import type { Failure } from '../../contract/result.js';
import type { Selection } from '../../contract/selection.js';
import type { TimeChange, TimeChanges } from '../../contract/time-changes.js';
import type { Context } from './context.js';
import type { AppState } from './store.js';
import { watch } from './watch.js';

/** How far the search for the moments of change in what is shown is. */
export type MomentsState =
  | { readonly phase: 'idle' }
  /** A source has to be asked many times: only after somebody said so. */
  | { readonly phase: 'cost'; readonly cost: WindowsCost }
  | { readonly phase: 'loading'; readonly done: number }
  | { readonly phase: 'ready'; readonly found: TimeChanges }
  | { readonly phase: 'failed'; readonly failure: Failure };

/** What moments can be looked for in: one selection, as it is. Undefined for files, snapshots and comparisons. */
function subjectOf({
  viewSides,
  viewProfiles,
}: AppState): { readonly selection: Selection; readonly profileId: string } | undefined {
  const [selection, ...others] = viewSides;
  const [profile] = viewProfiles;
  if (selection == null || profile === undefined || others.length > 0) return undefined;
  return { selection, profileId: profile.profileId };
}

/** Whether there is something to look for moments in. */
export function hasMoments(state: AppState): boolean {
  return subjectOf(state) !== undefined;
}

/** Looks for the moments at which functions of what is shown changed, when it is asked to. */
export class MomentsControl {
  readonly #context: Context;
  readonly #ends: (() => void)[];
  readonly #progress = new Map<string, (done: number) => void>();
  #running: AbortController | undefined;

  constructor(context: Context) {
    this.#context = context;
    this.#ends = [
      context.links.on('windows.progress', ({ requestId, done }) => {
        this.#progress.get(requestId)?.(done);
      }),
      // What was found stays while Live goes on, and goes with the range or service that it was looked for in.
      watch(
        context.store,
        ({ targetId, source, selector, profileType, preset, spanMs, range, comparison }) =>
          JSON.stringify([targetId, source, selector, profileType, preset, spanMs, range, comparison]),
        () => {
          this.cancel();
        },
      ),
    ];
  }

  /** Looks; `agreed`: somebody knows what it costs. */
  async find(agreed: boolean): Promise<void> {
    const { store, links, decoder, newId } = this.#context;
    const subject = subjectOf(store.getState());
    if (subject === undefined) return;
    this.#running?.abort();
    const controller = new AbortController();
    const { signal } = controller;
    this.#running = controller;
    const tell = (moments: MomentsState): void => {
      if (!signal.aborted) store.setState({ moments });
    };
    const { selection } = subject;
    const cost = await links.query('windows.cost', { selection }, signal);
    if (!cost.ok) {
      tell({ phase: 'failed', failure: cost.failure });
      return;
    }
    if (cost.value.requests > 0 && !agreed) {
      tell({ phase: 'cost', cost: cost.value });
      return;
    }
    tell({ phase: 'loading', done: 0 });
    const requestId = newId('windows');
    this.#progress.set(requestId, (done) => {
      tell({ phase: 'loading', done });
    });
    const fetched = await links.query('windows.fetch', { requestId, selection }, signal);
    this.#progress.delete(requestId);
    if (!fetched.ok) {
      tell({ phase: 'failed', failure: fetched.failure });
      return;
    }
    const { windowsId } = fetched.value;
    // Live may have let go of the profile of before; the one after it has the same stacks and more.
    const profileId = subjectOf(store.getState())?.profileId ?? subject.profileId;
    const found = await decoder.call('profile.changes', { profileId, windowsId }, signal);
    void links.call('profile.release', { profileId: windowsId }); // gone is as good
    tell(found.ok ? { phase: 'ready', found: found.value } : { phase: 'failed', failure: found.failure });
  }

  /** Stops looking, and forgets what was found. */
  cancel(): void {
    this.#running?.abort();
    this.#running = undefined;
    this.#context.store.setState({ moments: { phase: 'idle' } });
  }

  dispose(): void {
    for (const end of this.#ends) end();
    this.#running?.abort();
  }
}

/** Compares what was before a moment with what was behind it. */
export function compareAtMoment({ store }: Context, { fromMs, atMs, toMs }: TimeChange): void {
  const span = Math.min(atMs - fromMs, toMs - atMs);
  store.setState({
    range: { startMs: atMs - span, endMs: atMs },
    comparison: { startMs: atMs, endMs: atMs + span },
    baseline: null,
    live: false,
  });
}

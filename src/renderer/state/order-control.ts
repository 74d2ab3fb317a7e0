import type { LabelKey } from '../../contract/operations.js';
import type { Context } from './context.js';
import { showsGraph, showTab } from './panes.js';
import type { TimeOrder } from './store.js';
import { showFailure } from './toasts.js';

/** Lays frames out as their samples were taken; of the threads that were sampled, the busiest. What is zoomed to is let go: it is elsewhere now. */
export async function showTimeOrder({ store, decoder }: Context): Promise<void> {
  const { viewSource: source, operations } = store.getState();
  if (source?.kind !== 'flame') return;
  const { profileId, valueIndex } = source;
  const threads = await decoder.query('profile.threads', { profileId, valueIndex, operations: [...operations] });
  if (!threads.ok) {
    showFailure(store, threads.failure);
    return;
  }
  const order: TimeOrder = { thread: threads.value[0]?.thread ?? null };
  store.setState((state) => {
    if (state.viewSource !== source) return {}; // something else was chosen meanwhile
    return { ...(showsGraph(state) ? {} : showTab(state, 'flame')), timeOrder: order, zoomPath: [] };
  });
}

/** Lays frames out by their width, of all threads. */
export function showLeftHeavy({ store }: Context): void {
  store.setState({ timeOrder: null, zoomPath: [] });
}

/** From the one order to the other. */
export async function switchOrder(context: Context): Promise<void> {
  if (context.store.getState().timeOrder === null) await showTimeOrder(context);
  else showLeftHeavy(context);
}

/** Shows another thread in time order; null: all of them. */
export function chooseThread({ store }: Context, thread: LabelKey | null): void {
  store.setState({ timeOrder: { thread }, zoomPath: [] });
}

import { pySpyComment } from '../../contract/pyspy.js';
import type { AppState } from './store.js';
import { currentTarget } from './targets-control.js';

/** What py-spy counts, in the place of CPU time. */
export const activeTime = 'Active time';
export const activeTimeExplained =
  'Time in which py-spy found a thread active: running, or able to run. This is not CPU time. A thread that waits looks active for a moment after py-spy stopped its process, and on a busy machine for longer.';

/** Whether what the chosen target's own source has was recorded by py-spy. */
export function sourceIsPySpy(state: AppState): boolean {
  return state.source === 'agent' && currentTarget(state)?.agent.engine !== undefined;
}

/** Whether what is shown, or will be, was recorded by py-spy: the profile says it, else its source. */
export function shownIsPySpy(state: AppState): boolean {
  const { viewSummaries, document } = state;
  if (viewSummaries.length > 0) return viewSummaries.every(({ comments }) => comments.includes(pySpyComment));
  return document.kind === 'selection' && sourceIsPySpy(state);
}

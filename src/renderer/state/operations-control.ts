import type { FrameKey, FrameSet, Operation } from '../../contract/operations.js';
import { choosesSamples } from '../../core/operations/operation.js';
import { timeLabel } from '../../core/profile/sample-times.js';
import type { Context } from './context.js';
import type { AppState } from './store.js';

/** One less than the limit of the contract: the thread of a time order comes first. */
export const mostOperations = 63;

/** Whether frames keep their places under an operation, so that zoom and selection still name them. */
function keepsPlaces(operation: Operation): boolean {
  const keeping = ['hide', 'merge', 'drop', 'keep', 'collapse', 'collapse-recursion'];
  return choosesSamples(operation) || keeping.includes(operation.kind);
}

/** Does one more thing to the profiles. A second grouping takes the place of the first; inverting twice is not inverting. */
export function addOperation({ store }: Context, operation: Operation): void {
  store.setState((state) => {
    const { operations } = state;
    const last = operations.at(-1);
    let next: readonly Operation[];
    if (operation.kind === 'invert' && last?.kind === 'invert') next = operations.slice(0, -1);
    else if (operation.kind === 'group') next = [...operations.filter(({ kind }) => kind !== 'group'), operation];
    else next = [...operations, operation];
    if (next.length > mostOperations) return {};
    return keepsPlaces(operation) ? { operations: next } : { operations: next, zoomPath: [], selectedPath: [] };
  });
}

/** Takes one operation out of the list; the others stay in their order. */
export function removeOperation({ store }: Context, index: number): void {
  store.setState((state) => {
    const removed = state.operations[index];
    if (removed === undefined) return {};
    const operations = state.operations.toSpliced(index, 1);
    return keepsPlaces(removed) ? { operations } : { operations, zoomPath: [], selectedPath: [] };
  });
}

/** Shows the profiles as they are. */
export function removeOperations({ store }: Context): void {
  store.setState({ operations: [], timeOrder: null, zoomPath: [], selectedPath: [] });
}

/** Whether samples on the screen carry labels to filter by. */
export function hasLabels({ viewSummaries }: AppState): boolean {
  return viewSummaries.some(({ labelKeys }) => labelKeys.some((key) => key !== timeLabel));
}

/** What a frame is called in an operation: all frames of its function. */
export function functionSet({ name, file }: FrameKey): FrameSet {
  return { by: 'function', name, file };
}

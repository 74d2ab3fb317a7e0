import type { FrameKey, FrameSet, Operation } from '../../contract/operations.js';
import { choosesSamples } from '../../core/operations/operation.js';
import { timeLabel } from '../../core/profile/sample-times.js';
import type { Context } from './context.js';
import type { AppState, ViewMark } from './store.js';

const mostMarks = 200;
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

function markOf({ operations, zoomPath, selectedPath }: AppState): ViewMark {
  return { operations, zoomPath, selectedPath };
}

function sameMark(a: ViewMark, b: ViewMark): boolean {
  return a.operations === b.operations && samePath(a.zoomPath, b.zoomPath) && samePath(a.selectedPath, b.selectedPath);
}

function samePath(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((name, index) => name === b[index]));
}

/** Remembers each place of the view that is left, for Alt+Left. Returns what ends it. */
export function followHistory({ store }: Context): () => void {
  return store.subscribe((state, before) => {
    const [now, left] = [markOf(state), markOf(before)];
    if (sameMark(now, left)) return;
    // Whoever goes back or forward, or shows something else, sets the history too.
    if (state.past !== before.past || state.future !== before.future || state.document !== before.document) return;
    store.setState({ past: [...state.past.slice(-mostMarks), left], future: [] });
  });
}

/** Back to the place before, over selection, zoom and operations. */
export function goBack({ store }: Context): void {
  store.setState((state) => {
    const mark = state.past.at(-1);
    return mark === undefined
      ? {}
      : { ...mark, past: state.past.slice(0, -1), future: [...state.future, markOf(state)] };
  });
}

/** Forward again to where it was gone back from. */
export function goForward({ store }: Context): void {
  store.setState((state) => {
    const mark = state.future.at(-1);
    return mark === undefined
      ? {}
      : { ...mark, future: state.future.slice(0, -1), past: [...state.past, markOf(state)] };
  });
}

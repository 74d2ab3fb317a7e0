import type { Context } from './context.js';
import { keyOfDocument, switchTo } from './document-switch.js';
import { sourceTime } from './source-time.js';
import type { AppState, AskedMark, ViewMark } from './store.js';

const mostMarks = 200;

/** What is asked of a source now; null in a profile that is open. */
function askedOf(state: AppState): AskedMark | null {
  if (state.document.kind !== 'selection') return null;
  const { targetId, source, selector, serviceName, profileType, preset, spanMs } = state;
  const { extentEndMs, earliestMs, live, range, comparison } = state;
  return {
    ...{ targetId, source, selector, serviceName, profileType, preset, spanMs },
    ...{ extentEndMs, earliestMs, live, range, comparison },
  };
}

function markOf(state: AppState): ViewMark {
  const { baseline, valueIndex, scale, operations, timeOrder, zoomPath, selectedPath } = state;
  return { baseline, valueIndex, scale, operations, timeOrder, zoomPath, selectedPath, asked: askedOf(state) };
}

/** What tells two places apart beside paths: where Live is it is no matter how far it went, nor when data were found to begin. */
function keyOf({ asked, baseline, valueIndex, scale, operations, timeOrder }: ViewMark): string {
  const asks = asked === null ? null : { ...asked, earliestMs: 0, extentEndMs: asked.live ? 0 : asked.extentEndMs };
  return JSON.stringify([asks, baseline, valueIndex, scale, operations, timeOrder]);
}

function sameMark(a: ViewMark, b: ViewMark): boolean {
  return samePath(a.zoomPath, b.zoomPath) && samePath(a.selectedPath, b.selectedPath) && keyOf(a) === keyOf(b);
}

function samePath(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((name, index) => name === b[index]));
}

const watched = [
  ...(['document', 'baseline', 'valueIndex', 'scale', 'operations', 'timeOrder', 'zoomPath', 'selectedPath'] as const),
  ...(['targetId', 'source', 'selector', 'serviceName', 'profileType', 'preset', 'spanMs', 'extentEndMs'] as const),
  ...(['live', 'range', 'comparison'] as const),
];

/** The place that a change has left; undefined where it is no step. */
function leftBy(state: AppState, before: AppState): ViewMark | undefined {
  if (watched.every((field) => state[field] === before[field])) return undefined;
  const switched = keyOfDocument(state.document) !== keyOfDocument(before.document);
  // Whoever goes back or forward, and what is done by itself, sets the history too; so does showing another profile.
  if (!switched && (state.past !== before.past || state.future !== before.future)) return undefined;
  if (switched && state.document.kind !== 'selection') return undefined;
  // Something is chosen of a source while a profile is open: what was left is what would have been seen on the way.
  const left = markOf(switched ? { ...before, ...switchTo(before, state.document) } : before);
  // Before the first target there is no place.
  if (left.asked?.targetId === null) return undefined;
  return sameMark(markOf(state), left) ? undefined : left;
}

/**
 * Remembers the places that are left, for Alt+Left: the way back through what was looked at, as in a browser. Each open profile has a history
 * of its own, and so has the selection of a source, whatever target and service are chosen in it. None outlives its window.
 *
 * A step is one thing that somebody does and that changes what is looked at:
 * - another target, source, service, selector or profile type;
 * - another range, A or B: a drag when it ends, and a key from when it is pressed until it is let go;
 * - another time in the timeline, once it has come to rest; Live switched on or off;
 * - what is compared with what, swapped, or scaled otherwise;
 * - an operation that is added or taken out, the order of frames, the sample type;
 * - another frame that is zoomed to or selected.
 *
 * What one act changes together, as a service and the zoom that it lets go, is one step.
 *
 * No step is what the window does by itself: Live that goes on, a profile type that the source lacks, work that is counted anew for other
 * ranges, what was given up while it was loaded. Nor is how it is looked at: views, panes, search, colours, what frames are as wide as.
 * Nor is which profile is shown: those have their list.
 *
 * Going back restores all of a place in one change of the state: what it shows is asked for once, and not at all where the same is on the
 * screen. What is done next cuts off what was ahead. Places of targets that are gone are passed over. Returns what ends it.
 */
export function followHistory({ store }: Context): () => void {
  return store.subscribe((state, before) => {
    const left = leftBy(state, before);
    if (left !== undefined) store.setState({ past: [...state.past.slice(-mostMarks + 1), left], future: [] });
  });
}

/** A change that is no step: nobody made it, or it goes on with the one before. */
export function withoutStep(state: AppState, change: Partial<AppState>): Partial<AppState> {
  return { ...change, past: [...state.past] };
}

/** Whether what a place asks can still be asked. */
function isThere({ targets }: AppState, { asked, baseline }: ViewMark): boolean {
  const has = (targetId: string | null): boolean => targets.some(({ config }) => config.id === targetId);
  if (baseline?.kind === 'selection' && !has(baseline.targetId)) return false;
  if (asked === null) return true;
  const target = targets.find(({ config }) => config.id === asked.targetId);
  return target !== undefined && (asked.source === 'agent' || target.pyroscope.state !== 'none');
}

/** A place as it would be shown: a file that was closed is compared with nothing. */
function asShown({ documents }: AppState, mark: ViewMark): ViewMark {
  const { baseline } = mark;
  if (baseline?.kind !== 'document') return mark;
  return documents.some(({ documentId }) => documentId === baseline.documentId) ? mark : { ...mark, baseline: null };
}

/** Index of the nearest place that is another than this one; -1: none. */
function nearest(state: AppState, marks: readonly ViewMark[]): number {
  if (marks.length === 0) return -1;
  const here = asShown(state, markOf(state));
  return marks.findLastIndex((mark) => isThere(state, mark) && !sameMark(asShown(state, mark), here));
}

/** Whether Alt+Left leads anywhere. */
export function canGoBack(state: AppState): boolean {
  return nearest(state, state.past) >= 0;
}

/** Whether Alt+Right leads anywhere. */
export function canGoForward(state: AppState): boolean {
  return nearest(state, state.future) >= 0;
}

/** The change that leads to a place. Live is where it has come to meanwhile. */
function changeTo(context: Context, state: AppState, { asked, ...view }: ViewMark): Partial<AppState> {
  if (asked === null) return { ...view, fleetOpen: false };
  const follows = state.live && state.targetId === asked.targetId && state.source === asked.source;
  const newestMs = follows
    ? state.extentEndMs
    : Math.max(asked.extentEndMs, sourceTime(context, asked.targetId, asked.source));
  return { ...view, ...asked, extentEndMs: asked.live ? newestMs : asked.extentEndMs, fleetOpen: false };
}

function travel(context: Context, from: 'past' | 'future', to: 'past' | 'future'): void {
  const state = context.store.getState();
  const at = nearest(state, state[from]);
  const mark = state[from][at];
  if (mark === undefined) return;
  const way = { [from]: state[from].slice(0, at), [to]: [...state[to], markOf(state)] };
  context.store.setState({ ...changeTo(context, state, asShown(state, mark)), ...way });
}

/** Back to the place before. */
export function goBack(context: Context): void {
  travel(context, 'past', 'future');
}

/** Forward again to where it was gone back from. */
export function goForward(context: Context): void {
  travel(context, 'future', 'past');
}

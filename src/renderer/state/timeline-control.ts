import type { Courses, Timeline } from '../../contract/links.js';
import type { Selection } from '../../contract/selection.js';
import { stackCourses } from '../../core/timeline/courses.js';
import type { Context } from './context.js';
import { sourceAnswers } from './readable.js';
import { currentExtent, isExtentUnknown } from './selection-control.js';
import { selectorOf } from './services-control.js';
import type { AppState } from './store.js';
import { longestSpanMs, stepFor, type TimeRange } from './time-range.js';
import { watch } from './watch.js';

const hourMs = 3_600_000;
/** The agent's windows; a Pyroscope's are seldom shorter. */
const windowMs = 15_000;

function subjectOf(state: AppState): string {
  return JSON.stringify([state.targetId, state.source, selectorOf(state), state.profileType]);
}

/** Whether the course of the selection is made of those of several services: of one that was chosen it is not. */
function asksByService({ serviceName }: AppState): boolean {
  return serviceName === null;
}

/** The course of all services together. */
function sumOf({ startMs, stepMs, unit, services, others }: Courses): Timeline {
  const values = stackCourses([...services.map((course) => course.values), others]).at(-1) ?? others;
  return { startMs, stepMs, unit, values };
}

/** The selection over a time. */
export function selectionOf(state: AppState, targetId: string, extent: TimeRange): Selection {
  return {
    targetId,
    source: state.source,
    profileType: state.profileType,
    selector: selectorOf(state),
    startMs: Math.max(0, Math.floor(extent.startMs)),
    endMs: Math.ceil(extent.endMs),
  };
}

/** Keeps the timeline in step with the selection. What was drawn stays until the new curve is there. */
export function followTimeline(context: Context): () => void {
  const { store, links, timeline } = context;
  let asking: AbortController | undefined;

  /** Where the first value stands in a span, or undefined when there is none or it could not be asked. */
  const firstIn = async (
    state: AppState,
    targetId: string,
    span: TimeRange,
    stepMs: number,
    signal: AbortSignal,
  ): Promise<number | undefined> => {
    const found = await links.query(
      'source.timeline',
      { selection: selectionOf(state, targetId, span), stepMs },
      signal,
    );
    if (!found.ok) return undefined;
    const first = found.value.values.findIndex((value) => !Number.isNaN(value));
    return first === -1 ? undefined : found.value.startMs + first * found.value.stepMs;
  };

  /** Finds where the data begin, first to the hour, then to the window: what "All" spans. */
  const findEarliest = async (state: AppState, targetId: string, signal: AbortSignal): Promise<void> => {
    const longest = { startMs: state.extentEndMs - longestSpanMs, endMs: state.extentEndMs };
    const hour = await firstIn(state, targetId, longest, hourMs, signal);
    const within = hour === undefined ? undefined : { startMs: hour, endMs: Math.min(hour + hourMs, longest.endMs) };
    const window = within === undefined ? undefined : await firstIn(state, targetId, within, windowMs, signal);
    if (signal.aborted) return;
    store.setState({ earliestMs: window ?? hour ?? state.extentEndMs - hourMs });
  };

  const ask = async (state: AppState): Promise<void> => {
    asking?.abort();
    const subject = subjectOf(state);
    if (timeline.get() !== null && timeline.get()?.subject !== subject) timeline.set(null);
    const { targetId } = state;
    if (targetId === null || !sourceAnswers(state)) return;
    const controller = new AbortController();
    asking = controller;
    if (isExtentUnknown(state)) {
      await findEarliest(state, targetId, controller.signal);
      return; // the state now has the beginning, which asks again
    }
    const extent = currentExtent(state);
    const asked = { selection: selectionOf(state, targetId, extent), stepMs: stepFor(extent) };
    // A failure of the timeline is a failure of the view as well, which says it once.
    if (asksByService(state)) {
      const courses = await links.query('source.courses', asked, controller.signal);
      if (controller.signal.aborted || !courses.ok) return;
      timeline.set({ extent, timeline: sumOf(courses.value), courses: courses.value, subject });
    } else {
      const own = await links.query('source.timeline', asked, controller.signal);
      if (controller.signal.aborted || !own.ok) return;
      timeline.set({ extent, timeline: own.value, courses: null, subject });
    }
  };

  const keyOf = (state: AppState): string =>
    JSON.stringify([
      subjectOf(state),
      sourceAnswers(state),
      currentExtent(state),
      state.preset,
      asksByService(state),
      state.earliestMs === null,
    ]);
  const ends = [
    watch(store, keyOf, (state) => {
      void ask(state); // its failures are shown by the view
    }),
    links.onReady((restarted) => {
      if (restarted) void ask(store.getState()); // as above
    }),
  ];
  return () => {
    asking?.abort();
    for (const end of ends) end();
  };
}

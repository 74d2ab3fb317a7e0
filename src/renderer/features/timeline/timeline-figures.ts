import type { Timeline } from '../../../contract/links.js';
import { threadUnits } from '../../../contract/pyspy.js';
import type { Selection } from '../../../contract/selection.js';
import { formatValue } from '../../format/numbers.js';
import { formatRange, formatSpan } from '../../format/times.js';
import { visibleText } from '../../format/visible-text.js';
import { selectionName } from '../../state/selection-control.js';
import { selectorOf } from '../../state/services-control.js';
import type { AppState } from '../../state/store.js';
import { line, originOfSelection, type Figure, type FigureSet } from '../guidance/figures.js';
import type { ShownCourses } from './courses.js';
import { rateWords } from './timeline-words.js';

const busyUnits: readonly string[] = ['cores', ...Object.values(threadUnits)];

/**
 * What a timeline says of the step in which a time lies: of all that is shown, and of services by their place in `courses`. `chosen`: the
 * service that is asked for; -1: all together. Null where there are no data.
 */
export function figuresOfTime(
  state: AppState,
  timeline: Timeline,
  courses: ShownCourses | null,
  timeMs: number,
  services: readonly number[],
  chosen: number,
): FigureSet | null {
  const { startMs, stepMs, unit } = timeline;
  const step = Math.floor((timeMs - startMs) / stepMs);
  const value = timeline.values[step];
  if (value === undefined || Number.isNaN(value)) return null;
  const span = { startMs: startMs + step * stepMs, endMs: startMs + (step + 1) * stepMs };
  const figures = [pointFigure(state, unit, span, courses === null ? 'use' : 'all', value, selectorOf(state))];
  let place = 0;
  for (const each of services) {
    const course = courses?.courses[each];
    const own = course?.values[step];
    if (course === undefined || own === undefined || Number.isNaN(own)) continue;
    if (each === chosen) place = figures.length;
    const selector = state.services.find((row) => row.name === course.name)?.selector;
    figures.push(pointFigure(state, unit, span, visibleText(course.name), own, selector));
  }
  return {
    of: `${visibleText(selectionName(state))}, ${formatRange(span.startMs, span.endMs, state.extentEndMs)}`,
    figures,
    chosen: place,
  };
}

/** The step in which data stand that the keys can ask for: the last one of the chosen range, or of all. Undefined: there is none. */
export function timeOfKeys({ range }: AppState, { values, startMs, stepMs }: Timeline): number | undefined {
  const endMs = range?.endMs ?? Infinity;
  const last = values.findLastIndex((value, step) => !Number.isNaN(value) && startMs + step * stepMs < endMs);
  return last < 0 ? undefined : startMs + (last + 0.5) * stepMs;
}

function pointFigure(
  state: AppState,
  unit: string,
  span: Pick<Selection, 'startMs' | 'endMs'>,
  label: string,
  value: number,
  selector: string | undefined,
): Figure {
  const shown = rateWords(value, unit);
  const { targetId, source, profileType } = state;
  const stepMs = span.endMs - span.startMs;
  const busy = busyUnits.includes(unit);
  if (!busy && !unit.endsWith('/s')) {
    return {
      label,
      shown,
      how: [line('is', `what was held then, not a rate over ${formatSpan(stepMs)}`)],
      measured: [],
    };
  }
  const sumUnit = busy ? 'nanoseconds' : unit.slice(0, -2);
  const sum = busy ? value * stepMs * 1e6 : (value * stepMs) / 1000;
  const how = [line('rate', `${formatValue(sum, sumUnit)} in ${formatSpan(stepMs)}`)];
  if (targetId === null || selector === undefined) return { label, shown, how, measured: [] };
  const selection: Selection = { targetId, source, profileType, selector, ...span };
  const origin = originOfSelection(state, selection, sumUnit);
  return { label, shown, how, measured: [{ meaning: 'all samples of this time', value: sum, origin }] };
}

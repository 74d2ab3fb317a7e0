import type { Timeline } from '../../../contract/links.js';
import { threadUnits } from '../../../contract/pyspy.js';
import { formatCores, formatValue } from '../../format/numbers.js';
import { formatMoment } from '../../format/times.js';
import { visibleText } from '../../format/visible-text.js';
import type { ShownCourse } from './courses.js';

/** Units that count things which are busy, with the word for one of them. */
const counted = new Map<string, string>([
  ['cores', 'core'],
  [threadUnits.active, 'active thread'],
  [threadUnits.all, 'thread'],
  [threadUnits.gil, 'thread with the GIL'],
]);

/** A value of a timeline: "1.42 cores", "2 active threads", "500 MB/s". `number`: how a count is written. */
export function rateWords(value: number, unit: string, number = formatCores(value)): string {
  const one = counted.get(unit);
  if (one !== undefined) return `${number} ${value === 1 ? one : unit}`;
  return unit.endsWith('/s') ? `${formatValue(value, unit.slice(0, -2))}/s` : formatValue(value, unit);
}

/** Time and value below the pointer: "14:07:30, 1.42 cores", and of a service's band "14:07:30, 1.42 cores, of them web 0.9". */
export function pointWords(
  timeline: Timeline | null,
  timeMs: number,
  nowMs: number,
  course?: Pick<ShownCourse, 'name' | 'values'>,
): string {
  const moment = formatMoment(timeMs, nowMs, true);
  if (timeline === null) return moment;
  const step = Math.floor((timeMs - timeline.startMs) / timeline.stepMs);
  const value = timeline.values[step];
  if (value === undefined || Number.isNaN(value)) return `${moment}, no data`;
  const all = `${moment}, ${rateWords(value, timeline.unit)}`;
  const own = course?.values[step];
  if (course === undefined || own === undefined || Number.isNaN(own)) return all;
  return `${all}, of them ${visibleText(course.name)} ${rateWords(own, timeline.unit)}`;
}

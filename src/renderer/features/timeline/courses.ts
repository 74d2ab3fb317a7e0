import type { Courses } from '../../../contract/links.js';
import type { Settings } from '../../../contract/settings.js';
import { stackCourses } from '../../../core/timeline/courses.js';
import { plural } from '../../format/numbers.js';

/** A service on the timeline, or all those together that have no course of their own. */
export interface ShownCourse {
  /** Hostile text. */
  readonly name: string;
  readonly values: Float64Array;
  /** Where it is drawn, by step; NaN where there is no data. */
  readonly top: Float64Array;
  /** Where it stands; a line stands on nothing. */
  readonly bottom: Float64Array | null;
}

/** Several services on the timeline. */
export interface ShownCourses {
  readonly startMs: number;
  readonly stepMs: number;
  readonly unit: string;
  readonly courses: readonly ShownCourse[];
  /** Of all tops. */
  readonly highest: number;
}

/** How courses are drawn; null where there are not several. */
export function shownCourses(courses: Courses | null, shape: Settings['timelineShape']): ShownCourses | null {
  if (courses === null || courses.services.length < 2) return null;
  const { startMs, stepMs, unit, services, otherCount, others } = courses;
  const all = [
    ...services,
    ...(otherCount === 0 ? [] : [{ name: plural(otherCount, 'more service', 'more services'), values: others }]),
  ];
  const tops = shape === 'stacked' ? stackCourses(all.map(({ values }) => values)) : all.map(({ values }) => values);
  const shown = all.map(({ name, values }, index): ShownCourse => {
    const top = tops[index] ?? values;
    const below = index === 0 ? undefined : tops[index - 1];
    return { name, values, top, bottom: shape === 'stacked' ? (below ?? new Float64Array(top.length)) : null };
  });
  const highest = tops.reduce((most, top) => top.reduce((high, value) => (value > high ? value : high), most), 0);
  return { startMs, stepMs, unit, courses: shown, highest };
}

/** How far from a line, as a share of the highest, is still on it. */
const lineReach = 0.08;

/** The course at a time and height, by its place; -1: none is there. Of lines it is the nearest. */
export function courseAt({ startMs, stepMs, courses, highest }: ShownCourses, timeMs: number, value: number): number {
  const step = Math.floor((timeMs - startMs) / stepMs);
  let nearest = -1;
  let distance = lineReach * highest;
  for (const [index, { top, bottom }] of courses.entries()) {
    const high = top[step] ?? Number.NaN;
    if (bottom !== null) {
      if (value >= (bottom[step] ?? 0) && value < high) return index;
    } else if (Math.abs(high - value) <= distance) {
      nearest = index;
      distance = Math.abs(high - value);
    }
  }
  return nearest;
}

/** The step of the last data of a course; -1 where there are none. */
export function lastStep({ values }: ShownCourse): number {
  return values.findLastIndex((value) => !Number.isNaN(value));
}

import { visibleText } from '../../format/visible-text.js';
import { lastStep, type ShownCourse, type ShownCourses } from './courses.js';
import type { TimelineContext } from './draw-timeline.js';
import { xOf, type TimeScale } from './scale.js';

export interface CourseColours {
  /** Of bands beside each other, by turns. */
  readonly bands: readonly [string, string];
  readonly line: string;
  readonly label: string;
  readonly hovered: string;
  readonly hoveredWash: string;
}

/** What a value's height is, CSS pixels from the top. */
type Height = (value: number) => number;

const font = '11px "Inter Variable", sans-serif';
/** A band that is lower has no room for its name. */
const leastLabelPx = 13;
const longestName = 28;

/** Draws services: bands one on the other, or lines, each with its name at its end where there is room. */
export function drawCourses(
  context: TimelineContext,
  scale: TimeScale,
  shown: ShownCourses,
  hovered: number,
  colours: CourseColours,
  yOf: Height,
): void {
  for (const [index, course] of shown.courses.entries()) {
    const isHovered = index === hovered;
    for (const [from, end] of runsOf(course.top)) {
      const edge = pointsOf(scale, shown, course.top, from, end, yOf);
      if (course.bottom === null) {
        trace(context, edge);
        context.strokeStyle = isHovered ? colours.hovered : colours.line;
        context.lineWidth = isHovered ? 2 : 1;
        context.stroke();
        continue;
      }
      trace(context, [...edge, ...pointsOf(scale, shown, course.bottom, from, end, yOf).reverse()]);
      context.closePath();
      context.fillStyle = isHovered ? colours.hoveredWash : colours.bands[index % 2 === 0 ? 0 : 1];
      context.fill();
      if (!isHovered) continue;
      trace(context, edge);
      context.strokeStyle = colours.hovered;
      context.lineWidth = 1;
      context.stroke();
    }
  }
  drawNames(context, scale, shown, colours, yOf);
}

function drawNames(
  context: TimelineContext,
  scale: TimeScale,
  shown: ShownCourses,
  colours: CourseColours,
  yOf: Height,
): void {
  context.font = font;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  context.fillStyle = colours.label;
  const taken: number[] = [];
  for (const course of shown.courses) {
    const place = placeOfName(course, yOf);
    if (place === undefined || taken.some((y) => Math.abs(y - place.y) < leastLabelPx)) continue;
    const x = Math.min(scale.right, xOf(scale, shown.startMs + (place.step + 1) * shown.stepMs)) - 6;
    if (x < scale.left + 80) continue;
    taken.push(place.y);
    context.fillText(shortened(visibleText(course.name)), x, place.y);
  }
}

/** Where a course is named: in the middle of its band's end, above the end of its line. */
function placeOfName(course: ShownCourse, yOf: Height): { readonly step: number; readonly y: number } | undefined {
  const step = lastStep(course);
  const high = course.top[step];
  if (high === undefined) return undefined;
  if (course.bottom === null) return { step, y: yOf(high) - 7 };
  const [upper, lower] = [yOf(high), yOf(course.bottom[step] ?? 0)];
  return lower - upper < leastLabelPx ? undefined : { step, y: (upper + lower) / 2 };
}

function shortened(name: string): string {
  return name.length > longestName ? `${name.slice(0, longestName - 1)}…` : name;
}

/** Runs of steps with data, [from, end). */
function runsOf(values: Float64Array): readonly (readonly [number, number])[] {
  const runs: [number, number][] = [];
  values.forEach((value, step) => {
    if (Number.isNaN(value)) return;
    const last = runs.at(-1);
    if (last?.[1] === step) last[1] = step + 1;
    else runs.push([step, step + 1]);
  });
  return runs;
}

/** Through the steps' middles, from where the first begins to where the last ends. */
function pointsOf(
  scale: TimeScale,
  { startMs, stepMs }: ShownCourses,
  values: Float64Array,
  from: number,
  end: number,
  yOf: Height,
): (readonly [number, number])[] {
  const at = (step: number, y: number): readonly [number, number] => [xOf(scale, startMs + step * stepMs), y];
  const heights = Array.from(values.subarray(from, end), (value) => yOf(Number.isNaN(value) ? 0 : value));
  return [
    at(from, heights[0] ?? 0),
    ...heights.map((y, index) => at(from + index + 0.5, y)),
    at(end, heights.at(-1) ?? 0),
  ];
}

function trace(context: TimelineContext, [first, ...rest]: readonly (readonly [number, number])[]): void {
  context.beginPath();
  if (first === undefined) return;
  context.moveTo(first[0], first[1]);
  for (const [x, y] of rest) context.lineTo(x, y);
}

import type { Timeline } from '../../../contract/links.js';
import { formatCores } from '../../format/numbers.js';
import { formatClock, formatDay } from '../../format/times.js';
import type { TimeRange } from '../../state/time-range.js';
import type { ShownCourses } from './courses.js';
import { drawCourses, type CourseColours } from './draw-courses.js';
import { rateWords } from './timeline-words.js';
import { gapsOf, niceCeiling, timeTicks, xOf, type TimeScale } from './scale.js';

/** The part of a 2D context that a timeline is drawn with; tests record its calls. */
export type TimelineContext = Pick<
  CanvasRenderingContext2D,
  | 'setTransform'
  | 'fillRect'
  | 'fillText'
  | 'beginPath'
  | 'moveTo'
  | 'lineTo'
  | 'closePath'
  | 'stroke'
  | 'fill'
  | 'save'
  | 'restore'
  | 'rect'
  | 'clip'
  | 'font'
  | 'textAlign'
  | 'textBaseline'
  | 'fillStyle'
  | 'strokeStyle'
  | 'lineWidth'
  | 'lineJoin'
>;

/** Colours by token. */
export interface TimelineColours {
  readonly background: string;
  readonly grid: string;
  readonly curve: string;
  readonly wash: string;
  readonly label: string;
  readonly courses: CourseColours;
  readonly hatch: string;
  readonly range: string;
  readonly rangeWash: string;
  readonly sideA: string;
  readonly sideAWash: string;
  readonly sideB: string;
  readonly sideBWash: string;
}

export interface TimelineScene {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly ratio: number;
  readonly scale: TimeScale;
  readonly timeline: Timeline | null;
  /** The same by service; null: the curve of all alone. */
  readonly courses: ShownCourses | null;
  readonly range: TimeRange | null;
  readonly comparison: TimeRange | null;
  /** CSS pixel of the pointer; null when it is elsewhere. */
  readonly pointerX: number | null;
}

/** Plot area, CSS pixels from the top. */
export const plotTopPx = 34;
export const plotBottomPx = 20;
const pixelsPerTick = 96;

/** The value at the top of the plot. */
function ceilingOf({ timeline, courses }: Pick<TimelineScene, 'timeline' | 'courses'>): number {
  const high = timeline === null ? 0 : timeline.values.reduce((most, value) => (value > most ? value : most), 0);
  // Lines are as high as the services are; all of them together would press them to the ground.
  return niceCeiling(
    courses === null ? high : courses.courses.some(isBand) ? Math.max(high, courses.highest) : courses.highest,
  );
}

/** The value at a height, CSS pixels from the top. */
export function valueAt(scene: Pick<TimelineScene, 'timeline' | 'courses' | 'heightPx'>, y: number): number {
  const bottom = scene.heightPx - plotBottomPx;
  return ((bottom - y) / (bottom - plotTopPx)) * ceilingOf(scene);
}

function isBand({ bottom }: ShownCourses['courses'][number]): boolean {
  return bottom !== null;
}

/** Draws the timeline: grid, gaps, services, curve, ranges, axis. `hovered`: the service below the pointer, -1 is none. */
export function drawTimeline(
  context: TimelineContext,
  scene: TimelineScene & { readonly hovered: number },
  colours: TimelineColours,
): void {
  const { widthPx, heightPx, ratio, scale, timeline, courses, hovered } = scene;
  const bottom = heightPx - plotBottomPx;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = colours.background;
  context.fillRect(0, 0, widthPx, heightPx);
  const ceiling = ceilingOf(scene);
  const yOf = (value: number): number => bottom - Math.min(1, value / ceiling) * (bottom - plotTopPx);
  drawGrid(context, scene, colours, bottom);
  drawAxis(context, scene, colours);
  if (timeline !== null) {
    drawGaps(context, scale, timeline, colours, bottom);
    if (courses !== null) drawCourses(context, scale, courses, hovered, colours.courses, yOf);
    // Several lines have no sum among them; one on the other they end at it.
    if (courses === null || courses.courses.some(isBand)) {
      drawCurve(context, scale, timeline, colours, yOf, bottom, courses === null);
    }
    context.font = '11px "Inter Variable", sans-serif';
    context.textAlign = 'left';
    context.textBaseline = 'alphabetic';
    context.fillStyle = colours.label;
    if (timeline.values.some((value) => value > 0))
      context.fillText(ceilingWords(ceiling, timeline.unit), scale.left + 2, plotTopPx - 5);
  }
  if (scene.comparison === null) {
    drawRange(context, scale, scene.range, colours.range, colours.rangeWash, '', colours.background, bottom);
  } else {
    drawRange(context, scale, scene.range, colours.sideA, colours.sideAWash, 'A', colours.background, bottom);
    drawRange(context, scale, scene.comparison, colours.sideB, colours.sideBWash, 'B', colours.background, bottom);
  }
  if (scene.pointerX !== null) {
    context.fillStyle = colours.hatch;
    context.fillRect(Math.round(scene.pointerX), plotTopPx, 1, bottom - plotTopPx);
  }
}

/** The value at the top of the plot, which is a round one: "2 cores", "500 MB/s". */
export function ceilingWords(value: number, unit: string): string {
  return rateWords(value, unit, value >= 1 ? String(value) : formatCores(value));
}

function drawGrid(context: TimelineContext, scene: TimelineScene, colours: TimelineColours, bottom: number): void {
  const { left, right } = scene.scale;
  context.fillStyle = colours.grid;
  for (const share of [0, 0.5, 1]) {
    context.fillRect(left, Math.round(plotTopPx + share * (bottom - plotTopPx)), right - left, 1);
  }
}

function drawAxis(context: TimelineContext, scene: TimelineScene, colours: TimelineColours): void {
  const { scale, heightPx, widthPx } = scene;
  const { extent } = scale;
  context.font = '11px "Inter Variable", sans-serif';
  context.textAlign = 'center';
  context.textBaseline = 'alphabetic';
  context.fillStyle = colours.label;
  const ticks = timeTicks(extent, Math.max(2, Math.floor((scale.right - scale.left) / pixelsPerTick)));
  const step = (ticks[1] ?? 0) - (ticks[0] ?? 0);
  for (const tick of ticks) {
    const x = xOf(scale, tick);
    const text = step >= 24 * 3_600_000 ? formatDay(tick, extent.endMs) : formatClock(tick, step > 0 && step < 60_000);
    // A label that would be cut by the edge of the window says nothing.
    if (x > 24 && x < widthPx - 24) context.fillText(text, Math.round(x), heightPx - 6);
  }
}

function drawGaps(
  context: TimelineContext,
  scale: TimeScale,
  timeline: Timeline,
  colours: TimelineColours,
  bottom: number,
): void {
  for (const gap of gapsOf(timeline.values, timeline.startMs, timeline.stepMs)) {
    const left = xOf(scale, gap.startMs);
    const right = xOf(scale, gap.endMs);
    context.save();
    context.beginPath();
    context.rect(left, plotTopPx, right - left, bottom - plotTopPx);
    context.clip();
    context.beginPath();
    context.strokeStyle = colours.hatch;
    context.lineWidth = 1;
    const height = bottom - plotTopPx;
    for (let x = left - height; x < right; x += 6) {
      context.moveTo(x, bottom);
      context.lineTo(x + height, plotTopPx);
    }
    context.stroke();
    context.restore();
  }
}

/** A line through the buckets' middles over a wash; a lone bucket is a bar as wide as it lasted. */
function drawCurve(
  context: TimelineContext,
  scale: TimeScale,
  timeline: Timeline,
  colours: TimelineColours,
  yOf: (value: number) => number,
  bottom: number,
  washed: boolean,
): void {
  const { startMs, stepMs, values } = timeline;
  let from = 0;
  while (from < values.length) {
    if (Number.isNaN(values[from] ?? Number.NaN)) {
      from++;
      continue;
    }
    let end = from;
    while (end < values.length && !Number.isNaN(values[end] ?? Number.NaN)) end++;
    const points: [number, number][] = [[xOf(scale, startMs + from * stepMs), yOf(values[from] ?? 0)]];
    for (let index = from; index < end; index++) {
      points.push([xOf(scale, startMs + (index + 0.5) * stepMs), yOf(values[index] ?? 0)]);
    }
    points.push([xOf(scale, startMs + end * stepMs), yOf(values[end - 1] ?? 0)]);
    drawRun(context, points, colours, bottom, washed);
    from = end;
  }
}

function drawRun(
  context: TimelineContext,
  points: readonly (readonly [number, number])[],
  colours: TimelineColours,
  bottom: number,
  washed: boolean,
): void {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return;
  if (washed) {
    context.beginPath();
    context.moveTo(first[0], bottom);
    for (const [x, y] of points) context.lineTo(x, y);
    context.lineTo(last[0], bottom);
    context.closePath();
    context.fillStyle = colours.wash;
    context.fill();
  }
  context.beginPath();
  context.moveTo(first[0], first[1]);
  for (const [x, y] of points.slice(1)) context.lineTo(x, y);
  context.strokeStyle = colours.curve;
  context.lineWidth = 1.5;
  context.lineJoin = 'round';
  context.stroke();
}

function drawRange(
  context: TimelineContext,
  scale: TimeScale,
  range: TimeRange | null,
  colour: string,
  wash: string,
  letter: string,
  background: string,
  bottom: number,
): void {
  if (range === null) return;
  const left = Math.max(scale.left, xOf(scale, range.startMs));
  const right = Math.min(scale.right, xOf(scale, range.endMs));
  if (right <= left) return;
  const top = plotTopPx - 2;
  context.fillStyle = wash;
  context.fillRect(left, top, right - left, bottom - top);
  context.fillStyle = colour;
  context.fillRect(left, top, 1.5, bottom - top);
  context.fillRect(right - 1.5, top, 1.5, bottom - top);
  if (letter === '') return;
  context.font = '600 11px "Inter Variable", sans-serif';
  context.textAlign = 'left';
  context.textBaseline = 'alphabetic';
  // A flag at the edge, so that no curve runs through the letter.
  context.fillRect(left, top, 15, 15);
  context.fillStyle = background;
  context.fillText(letter, left + 4, top + 11.5);
}

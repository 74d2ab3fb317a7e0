import type { Courses, ServiceRow, Timeline } from '../../contract/links.js';
import { ok, type Result } from '../../contract/result.js';
import { cpuProfileType } from '../../contract/selection.js';
import { rankCourses, type Course } from '../../core/timeline/courses.js';
import type { PointSeries, Query, QuerierClient, Range } from './querier-client.js';
import { everything, serviceSelector } from './selectors.js';

const sparklinePoints = 24;
const maxTimelineSteps = 20_000;
/** More bands than these nobody tells apart. */
export const mostCourses = 8;

/** "name:type:unit:period type:period unit" -> unit; "" when it is not of that form. */
export function sampleUnit(profileType: string): string {
  return profileType.split(':')[2] ?? '';
}

/** What a sum of a step becomes in a timeline: cores for CPU time, else the unit a second. */
export function rateOf(profileType: string): { readonly unit: string; readonly perSecond: number } {
  const [, type = '', unit = ''] = profileType.split(':');
  if (type === 'cpu' && unit === 'nanoseconds') return { unit: 'cores', perSecond: 1e-9 };
  return { unit: `${unit === '' ? 'samples' : unit}/s`, perSecond: 1 };
}

/**
 * Asks for steps that begin at the range's start. The protocol's points look back, (T - step, T], so the points are laid
 * on the last millisecond of each step: then what began in [start + i * step, + step) is point i.
 */
export function lookingBack(range: Range, stepMs: number): { readonly range: Range; readonly steps: number } {
  const wanted = Math.max(1, Math.ceil((range.endMs - range.startMs) / stepMs));
  const steps = Math.min(wanted, maxTimelineSteps);
  return {
    steps,
    range: { startMs: range.startMs + stepMs - 1, endMs: range.startMs + steps * stepMs - 1 },
  };
}

function toSteps(series: PointSeries, firstMs: number, stepMs: number, scale: number, into: Float64Array): void {
  for (const point of series.points) {
    const index = Math.round((point.timeMs - firstMs) / stepMs);
    if (index < 0 || index >= into.length) continue;
    const before = into[index];
    const value = point.value * scale;
    into[index] = before === undefined || Number.isNaN(before) ? value : before + value;
  }
}

/** A selection's course; see Timeline for its values. */
export async function timeline(
  client: QuerierClient,
  query: Query,
  stepMs: number,
  signal?: AbortSignal,
): Promise<Result<Timeline>> {
  const { range, steps } = lookingBack(query, stepMs);
  const reply = await client.selectSeries({ ...query, ...range }, stepMs, [], signal);
  if (!reply.ok) return reply;
  const { unit, perSecond } = rateOf(query.profileType);
  const values = new Float64Array(steps).fill(Number.NaN);
  for (const series of reply.value) toSteps(series, range.startMs, stepMs, perSecond / (stepMs / 1000), values);
  return ok({ startMs: query.startMs, stepMs, values, unit });
}

/** A selection's course by service. */
export async function courses(
  client: Pick<QuerierClient, 'selectSeries'>,
  query: Query,
  stepMs: number,
  signal?: AbortSignal,
): Promise<Result<Courses>> {
  const found = await coursesOf(client, query, stepMs, signal);
  if (!found.ok) return found;
  const { unit } = rateOf(query.profileType);
  return ok({ startMs: query.startMs, stepMs, unit, ...rankCourses(found.value, mostCourses) });
}

async function coursesOf(
  client: Pick<QuerierClient, 'selectSeries'>,
  query: Query,
  stepMs: number,
  signal: AbortSignal | undefined,
): Promise<Result<readonly Course[]>> {
  const { range, steps } = lookingBack(query, stepMs);
  const reply = await client.selectSeries({ ...query, ...range }, stepMs, ['service_name'], signal);
  if (!reply.ok) return reply;
  const { perSecond } = rateOf(query.profileType);
  return ok(
    reply.value.map((series): Course => {
      const values = new Float64Array(steps).fill(Number.NaN);
      toSteps(series, range.startMs, stepMs, perSecond / (stepMs / 1000), values);
      return { name: series.labels['service_name'] ?? '', values };
    }),
  );
}

/** Cores by time for each service, for sparklines. */
export async function recentCores(
  client: QuerierClient,
  range: Range,
  profileType: string,
  signal?: AbortSignal,
  selector = everything,
): Promise<Result<ReadonlyMap<string, readonly number[]>>> {
  // Whole windows of 15 s, so that no step is empty only because none began in it.
  const stepMs = Math.max(15_000, Math.ceil((range.endMs - range.startMs) / sparklinePoints / 15_000) * 15_000);
  const found = await coursesOf(client, { profileType, selector, ...range }, stepMs, signal);
  return found.ok ? ok(new Map(found.value.map(({ name, values }) => [name, [...values]]))) : found;
}

/** The services that a Pyroscope server knows in a range, those that others push included. */
export async function pyroscopeServices(
  client: QuerierClient,
  range: Range,
  signal?: AbortSignal,
): Promise<Result<readonly ServiceRow[]>> {
  const sets = await client.series(range, ['service_name', '__profile_type__'], signal);
  if (!sets.ok) return sets;
  const types = new Map<string, Set<string>>();
  for (const labels of sets.value) {
    const name = labels['service_name'];
    if (name === undefined || name === '') continue;
    const ofService = types.get(name) ?? new Set();
    types.set(name, ofService);
    const type = labels['__profile_type__'];
    if (type !== undefined) ofService.add(type);
  }
  const cpuTypes = new Set([...types.values()].flatMap((all) => [...all]).filter(isCpu));
  const cpuType = cpuTypes.has(cpuProfileType) ? cpuProfileType : [...cpuTypes][0];
  const recent = cpuType === undefined ? ok(new Map()) : await recentCores(client, range, cpuType, signal);
  // A course that cannot be had costs the sparkline, not the list.
  const courses: ReadonlyMap<string, readonly number[]> = recent.ok ? recent.value : new Map();
  return ok(
    [...types].map(([name, ofService]) => {
      const course = courses.get(name);
      return {
        name,
        labels: { service_name: name },
        selector: serviceSelector(name),
        profileTypes: [...ofService].sort(),
        ...(course === undefined ? {} : { recentCores: course, cpuCores: mean(course) }),
      };
    }),
  );
}

function isCpu(profileType: string): boolean {
  return rateOf(profileType).unit === 'cores';
}

/** Over the whole range: a step without data is a step without use. */
function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + (Number.isNaN(value) ? 0 : value), 0) / Math.max(1, values.length);
}

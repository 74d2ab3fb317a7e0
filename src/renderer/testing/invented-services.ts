import type { Courses, ServiceRow, Timeline } from '../../contract/links.js';
import type { Selection } from '../../contract/selection.js';
import { rankCourses, stackCourses, type Course } from '../../core/timeline/courses.js';
import { randomFrom } from './invented-profiles.js';

const serviceNames: readonly (readonly [string, number])[] = [
  ['revel_web', 1.42],
  ['revel_celery_default', 0.61],
  ['revel_beat', 0.01],
  ['postgres', 0.38],
  ['redis', 0.04],
  ['nginx', 0.03],
  ['kafka_broker_with_a_very_long_container_name_1', 0.52],
  ['dockerd', 0.02],
];

function curve(seed: number, base: number, count: number): number[] {
  const random = randomFrom(seed);
  let value = base;
  return Array.from({ length: count }, (_, index) => {
    const pull = index > count * 0.62 ? base * 1.6 : base;
    value = Math.max(0, value + (random() - 0.5) * base * 0.22 + (pull - value) * 0.06);
    return value;
  });
}

/** Services of an invented server. */
export function inventServices(hostile: boolean): ServiceRow[] {
  const rows = serviceNames.map(([name, cores], index): ServiceRow => ({
    name,
    labels: { service_name: name, host: 'web-1' },
    selector: `{service_name="${name}"}`,
    cpuCores: cores,
    recentCores: curve(index + 3, cores, 28),
    lastSeenMs: Date.now(),
  }));
  if (hostile)
    rows.push({ name: 'x\u202Egnp.exe\u0000', labels: {}, selector: '{service_name="x\u202Egnp.exe"}', cpuCores: 0.7 });
  return rows;
}

function coursesOf({ startMs, endMs }: Selection, stepMs: number, hostile: boolean): readonly Course[] {
  const count = Math.max(1, Math.floor((endMs - startMs) / stepMs));
  const gap = Math.floor(count * 0.42);
  return inventServices(hostile).map(({ name, cpuCores = 0 }, index) => {
    const values = Float64Array.from(curve(index + 3, cpuCores, count));
    return { name, values: values.fill(Number.NaN, gap, gap + Math.ceil(count * 0.03)) };
  });
}

/** CPU use by time of the service that a selection names, or of all. */
export function inventTimeline(selection: Selection, stepMs: number, hostile: boolean): Timeline {
  const name = /"(.+)"/.exec(selection.selector)?.[1];
  const own = coursesOf(selection, stepMs, hostile).filter((course) => name === undefined || course.name === name);
  const values = stackCourses(own.map((course) => course.values)).at(-1) ?? new Float64Array(0);
  return { startMs: selection.startMs, stepMs, values, unit: 'cores' };
}

/** The same by service. */
export function inventCourses(selection: Selection, stepMs: number, hostile: boolean): Courses {
  const ranked = rankCourses(coursesOf(selection, stepMs, hostile), 8);
  return { startMs: selection.startMs, stepMs, unit: 'cores', ...ranked };
}

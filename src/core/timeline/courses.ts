/** Use by time of one service. */
export interface Course {
  readonly name: string;
  /** By step; NaN where there is no data. */
  readonly values: Float64Array;
}

/** Courses of services, the largest first. */
export interface RankedCourses {
  readonly services: readonly Course[];
  /** How many more there are, and their sum; empty where there are none. */
  readonly otherCount: number;
  readonly others: Float64Array;
}

/** The `most` services that used most, largest first, equal ones by name, and the sum of all others. All courses have the same steps. */
export function rankCourses(courses: readonly Course[], most: number): RankedCourses {
  const ranked = courses
    .map((course) => ({ course, sum: sumOf(course.values) }))
    .sort((a, b) => b.sum - a.sum || (a.course.name < b.course.name ? -1 : 1))
    .map(({ course }) => course);
  const left = ranked.slice(most);
  return {
    services: ranked.slice(0, most),
    otherCount: left.length,
    others: stackCourses(left.map(({ values }) => values)).at(-1) ?? new Float64Array(0),
  };
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => (Number.isNaN(value) ? sum : sum + value), 0);
}

/**
 * The upper edge of each course where they stand one on the other. A service without data in a step adds nothing to it; where none has
 * data there is none.
 *
 * Example: [1, NaN, NaN] and [2, 3, NaN] have the edges [1, 0, NaN] and [3, 3, NaN].
 */
export function stackCourses(courses: readonly Float64Array[]): readonly Float64Array[] {
  const length = courses.reduce((longest, values) => Math.max(longest, values.length), 0);
  const below = new Float64Array(length).fill(Number.NaN);
  for (const values of courses) {
    values.forEach((value, step) => {
      if (!Number.isNaN(value)) below[step] = 0;
    });
  }
  return courses.map((values) => {
    values.forEach((value, step) => {
      if (!Number.isNaN(value)) below[step] = (below[step] ?? 0) + value;
    });
    return below.slice();
  });
}

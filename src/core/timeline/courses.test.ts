import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rankCourses, stackCourses } from './courses.js';

const { NaN: none } = Number;

describe('courses of services', () => {
  it('are ranked by what they used, the rest is one sum', () => {
    const courses = [
      { name: 'beat', values: Float64Array.of(none, 0.1, none) },
      { name: 'web', values: Float64Array.of(2, 1, none) },
      { name: 'celery', values: Float64Array.of(1, none, none) },
      { name: 'cache', values: Float64Array.of(0.5, 0.5, none) },
    ];
    const ranked = rankCourses(courses, 2);
    expect(ranked.services.map(({ name }) => name)).toEqual(['web', 'cache']);
    expect(ranked.otherCount).toBe(2);
    expect([...ranked.others]).toEqual([1, 0.1, none]);
    expect(rankCourses(courses, 9)).toMatchObject({ otherCount: 0, others: new Float64Array(0) });
  });

  it('stand one on the other', () => {
    const edges = stackCourses([Float64Array.of(1, none, none), Float64Array.of(2, 3, none)]);
    expect(edges.map((edge) => [...edge])).toEqual([
      [1, 0, none],
      [3, 3, none],
    ]);
    expect(stackCourses([])).toEqual([]);
  });

  it('never sink, and end at the sum', () => {
    const value = fc.oneof(fc.constant(none), fc.integer({ min: 0, max: 1000 }));
    const course = fc.array(value, { minLength: 5, maxLength: 5 }).map((values) => Float64Array.from(values));
    fc.assert(
      fc.property(fc.array(course, { minLength: 1, maxLength: 6 }), (courses) => {
        const edges = stackCourses(courses);
        for (let step = 0; step < 5; step++) {
          const known = courses.map((values) => values[step] ?? none).filter((each) => !Number.isNaN(each));
          const sum = known.length === 0 ? none : known.reduce((all, each) => all + each, 0);
          expect(edges.at(-1)?.[step]).toBe(sum);
          const heights = edges.map((edge) => edge[step] ?? none);
          expect(heights.every((each, at) => at === 0 || Number.isNaN(each) || each >= (heights[at - 1] ?? 0))).toBe(
            true,
          );
        }
      }),
    );
  });
});

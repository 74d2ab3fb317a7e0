import { fail, ok, type Result } from '../../contract/result.js';
import type { CountedWork, WorkRange } from '../../contract/work-counter.js';
import { counterIncrease, isPlainSelector } from '../../core/compare/counter-increase.js';
import type { HttpTransport } from '../pyroscope/http-transport.js';
import { rangeQuery, type Answered } from './range-query.js';

/** A counter that is read once a minute is there no sooner. */
const slackMs = 60_000;
/** Labels of a series that are named, and how much of each. */
const mostLabels = 12;
const mostOfLabel = 100;
/** More work than that is no count. */
const mostWork = 1e18;

/** Reads how much work was done in both ranges from a Prometheus that is reached already; `name` is what messages call it. */
export async function countWork(
  http: HttpTransport,
  name: string,
  query: string,
  ranges: readonly [WorkRange, WorkRange],
  signal?: AbortSignal,
): Promise<Result<CountedWork>> {
  const counted: number[] = [];
  for (const [at, range] of ranges.entries()) {
    const answered = await rangeQuery(http, name, query, range, signal);
    if (!answered.ok) return answered;
    const work = workOf(answered.value, query, range, at === 0 ? 'A' : 'B');
    if (!work.ok) return work;
    counted.push(work.value);
  }
  const [baseline = 0, comparison = 0] = counted;
  return ok({ baseline, comparison });
}

/** How much the one series of an answer grew. */
function workOf(
  { seriesCount, series: some }: Answered,
  query: string,
  range: WorkRange,
  side: string,
): Result<number> {
  const [series] = some;
  const nothing = fail(
    'not-found',
    `Prometheus has no data for this expression in ${side}: check names, labels and the time.`,
  );
  if (series === undefined) return nothing;
  if (seriesCount > 1) {
    const named = some.map(({ labels }) => labelWords(labels));
    const more = seriesCount > some.length ? `\nand ${seriesCount - some.length} more` : '';
    return fail(
      'invalid-input',
      `The expression is ${seriesCount} series in ${side}: say which one by its labels, or put sum(...) around it.`,
      `${named.join('\n')}${more}`,
    );
  }
  const told = counterIncrease(series.points, range, { single: isPlainSelector(query), slackMs });
  switch (told.kind) {
    case 'counted':
      if (told.increase > mostWork) {
        return fail('invalid-input', `The counter grew by ${told.increase} in ${side}, which is no count of anything.`);
      }
      if (told.increase > 0) return ok(told.increase);
      return fail('invalid-input', `The counter did not grow in ${side}, so there is nothing to divide by.`);
    case 'nothing':
      return nothing;
    case 'no-number':
      return fail(
        'invalid-input',
        `The counter is no number at ${timeWords(told.atMs)} in ${side}: choose another expression.`,
      );
    case 'incomplete':
      return fail(
        'not-found',
        `Prometheus has the counter in a part of ${side} only, from ${timeWords(told.fromMs)} to ${timeWords(told.toMs)}: choose ranges within it.`,
      );
    case 'fell':
      return fail(
        'invalid-input',
        `The sum fell from ${told.from} to ${told.to} at ${timeWords(told.atMs)} in ${side}: a process that counts began anew, or this is no counter. Choose a range without it, or one series by its labels.`,
      );
  }
}

function timeWords(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

function labelWords({ __name__: name = '', ...labels }: Readonly<Record<string, string>>): string {
  const short = (text: string): string => text.slice(0, mostOfLabel);
  const all = Object.entries(labels);
  const pairs = all.slice(0, mostLabels).map(([key, value]) => `${short(key)}=${JSON.stringify(short(value))}`);
  return `${short(name)}{${pairs.join(', ')}${all.length > mostLabels ? ', …' : ''}}`;
}

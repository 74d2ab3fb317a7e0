import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import * as v from 'valibot';
import { fail, ok, type Result } from '../../contract/result.js';
import type { CounterPoint } from '../../core/compare/counter-increase.js';
import { errorText } from '../failures/thrown.js';
import type { HttpReply, HttpTransport } from '../pyroscope/http-transport.js';

const timeoutMs = 30_000;
/** One series of 500 steps is 15 KB. Whoever answers more has many of them, which are refused, or is no Prometheus. */
const mostReplyBytes = 16 * 1024 * 1024;
const mostSteps = 500;
/** So many series are read: more than one is refused, and some of them are named. */
const mostRead = 3;
const unzip = promisify(gunzip);

/** A series as Prometheus answers it. */
export interface AnsweredSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly CounterPoint[];
}

/** An answer: how many series it has, and the first of them. */
export interface Answered {
  readonly seriesCount: number;
  readonly series: readonly AnsweredSeries[];
}

/** Moments that a Date can hold, in seconds. */
const Moment = v.pipe(v.number(), v.minValue(-8.64e12), v.maxValue(8.64e12));
const Answer = v.object({
  status: v.literal('success'),
  data: v.object({
    resultType: v.literal('matrix'),
    // Looked into one by one: there may be a million of them.
    result: v.custom<readonly unknown[]>(Array.isArray),
  }),
});
const Series = v.object({
  metric: v.record(v.string(), v.string()),
  values: v.pipe(
    v.array(v.tuple([Moment, v.string()])),
    v.check((values) => isAscending(values)),
  ),
});
const Complaint = v.object({ status: v.literal('error'), errorType: v.string(), error: v.string() });

/** Asks for the values of an expression in a range, both its ends among them. `name` is what messages call the server. */
export async function rangeQuery(
  http: HttpTransport,
  name: string,
  query: string,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  signal?: AbortSignal,
): Promise<Result<Answered>> {
  const stepMs = stepOf(endMs - startMs);
  const form = new URLSearchParams({
    query,
    // Where no step divides the range, its end is exact and its beginning less than a step off.
    start: String((endMs - Math.floor((endMs - startMs) / stepMs) * stepMs) / 1000),
    end: String(endMs / 1000),
    step: `${stepMs}ms`,
  });
  const reply = await http.post({
    path: '/api/v1/query_range',
    body: Buffer.from(form.toString(), 'utf8'),
    contentType: 'application/x-www-form-urlencoded',
    maxReplyBytes: mostReplyBytes,
    timeoutMs,
    signal,
  });
  if (reply.ok) return readAnswer(reply.value, name);
  return reply.failure.code === 'too-large' ? tooLarge(name) : reply;
}

/** Whole milliseconds, which is what Prometheus counts in: a second or more, 500 at most, and so that the last one ends with the range. */
function stepOf(lengthMs: number): number {
  const least = Math.min(lengthMs, Math.max(1000, Math.ceil(lengthMs / mostSteps)));
  for (let step = least; step < 2 * least; step++) if (lengthMs % step === 0) return step;
  return least;
}

async function readAnswer(reply: HttpReply, name: string): Promise<Result<Answered>> {
  if (reply.status === 401 || reply.status === 403) {
    return fail(
      'auth-failed',
      `${name} wants to know who reads: say what it wants, a user and a password or a token.`,
      `HTTP ${reply.status}`,
    );
  }
  let json: unknown;
  try {
    const body = reply.gzip ? await unzip(reply.body, { maxOutputLength: mostReplyBytes }) : reply.body;
    json = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(name);
    return noPrometheus(reply, name, errorText(error));
  }
  const complaint = v.safeParse(Complaint, json);
  if (complaint.success) {
    const { errorType, error } = complaint.output;
    return errorType === 'bad_data'
      ? fail('invalid-input', `${name} does not take the expression.`, error.slice(0, 2000))
      : fail('refused', `${name} answered with an error (${errorType.slice(0, 100)}).`, error.slice(0, 2000));
  }
  const answer = v.safeParse(Answer, json);
  if (!answer.success || reply.status !== 200) return noPrometheus(reply, name, 'another answer than a matrix');
  const { result } = answer.output.data;
  const series: AnsweredSeries[] = [];
  for (const each of result.slice(0, mostRead)) {
    // Before each of a million points is looked at.
    if (!hasFewPoints(each)) return noPrometheus(reply, name, 'more points than were asked for');
    const read = v.safeParse(Series, each);
    if (!read.success) return noPrometheus(reply, name, 'a series that is none');
    const { metric, values } = read.output;
    series.push({ labels: metric, points: values.map(([at, text]) => ({ timeMs: at * 1000, value: numberOf(text) })) });
  }
  return ok({ seriesCount: result.length, series });
}

function hasFewPoints(series: unknown): boolean {
  const read = v.safeParse(v.object({ values: v.custom<readonly unknown[]>(Array.isArray) }), series);
  // Both ends are among them, and steps are rounded.
  return read.success && read.output.values.length <= 2 * mostSteps + 1;
}

function isAscending(values: readonly (readonly [number, string])[]): boolean {
  return values.every(([at], index) => index === 0 || at > (values[index - 1]?.[0] ?? 0));
}

/** A value as Prometheus writes it: decimal, or "NaN", "+Inf", "-Inf" for what is no number. */
function numberOf(text: string): number {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

function tooLarge(name: string): Result<never> {
  const limit = mostReplyBytes / 1024 / 1024;
  return fail(
    'too-large',
    `${name} answers with more than ${limit} MiB: the expression is many series. Put sum(...) around it.`,
  );
}

function noPrometheus({ status }: HttpReply, name: string, detail: string): Result<never> {
  return fail(
    'unsupported',
    `${name} does not answer as Prometheus does: check the address.`,
    `HTTP ${status}: ${detail}`,
  );
}

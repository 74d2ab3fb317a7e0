import { fail, ok, type Result } from '../contract/result.js';

/** A moment: how long before now, or a time. */
export type Moment = { readonly beforeNowMs: number } | { readonly timeMs: number };

/** A selection as it is typed: where it is asked, what, and when. */
export interface SelectionText {
  /** local, user@host or user@host:port for an agent; an http address for a Pyroscope. */
  readonly source: string;
  readonly selector: string;
  readonly from: Moment;
  readonly to: Moment;
}

const form = /^(?<source>local|https?:\/\/[^{}\s]+|[^{}@\s/]+@[^{}\s]+)(?<selector>\{.*\})(?:@(?<range>.*))?$/su;
const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Reads a selection; undefined for what is none, as a path. A path that looks like one is told from it by "./".
 *
 * Example: `local{service_name="web"}@-30m..-15m`, `http://127.0.0.1:4040{}@2026-11-29T10:00..2026-11-29T10:15`.
 */
export function parseSelection(text: string): Result<SelectionText> | undefined {
  const { source, selector, range } = form.exec(text)?.groups ?? {};
  if (source === undefined || selector === undefined) return undefined;
  const [first = '', second = '', ...others] = (range ?? '').split('..');
  const from = momentOf(first);
  const to = momentOf(second);
  if (from === undefined || to === undefined || others.length > 0) {
    return fail(
      'invalid-input',
      `"${text}" does not say when: end it in @-30m..-15m, @-1h..now or @2026-11-29T10:00..2026-11-29T10:15.`,
    );
  }
  return ok({ source, selector, from, to });
}

function momentOf(text: string): Moment | undefined {
  if (text === 'now') return { beforeNowMs: 0 };
  const [, count, unit] = /^-(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) return { beforeNowMs: Number(count) * (units[unit] ?? 0) };
  // A time without a zone is this computer's.
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/.test(text)) return undefined;
  const timeMs = Date.parse(text);
  return Number.isNaN(timeMs) ? undefined : { timeMs };
}

/** A moment, by the clock of what is asked. */
export function atClock(moment: Moment, nowMs: number): number {
  return 'timeMs' in moment ? moment.timeMs : nowMs - moment.beforeNowMs;
}

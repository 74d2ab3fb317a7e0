import * as v from 'valibot';
import { Scale } from './decoder.js';
import { Selection, SourceKind } from './selection.js';

/** What links of ours begin with; the operating system hands them to the app. */
export const linkScheme = 'pyrometer:';

const moment = v.pipe(v.string(), v.isoTimestamp(), v.transform(Date.parse));

/** One side of a comparison, by addresses instead of this computer's ids. */
const LinkedSide = v.object({
  /** "local" or user@host:port. */
  target: v.pipe(v.string(), v.minLength(1), v.maxLength(512)),
  source: SourceKind,
  selector: Selection.entries.selector,
  /** For people: the service's name, or what else the side is. */
  name: v.pipe(v.string(), v.maxLength(512)),
  startMs: v.pipe(v.number(), v.integer(), v.minValue(0)),
  endMs: v.pipe(v.number(), v.integer(), v.minValue(0)),
});
export type LinkedSide = v.InferOutput<typeof LinkedSide>;

/** A comparison that can be sent as text. It holds addresses and ranges, no profile and no secret. */
const LinkedComparison = v.object({
  a: LinkedSide,
  b: LinkedSide,
  profileType: Selection.entries.profileType,
  scale: Scale,
});
export type LinkedComparison = v.InferOutput<typeof LinkedComparison>;

/** Systems that hand links over may put a slash behind the first word. */
const form = /^pyrometer:\/\/compare\/?\?(.*)$/s;

const keys = ['target', 'source', 'selector', 'name'] as const;

/**
 * Writes a comparison as a link.
 *
 * Example: pyrometer://compare?type=process_cpu:...&scale=auto&a.target=ops@web-1:22&a.from=2026-11-29T10:00:00.000Z&...
 */
export function comparisonLink({ a, b, profileType, scale }: LinkedComparison): string {
  const query = new URLSearchParams({ type: profileType, scale: scale.by });
  if (scale.by === 'work') {
    query.set('a.work', String(scale.baseline));
    query.set('b.work', String(scale.comparison));
  }
  for (const [side, of] of [['a', a] as const, ['b', b] as const]) {
    for (const key of keys) query.set(`${side}.${key}`, of[key]);
    query.set(`${side}.from`, new Date(of.startMs).toISOString());
    query.set(`${side}.to`, new Date(of.endMs).toISOString());
  }
  return `${linkScheme}//compare?${query.toString()}`;
}

/** Reads such a link; undefined for what is none, whoever wrote it. */
export function parseComparisonLink(text: string): LinkedComparison | undefined {
  // Not by URL: what that makes of a scheme that it does not know differs from version to version.
  const [, written] = form.exec(text) ?? [];
  if (written === undefined) return undefined;
  const query = new URLSearchParams(written);
  const side = (name: 'a' | 'b'): unknown => {
    const [startMs, endMs] = ['from', 'to'].map((key) => {
      const read = v.safeParse(moment, query.get(`${name}.${key}`));
      return read.success ? read.output : Number.NaN;
    });
    return { ...Object.fromEntries(keys.map((key) => [key, query.get(`${name}.${key}`) ?? ''])), startMs, endMs };
  };
  const by = query.get('scale') ?? 'auto';
  const scale =
    by === 'work' ? { by, baseline: Number(query.get('a.work')), comparison: Number(query.get('b.work')) } : { by };
  const parsed = v.safeParse(LinkedComparison, {
    a: side('a'),
    b: side('b'),
    profileType: query.get('type') ?? '',
    scale,
  });
  if (!parsed.success) return undefined;
  const { a, b } = parsed.output;
  return a.startMs < a.endMs && b.startMs < b.endMs ? parsed.output : undefined;
}

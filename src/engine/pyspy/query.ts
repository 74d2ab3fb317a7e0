import type { ServiceRow, Timeline } from '../../contract/links.js';
import { ok, type Result } from '../../contract/result.js';
import { cpuProfileType } from '../../contract/selection.js';
import { createProfileBuilder } from '../../core/profile/builder.js';
import { writePprof } from '../../core/formats/pprof/write.js';
import type { Query, Range } from '../pyroscope/querier-client.js';
import { serviceSelector } from '../pyroscope/selectors.js';
import { rateOf } from '../pyroscope/source-views.js';
import { parseSelector, type Labels } from './selector.js';
import type { WindowStore } from './window-store.js';
import { sampleLabels, type WindowCard } from './window.js';

const maxTimelineSteps = 20_000;
const sparklinePoints = 24;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Windows that began in a range. */
function within(cards: readonly WindowCard[], { startMs, endMs }: Range): readonly WindowCard[] {
  return cards.filter((card) => card.startMs >= startMs && card.startMs < endMs);
}

function samplesOf(card: WindowCard, fits: (labels: Labels) => boolean): number {
  return card.totals.reduce((sum, each) => (fits(sampleLabels(card, each)) ? sum + each.samples : sum), 0);
}

/**
 * Rates by step: what the windows of a service counted in a step over the time that they sampled, all services added. A step
 * in which nothing was sampled has no value: it is a gap and not an idle time.
 */
function rates(
  cards: readonly WindowCard[],
  fits: (labels: Labels) => boolean,
  { startMs, endMs }: Range,
  stepMs: number,
  perSecond: number,
): Float64Array {
  const steps = Math.min(maxTimelineSteps, Math.max(1, Math.ceil((endMs - startMs) / stepMs)));
  const services = Array.from({ length: steps }, () => new Map<string, { value: number; seconds: number }>());
  for (const card of cards) {
    const here = services[Math.floor((card.startMs - startMs) / stepMs)];
    const name = card.labels['service_name'] ?? '';
    const sum = here?.get(name) ?? { value: 0, seconds: 0 };
    sum.value += samplesOf(card, fits) * card.periodNs * perSecond;
    sum.seconds += (card.endMs - card.startMs) / 1000;
    here?.set(name, sum);
  }
  return Float64Array.from(services, (here) =>
    here.size === 0 ? Number.NaN : [...here.values()].reduce((rate, { value, seconds }) => rate + value / seconds, 0),
  );
}

/** The profile types that the store has in a range. */
export async function profileTypes(store: WindowStore, range: Range): Promise<readonly string[]> {
  return [...new Set(within(await store.cards(), range).map((card) => card.profileType))].sort();
}

/** A selection's course. */
export async function timeline(store: WindowStore, query: Query, stepMs: number): Promise<Result<Timeline>> {
  const fits = parseSelector(query.selector);
  if (!fits.ok) return fits;
  const { unit, perSecond } = rateOf(query.profileType);
  const cards = within(await store.cards(), query).filter(({ profileType }) => profileType === query.profileType);
  const own = cards.filter((card) => samplesOf(card, fits.value) > 0 || fits.value(card.labels));
  return ok({ startMs: query.startMs, stepMs, values: rates(own, fits.value, query, stepMs, perSecond), unit });
}

/** The services that were recorded in a range, most CPU first. */
export async function recordedServices(store: WindowStore, range: Range): Promise<readonly ServiceRow[]> {
  const cards = within(await store.cards(), range);
  const groups = new Map<string, WindowCard[]>();
  for (const card of cards) {
    const name = card.labels['service_name'] ?? '';
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [card]);
    else group.push(card);
  }
  const stepMs = Math.max(15_000, Math.ceil((range.endMs - range.startMs) / sparklinePoints / 15_000) * 15_000);
  const rows = [...groups].map(([name, group]): ServiceRow => {
    const cpu = group.filter(({ profileType }) => profileType === cpuProfileType);
    const usedNs = cpu.reduce((sum, card) => sum + samplesOf(card, () => true) * card.periodNs, 0);
    const sampledMs = cpu.reduce((sum, card) => sum + card.endMs - card.startMs, 0);
    const last = group.at(-1);
    return {
      name,
      labels: last?.labels ?? {},
      selector: serviceSelector(name),
      ...(sampledMs === 0 ? {} : { cpuCores: usedNs / (sampledMs * 1e6) }),
      recentCores: [...rates(cpu, () => true, range, stepMs, 1e-9)],
      ...(last === undefined ? {} : { lastSeenMs: last.endMs }),
      profileTypes: [...new Set(group.map(({ profileType }) => profileType))].sort(),
    };
  });
  return rows.sort((a, b) => (b.cpuCores ?? 0) - (a.cpuCores ?? 0));
}

/** The merged profile of a selection as a plain pprof. No samples are a profile without samples. */
export async function mergeProfile(store: WindowStore, query: Query): Promise<Result<Uint8Array>> {
  const fits = parseSelector(query.selector);
  if (!fits.ok) return fits;
  const builder = createProfileBuilder(1);
  const string = (text: string): number => builder.string(encoder.encode(text));
  const locations = new Map<string, number>();
  const cards = within(await store.cards(), query).filter(
    (card) => card.profileType === query.profileType && samplesOf(card, fits.value) > 0,
  );
  let durationMs = 0;
  for (const card of cards) {
    const body = await store.body(card);
    if (!body.ok) return body;
    durationMs += card.endMs - card.startMs;
    const frames = body.value.frames.map(({ name, file, line }): number => {
      const key = `${line} ${name}\n${file}`;
      const known = locations.get(key);
      if (known !== undefined) return known;
      const named = { name: string(name), systemName: 0, file: string(file), library: 0, startLine: 0 };
      const callee = builder.function(named);
      const location = builder.location(0, 0n);
      builder.line(callee, line);
      locations.set(key, location);
      return location;
    });
    for (const stack of body.value.stacks) {
      if (!fits.value(sampleLabels(card, stack))) continue;
      const at = stack.frames.reduce((prefix, frame) => builder.stack(prefix, frames[frame] ?? 0), 0);
      builder.sample(at, [stack.samples * card.periodNs]);
    }
  }
  const [, type = '', unit = ''] = query.profileType.split(':');
  const profile = builder.freeze({
    sampleTypes: [{ type, unit }],
    defaultValueIndex: 0,
    timeNs: (cards[0]?.startMs ?? query.startMs) * 1e6,
    durationNs: durationMs * 1e6,
    period: cards[0]?.periodNs ?? 0,
    periodType: { type, unit },
    comments: ['recorded by py-spy'],
  });
  return ok(writePprof(profile, (bytes) => decoder.decode(bytes)));
}

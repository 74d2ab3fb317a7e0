import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import type { Courses, LabelValues, ServiceRow, Timeline } from '../../contract/links.js';
import { gilProfileType, memoryLeaksType, memoryPeakType, threadUnits, wallProfileType } from '../../contract/pyspy.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { cpuProfileType } from '../../contract/selection.js';
import { rankCourses } from '../../core/timeline/courses.js';
import { WindowSetSchema, type WindowCountsSchema } from '../gen/agent/v1/agent_pb.js';
import type { Query, Range } from '../pyroscope/querier-client.js';
import { serviceSelector } from '../pyroscope/selectors.js';
import { mostCourses } from '../pyroscope/source-views.js';
import { tellingApart } from '../pyroscope/source-changes.js';
import { parseSelector, type Labels } from './selector.js';
import type { CountedStack } from './speedscope.js';
import { WindowProfile } from './window-profile.js';
import type { WindowStore } from './window-store.js';
import { sampleLabels, type WindowCard } from './window.js';

const maxTimelineSteps = 20_000;
const sparklinePoints = 24;

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

/** A thread that is counted at each instant makes a second a second. */
const threadsPerNanosecond = 1e-9;

/** Bytes by step: what memory windows hold that began in it. No value where there is none. */
function bytesByStep(
  cards: readonly WindowCard[],
  fits: (labels: Labels) => boolean,
  { startMs, endMs }: Range,
  stepMs: number,
): Float64Array {
  const steps = Math.min(maxTimelineSteps, Math.max(1, Math.ceil((endMs - startMs) / stepMs)));
  const values = new Float64Array(steps).fill(Number.NaN);
  for (const card of cards) {
    const at = Math.floor((card.startMs - startMs) / stepMs);
    const before = values[at];
    if (before === undefined) continue;
    const bytes = samplesOf(card, fits) * card.periodNs;
    values[at] = Number.isNaN(before) ? bytes : before + bytes;
  }
  return values;
}

function threadUnitOf(profileType: string): string {
  if (profileType === gilProfileType) return threadUnits.gil;
  return profileType === wallProfileType ? threadUnits.all : threadUnits.active;
}

/** The profile types that the store has in a range. */
export async function profileTypes(store: WindowStore, range: Range): Promise<readonly string[]> {
  return [...new Set(within(await store.cards(), range).map((card) => card.profileType))].sort();
}

/** The windows that a selection is made of, and what makes a course of some of them. */
interface Rates {
  readonly cards: readonly WindowCard[];
  readonly unit: string;
  readonly valuesOf: (cards: readonly WindowCard[]) => Float64Array;
}

async function ratesOf(store: WindowStore, query: Query, stepMs: number): Promise<Result<Rates>> {
  const fits = parseSelector(query.selector);
  if (!fits.ok) return fits;
  const cards = within(await store.cards(), query)
    .filter(({ profileType }) => profileType === query.profileType)
    .filter((card) => samplesOf(card, fits.value) > 0 || fits.value(card.labels));
  if (query.profileType === memoryPeakType || query.profileType === memoryLeaksType) {
    return ok({ cards, unit: 'bytes', valuesOf: (some) => bytesByStep(some, fits.value, query, stepMs) });
  }
  const valuesOf = (some: readonly WindowCard[]): Float64Array =>
    rates(some, fits.value, query, stepMs, threadsPerNanosecond);
  return ok({ cards, unit: threadUnitOf(query.profileType), valuesOf });
}

/** A selection's course. */
export async function timeline(store: WindowStore, query: Query, stepMs: number): Promise<Result<Timeline>> {
  const found = await ratesOf(store, query, stepMs);
  if (!found.ok) return found;
  const { cards, unit, valuesOf } = found.value;
  return ok({ startMs: query.startMs, stepMs, values: valuesOf(cards), unit });
}

/** The same by service. */
export async function courses(store: WindowStore, query: Query, stepMs: number): Promise<Result<Courses>> {
  const found = await ratesOf(store, query, stepMs);
  if (!found.ok) return found;
  const { cards, unit, valuesOf } = found.value;
  const named = [...byService(cards)].map(([name, own]) => ({ name, values: valuesOf(own) }));
  return ok({ startMs: query.startMs, stepMs, unit, ...rankCourses(named, mostCourses) });
}

function byService(cards: readonly WindowCard[]): ReadonlyMap<string, readonly WindowCard[]> {
  const groups = new Map<string, WindowCard[]>();
  for (const card of cards) {
    const name = card.labels['service_name'] ?? '';
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [card]);
    else group.push(card);
  }
  return groups;
}

/** The services that were recorded in a range, most active first; `cpuCores` are active threads. */
export async function recordedServices(store: WindowStore, range: Range): Promise<readonly ServiceRow[]> {
  const cards = within(await store.cards(), range);
  const stepMs = Math.max(15_000, Math.ceil((range.endMs - range.startMs) / sparklinePoints / 15_000) * 15_000);
  const rows = [...byService(cards)].map(([name, group]): ServiceRow => {
    const cpu = group.filter(({ profileType }) => profileType === cpuProfileType);
    const usedNs = cpu.reduce((sum, card) => sum + samplesOf(card, () => true) * card.periodNs, 0);
    const sampledMs = cpu.reduce((sum, card) => sum + card.endMs - card.startMs, 0);
    const last = group.at(-1);
    return {
      name,
      labels: last?.labels ?? {},
      selector: serviceSelector(name),
      ...(sampledMs === 0 ? {} : { cpuCores: usedNs / (sampledMs * 1e6) }),
      recentCores: [...rates(cpu, () => true, range, stepMs, threadsPerNanosecond)],
      ...(last === undefined ? {} : { lastSeenMs: last.endMs }),
      profileTypes: [...new Set(group.map(({ profileType }) => profileType))].sort(),
    };
  });
  return rows.sort((a, b) => (b.cpuCores ?? 0) - (a.cpuCores ?? 0));
}

/** Labels that tell parts of a selection apart: processes, threads, containers. */
export async function labelValues(store: WindowStore, query: Query): Promise<Result<readonly LabelValues[]>> {
  const sets = await labelSets(store, query);
  return sets.ok ? ok(tellingApart(sets.value)) : sets;
}

/** The labels of what was recorded of a selection. */
export async function labelSets(store: WindowStore, query: Query): Promise<Result<readonly Labels[]>> {
  const found = await selected(store, query);
  if (!found.ok) return found;
  const { cards, fits } = found.value;
  const sets = cards.flatMap((card) => card.totals.map((total) => sampleLabels(card, total)));
  return ok(sets.filter(fits));
}

/** Windows of a selection's profile type that have samples of it, and those in which its services had none. */
async function selected(
  store: WindowStore,
  query: Query,
): Promise<Result<{ readonly cards: readonly WindowCard[]; readonly fits: (labels: Labels) => boolean }>> {
  const fits = parseSelector(query.selector);
  if (!fits.ok) return fits;
  const typed = within(await store.cards(), query).filter(({ profileType }) => profileType === query.profileType);
  const services = new Set(
    typed.filter((card) => samplesOf(card, fits.value) > 0).map(({ labels }) => labels['service_name']),
  );
  return ok({
    cards: typed.filter((card) => fits.value(card.labels) || services.has(card.labels['service_name'])),
    fits: fits.value,
  });
}

/**
 * The merged profile of a selection as a plain pprof, whose samples carry the labels of their window and those of their
 * process and thread. No samples are a profile without samples.
 */
export async function mergeProfile(store: WindowStore, query: Query): Promise<Result<Uint8Array>> {
  const found = await selected(store, query);
  if (!found.ok) return found;
  const { fits } = found.value;
  const cards = found.value.cards.filter((card) => samplesOf(card, fits) > 0);
  const profile = new WindowProfile();
  for (const card of cards) {
    const body = await store.body(card);
    if (!body.ok) return body;
    const locations = body.value.frames.map((frame) => profile.location(frame));
    for (const stack of body.value.stacks) {
      const labels = sampleLabels(card, stack);
      if (fits(labels)) profile.sample(onTop(stack, locations), stack.samples * card.periodNs, labels);
    }
  }
  return ok(
    profile.encode({
      profileType: query.profileType,
      startMs: cards[0]?.startMs ?? query.startMs,
      durationMs: cards.reduce((sum, card) => sum + card.endMs - card.startMs, 0),
      periodNs: cards[0]?.periodNs ?? 0,
    }),
  );
}

/** What decoders of windows take at most. */
const mostBytes = 512 * 1024 * 1024;

/**
 * A selection window by window, as comparisons measure with: the table of its stacks once, and counts. Windows of several
 * services or processes that were recorded side by side are one.
 */
export async function windowSet(
  store: WindowStore,
  query: Query,
  onWindows: (done: number) => void,
): Promise<Result<{ readonly bytes: Uint8Array; readonly windows: number }>> {
  const found = await selected(store, query);
  if (!found.ok) return found;
  const { cards, fits } = found.value;
  const profile = new WindowProfile();
  const windows: MessageInitShape<typeof WindowCountsSchema>[] = [];
  for (const group of sideBySide(cards)) {
    const counts = new Map<number, number>();
    for (const card of group) {
      const body = await store.body(card);
      if (!body.ok) return body;
      const locations = body.value.frames.map((frame) => profile.location(frame));
      for (const stack of body.value.stacks) {
        if (!fits(sampleLabels(card, stack))) continue;
        const value = stack.samples * card.periodNs;
        const at = profile.sample(onTop(stack, locations), value);
        counts.set(at, (counts.get(at) ?? 0) + value);
      }
    }
    const [first] = group;
    if (first === undefined) continue;
    const sorted = [...counts].sort(([a], [b]) => a - b);
    const periods = new Set(group.map(({ periodNs }) => periodNs));
    windows.push({
      start: BigInt(Math.round(first.startMs)),
      end: BigInt(Math.round(Math.max(first.endMs, first.startMs + 1))),
      stack: sorted.map(([at]) => at),
      value: sorted.map(([, value]) => BigInt(Math.round(value))),
      period: BigInt(periods.size === 1 ? first.periodNs : 0),
    });
    onWindows(windows.length);
  }
  const { profileType, startMs, endMs } = query;
  const table = profile.encode({
    profileType,
    startMs,
    durationMs: endMs - startMs,
    periodNs: cards[0]?.periodNs ?? 0,
  });
  const bytes = toBinary(WindowSetSchema, create(WindowSetSchema, { windows, profile: table }));
  return bytes.byteLength > mostBytes
    ? fail('too-large', 'These windows are too many to compare: choose shorter ranges.')
    : ok({ bytes, windows: windows.length });
}

/**
 * Puts windows that lie over each other together: each joins the first whose beginner it overlaps by half. Recordings side
 * by side keep no step with each other, while windows of one follow one another.
 */
export function sideBySide<T extends Pick<WindowCard, 'startMs' | 'endMs'>>(
  cards: readonly T[],
): readonly (readonly T[])[] {
  const groups: { readonly first: T; readonly members: T[] }[] = [];
  for (const card of [...cards].sort((a, b) => a.startMs - b.startMs)) {
    const group = groups.slice(-4).find(({ first }) => {
      const both = Math.min(first.endMs, card.endMs) - Math.max(first.startMs, card.startMs);
      return both * 2 >= Math.min(first.endMs - first.startMs, card.endMs - card.startMs) && both > 0;
    });
    if (group === undefined) groups.push({ first: card, members: [card] });
    else group.members.push(card);
  }
  return groups.map(({ members }) => members);
}

function onTop({ frames }: CountedStack, locations: readonly number[]): readonly number[] {
  return frames.map((frame) => locations[frame] ?? 0);
}

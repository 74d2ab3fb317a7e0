import type { BenchAgent } from './agent.js';

/** One distinct stack of a profile. */
export interface Stack {
  /** Leaf first; inlined calls are frames of their own. */
  readonly names: readonly string[];
  readonly value: number;
}

/** The part of a pprof in protobuf's JSON that is read here. */
interface JsonProfile {
  readonly sample?: readonly { readonly locationId?: readonly string[]; readonly value?: readonly string[] }[];
  readonly location?: readonly { readonly id: string; readonly line?: readonly { readonly functionId?: string }[] }[];
  readonly function?: readonly { readonly id: string; readonly name?: string }[];
  readonly stringTable?: readonly string[];
}

export interface TimeRange {
  readonly startMs: number;
  readonly endMs: number;
}

const cpu = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';

/** The samples that an agent stored of processes; values in nanoseconds. */
export async function stacksOf(agent: BenchAgent, pids: readonly number[], range: TimeRange): Promise<Stack[]> {
  const profile = (await agent.call('querier.v1.QuerierService/SelectMergeProfile', {
    profileTypeID: cpu,
    labelSelector: selectorOf(pids),
    start: range.startMs,
    end: range.endMs,
  })) as JsonProfile;
  const texts = profile.stringTable ?? [];
  const functions = new Map(profile.function?.map((each) => [each.id, texts[Number(each.name ?? 0)] ?? '']));
  const locations = new Map(
    profile.location?.map((each) => [
      each.id,
      (each.line ?? []).map((line) => functions.get(line.functionId ?? '') ?? ''),
    ]),
  );
  return (profile.sample ?? []).map((sample) => ({
    names: (sample.locationId ?? []).flatMap((id) => locations.get(id) ?? ['']),
    // The last value is the one in nanoseconds.
    value: Number(sample.value?.at(-1) ?? 0),
  }));
}

/** A selector of processes by their sample label. */
export function selectorOf(pids: readonly number[]): string {
  return `{pid=~"${pids.join('|')}"}`;
}

/** The part of the stacks' value that passes through a function, by a whole word of its name. */
export function shareThrough(stacks: readonly Stack[], name: string): number {
  const whole = new RegExp(`(^|[^a-z])${name}([^a-z]|$)`);
  const through = stacks.filter(({ names }) => names.some((each) => whole.test(each)));
  return sumOf(through) / sumOf(stacks);
}

export function sumOf(stacks: readonly Stack[]): number {
  return stacks.reduce((sum, { value }) => sum + value, 0);
}

/** The part of all frames, each with its stack's value, that has a name. */
export function namedShare(stacks: readonly Stack[]): { readonly share: number; readonly worst: readonly string[] } {
  let all = 0;
  let named = 0;
  const without = new Map<string, number>();
  for (const { names, value } of stacks) {
    for (const name of names) {
      all += value;
      if (isName(name)) named += value;
      else without.set(fileOf(name), (without.get(fileOf(name)) ?? 0) + value);
    }
  }
  const worst = [...without]
    .sort(([, a], [, b]) => b - a)
    .map(([file, value]) => `${file} ${((100 * value) / all).toFixed(2)} %`);
  return { share: named / all, worst: worst.slice(0, 3) };
}

/** "libfoo.so+0x1234" stands for an address that nothing names, perf's "[unknown]" as well. */
function isName(name: string): boolean {
  return name !== '' && !/\+0x[0-9a-f]+\]?$/.test(name) && name !== '[unknown]';
}

function fileOf(name: string): string {
  return name.replace(/\+0x[0-9a-f]+/, '');
}

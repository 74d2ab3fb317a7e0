import type { Choice, RunningProcess } from '../../../contract/profiled.js';
import { targetTimeMs } from '../../../contract/target-clock.js';
import type { AgentStatus } from '../../../contract/target.js';
import { formatCount } from '../../format/numbers.js';

const counted = (count: number, one: string, many: string): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

/** How much was chosen: "1 service, 2 containers and 1 process". */
export function choiceWords({ containerIds, pids, services }: Choice): string {
  const parts = [
    ...(services.length === 0 ? [] : [counted(services.length, 'service', 'services')]),
    ...(containerIds.length === 0 ? [] : [counted(containerIds.length, 'container', 'containers')]),
    ...(pids.length === 0 ? [] : [counted(pids.length, 'process', 'processes')]),
  ];
  const last = parts.pop();
  if (last === undefined) return 'everything';
  return parts.length === 0 ? last : `${parts.join(', ')} and ${last}`;
}

/** A length of time in whole seconds or minutes: "45 s", "4 min", "4 min 10 s". */
function lengthWords(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const rest = seconds % 60;
  if (minutes === 0) return `${rest} s`;
  return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
}

/** How long a burst still goes on; `nowMs` is this computer's clock. */
export function burstLeft(status: AgentStatus, nowMs: number): string {
  const endsAtMs = status.burst?.endsAtMs ?? 0;
  return lengthWords(Math.max(0, Math.ceil((endsAtMs - targetTimeMs(status, nowMs)) / 1000)));
}

/** The rate now: what is sampled, why it is not what was asked for, and until when. */
export function rateLines(status: AgentStatus, nowMs: number): readonly string[] {
  const { sampleRateHz, budget, burst, windowSeconds } = status;
  const lines = [
    burst === undefined
      ? `Each CPU is looked at ${sampleRateHz} times a second.`
      : `Each CPU is looked at ${sampleRateHz} times a second for ${burstLeft(status, nowMs)} more, then ${burst.returnsToHz} times.`,
  ];
  if (budget !== undefined && budget.wantedRateHz > sampleRateHz) {
    lines.push(
      `${budget.wantedRateHz} were asked for: the agent cost more than it may, and samples less until that has passed.`,
    );
  }
  lines.push(`A window is ${windowSeconds} s.`);
  return lines;
}

/** Something that can be chosen. */
export interface ChoiceRow {
  /** "s" and a service's name, "c" and a container's id, or "p" and a pid. */
  readonly key: string;
  readonly kind: 'service' | 'container' | 'process';
  readonly name: string;
  /** What is known beside the name. */
  readonly note: string;
}

/** Keys of what is chosen. */
export function keysOf({ containerIds, pids, services }: Choice): ReadonlySet<string> {
  return new Set([
    ...services.map((name) => `s${name}`),
    ...containerIds.map((id) => `c${id}`),
    ...pids.map((pid) => `p${pid}`),
  ]);
}

/** The choice that keys stand for. */
export function choiceOf(keys: ReadonlySet<string>): Choice {
  const of = (kind: string): string[] => [...keys].filter((key) => key.startsWith(kind)).map((key) => key.slice(1));
  return { containerIds: of('c'), pids: of('p').map(Number), services: of('s') };
}

const wholeId = /^[0-9a-f]{64}$/;

/**
 * What can be chosen: services by name, then containers by name, then processes by name and pid; of what was chosen and is not
 * there a row as well, so that it can be given up. Threads of the kernel are no choice.
 */
export function choiceRows(processes: readonly RunningProcess[], chosen: ReadonlySet<string>): readonly ChoiceRow[] {
  const containers = new Map<string, { readonly name: string; processes: number }>();
  const services = new Map<string, { readonly containers: Set<string>; processes: number }>();
  const rows: ChoiceRow[] = [];
  for (const { pid, executable, comm, containerId, container, service } of processes) {
    if (wholeId.test(containerId)) {
      const known = containers.get(containerId);
      if (known === undefined) containers.set(containerId, { name: container, processes: 1 });
      else known.processes++;
    }
    if (executable === '') continue;
    if (service !== '') {
      const known = services.get(service) ?? { containers: new Set(), processes: 0 };
      services.set(service, known);
      known.processes++;
      if (containerId !== '') known.containers.add(containerId);
    }
    const name = executable.slice(executable.lastIndexOf('/') + 1);
    const notes = [
      `pid ${pid}`,
      ...(comm === name ? [] : [comm]),
      ...(service === '' || service === name ? [] : [service]),
    ];
    rows.push({ key: `p${pid}`, kind: 'process', name, note: notes.join(', ') });
  }
  const ofServices = [...services].map(([name, { containers: within, processes: count }]): ChoiceRow => {
    const note = counted(count, 'process', 'processes');
    return {
      key: `s${name}`,
      kind: 'service',
      name,
      note: within.size === 0 ? note : `${counted(within.size, 'container', 'containers')}, ${note}`,
    };
  });
  const inContainers = [...containers].map(([id, { name, processes: count }]): ChoiceRow => {
    const short = id.slice(0, 12);
    const note = counted(count, 'process', 'processes');
    return {
      key: `c${id}`,
      kind: 'container',
      name: name === '' ? short : name,
      note: name === '' ? note : `${short}, ${note}`,
    };
  });
  const there = new Set([...ofServices, ...inContainers, ...rows].map(({ key }) => key));
  const gone = [...chosen]
    .filter((key) => !there.has(key))
    .map((key): ChoiceRow => {
      const gone = { key, note: 'not there now' };
      if (key.startsWith('s')) return { ...gone, kind: 'service', name: key.slice(1) };
      if (key.startsWith('c')) return { ...gone, kind: 'container', name: key.slice(1, 13) };
      return { ...gone, kind: 'process', name: `pid ${key.slice(1)}` };
    });
  const byName = (a: ChoiceRow, b: ChoiceRow): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const of =
    (kind: ChoiceRow['kind']) =>
    (row: ChoiceRow): boolean =>
      row.kind === kind;
  return [
    ...[...ofServices, ...gone.filter(of('service'))].toSorted(byName),
    ...[...inContainers, ...gone.filter(of('container'))].toSorted(byName),
    ...[...rows, ...gone.filter(of('process'))].toSorted(byName),
  ];
}

/** Rows that contain a text, whatever its case. */
export function filterRows(rows: readonly ChoiceRow[], filter: string): readonly ChoiceRow[] {
  const wanted = filter.trim().toLowerCase();
  return wanted === '' ? rows : rows.filter(({ name, note }) => `${name} ${note}`.toLowerCase().includes(wanted));
}

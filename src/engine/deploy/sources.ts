import type { ServiceRow } from '../../contract/links.js';
import { ok, type Result } from '../../contract/result.js';
import type { RunningProcess } from '../../contract/profiled.js';
import { cpuProfileType } from '../../contract/selection.js';
import { agentFailure, type AgentConnection } from '../agent/agent-connection.js';
import { agentProcesses } from '../agent/processes.js';
import { labelsOf, QuerierClient, type Range } from '../pyroscope/querier-client.js';
import { everything, originLabel, pushedSelector, sampledOnly, serviceSelector } from '../pyroscope/selectors.js';
import { recentCores } from '../pyroscope/source-views.js';

/**
 * The services that an agent sampled in a range. `partial`: it does not profile everything, and what runs beside that is listed
 * too.
 */
export async function agentServices(
  agent: AgentConnection,
  range: Range,
  partial: boolean,
  signal?: AbortSignal,
): Promise<Result<readonly ServiceRow[]>> {
  let services;
  try {
    const request = { start: BigInt(range.startMs), end: BigInt(range.endMs) };
    const given = signal === undefined ? {} : { signal };
    services = (await agent.client.listServices(request, { timeoutMs: 30_000, ...given })).services;
  } catch (error) {
    return { ok: false, failure: agentFailure(error) };
  }
  const recent = await recentCores(
    new QuerierClient(agent.http, 'The agent'),
    range,
    cpuProfileType,
    signal,
    sampledOnly(everything),
  );
  // A course that cannot be had costs the sparkline, not the list.
  const courses: ReadonlyMap<string, readonly number[]> = recent.ok ? recent.value : new Map();
  const rows = serviceRows(services.map((service) => ({ ...service, labels: labelsOf(service.labels) }))).map((row) => {
    const course = row.pushed === true ? undefined : courses.get(row.name);
    return course === undefined ? row : { ...row, recentCores: course };
  });
  if (!partial) return ok(rows);
  // As above: without it the list is what was sampled.
  const running = await agentProcesses(agent, undefined, signal);
  return ok(running.ok ? withUnprofiled(rows, running.value.processes) : rows);
}

/** Marks services of which nothing is profiled that runs, and adds those that were never sampled. */
export function withUnprofiled(
  rows: readonly ServiceRow[],
  processes: readonly Pick<RunningProcess, 'service' | 'profiled'>[],
): readonly ServiceRow[] {
  const profiled = new Map<string, boolean>();
  for (const { service, profiled: one } of processes) {
    if (service !== '') profiled.set(service, one || profiled.get(service) === true);
  }
  const listed = new Set(rows.filter((row) => row.pushed !== true).map((row) => row.name));
  const marked = rows.map((row): ServiceRow => {
    return row.pushed !== true && profiled.get(row.name) === false ? { ...row, notProfiled: true } : row;
  });
  const others = [...profiled]
    .filter(([name, one]) => !one && !listed.has(name))
    .map(([name]): ServiceRow => ({ name, labels: {}, selector: serviceSelector(name), notProfiled: true }));
  return [...marked, ...others];
}

/** A series of CPU time, as an agent lists them. */
interface MeasuredSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly cpuCores: number;
  /** Unix milliseconds. */
  readonly lastSeen: bigint;
}

/**
 * One row a service, most CPU first: its replicas, its processes that ended unseen and its interpreters are series of one
 * name. What was pushed under the name stands apart. A row has the labels that all its series have.
 */
export function serviceRows(series: readonly MeasuredSeries[]): readonly ServiceRow[] {
  const rows = new Map<string, ServiceRow>();
  for (const { labels, cpuCores, lastSeen } of series) {
    const name = labels['service_name'] ?? '';
    const pushed = (labels[originLabel] ?? '') !== '';
    const selector = pushed ? pushedSelector(name) : serviceSelector(name);
    const known = rows.get(selector);
    rows.set(selector, {
      name,
      labels: known === undefined ? labels : commonOf(known.labels, labels),
      selector,
      cpuCores: (known?.cpuCores ?? 0) + cpuCores,
      lastSeenMs: Math.max(known?.lastSeenMs ?? 0, Number(lastSeen)),
      profileTypes: [cpuProfileType],
      ...(pushed ? { pushed } : {}),
    });
  }
  return [...rows.values()].sort((a, b) => (b.cpuCores ?? 0) - (a.cpuCores ?? 0));
}

function commonOf(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(a).filter(([name, value]) => b[name] === value));
}

import type { ServiceRow } from '../../contract/links.js';
import { ok, type Result } from '../../contract/result.js';
import { cpuProfileType } from '../../contract/selection.js';
import { agentFailure, type AgentConnection } from '../agent/agent-connection.js';
import { labelsOf, QuerierClient, type Range } from '../pyroscope/querier-client.js';
import {
  everything,
  originLabel,
  pushedSelector,
  quoteLabelValue,
  sampledOnly,
  serviceSelector,
} from '../pyroscope/selectors.js';
import { recentCores } from '../pyroscope/source-views.js';

/** The services that an agent sampled in a range. */
export async function agentServices(
  agent: AgentConnection,
  range: Range,
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
  const named = services.map((service) => ({ service, labels: labelsOf(service.labels) }));
  const uses = new Map<string, number>();
  for (const { labels } of named) {
    if (!isPushed(labels)) uses.set(nameOf(labels), (uses.get(nameOf(labels)) ?? 0) + 1);
  }
  return ok(
    named.map(({ service, labels }) => {
      const name = nameOf(labels);
      const measured = { name, labels, cpuCores: service.cpuCores, lastSeenMs: Number(service.lastSeen) };
      if (isPushed(labels)) return { ...measured, selector: pushedSelector(name), pushed: true };
      const unique = uses.get(name) === 1;
      const course = unique ? courses.get(name) : undefined;
      return {
        ...measured,
        selector: unique ? serviceSelector(name) : exactSelector(labels),
        profileTypes: [cpuProfileType],
        ...(course === undefined ? {} : { recentCores: course }),
      };
    }),
  );
}

function isPushed(labels: Readonly<Record<string, string>>): boolean {
  return (labels[originLabel] ?? '') !== '';
}

function nameOf(labels: Readonly<Record<string, string>>): string {
  return labels['service_name'] ?? '';
}

/** Tells services of one name apart, as after a container was made anew. */
function exactSelector(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).filter(([name]) => name === 'service_name' || name === 'container_id');
  return `{${pairs.map(([name, value]) => `${name}=${quoteLabelValue(value)}`).join(',')}}`;
}

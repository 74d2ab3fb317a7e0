import type { LabelValues, Turnovers } from '../../contract/links.js';
import { ok, type Result } from '../../contract/result.js';
import { containerStarts, type ContainerSteps } from '../../core/compare/container-starts.js';
import { turnoversOf, type InstanceSteps } from '../../core/compare/turnovers.js';
import type { KnownLabel } from '../../core/words/complete-selector.js';
import { isLabelName } from '../../core/words/selectors.js';
import type { Query, QuerierClient } from './querier-client.js';
import { originLabel } from './selectors.js';
import { lookingBack } from './source-views.js';

/** More values than a person chooses from are no variants. */
const mostValues = 200;

/** Labels that have more than one value in a selection. */
export async function labelValues(
  client: Pick<QuerierClient, 'series'>,
  query: Query,
  signal?: AbortSignal,
): Promise<Result<readonly LabelValues[]>> {
  const sets = await client.series(query, [], signal, [query.selector]);
  return sets.ok ? ok(tellingApart(sets.value)) : sets;
}

/** Of label sets, the labels that tell some of them apart, with their values. */
export function tellingApart(sets: readonly Readonly<Record<string, string>>[]): readonly LabelValues[] {
  return labelsIn(sets).filter(({ values }) => values.length > 1 && values.length <= mostValues);
}

/** All labels of label sets that a selector can be made of with their values, both in the order of the alphabet. */
export function labelsIn(sets: readonly Readonly<Record<string, string>>[]): readonly KnownLabel[] {
  const values = new Map<string, Set<string>>();
  for (const [name, value] of sets.flatMap((set) => Object.entries(set))) {
    if (name.startsWith('__') || name === originLabel || !isLabelName(name) || value === '') continue;
    values.set(name, (values.get(name) ?? new Set()).add(value));
  }
  return [...values].map(([name, of]) => ({ name, values: [...of].sort() })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Labels of samples, which an agent selects by and no series has. */
const sampleLabelNames = ['pid', 'thread'] as const;

/** What an agent's samples can also be selected by: their processes and threads. What cannot be asked is left out. */
export async function sampleLabels(
  client: Pick<QuerierClient, 'labelValues'>,
  query: Query,
  signal?: AbortSignal,
): Promise<readonly KnownLabel[]> {
  const asked = sampleLabelNames.map(async (name): Promise<KnownLabel> => {
    const found = await client.labelValues(query, name, [query.selector], signal);
    return { name, values: found.ok ? found.value : [] };
  });
  return (await Promise.all(asked)).filter(({ values }) => values.length > 0);
}

const stepsMs = [15_000, 30_000, 60_000, 300_000, 900_000];
const mostSteps = 240;
/** Processes are told apart in ranges of this length: the store has to read what is in each window for that. */
const longestByProcessMs = 3_600_000;

/** Deploys and restarts in a selection, by the labels of what was sampled. */
export async function sourceTurnovers(
  client: Pick<QuerierClient, 'selectSeries'>,
  query: Query,
  signal?: AbortSignal,
): Promise<Result<Turnovers>> {
  const span = query.endMs - query.startMs;
  const stepMs = stepsMs.find((step) => span / step <= mostSteps) ?? Math.ceil(span / mostSteps);
  const labels = ['service_name', 'container_id', 'container', 'service_git_ref', 'image_digest'];
  const groupBy = span <= longestByProcessMs ? [...labels, 'pid'] : labels;
  // Steps begin where windows do, so that no window is in two steps' time.
  const range = { startMs: Math.floor(query.startMs / stepMs) * stepMs, endMs: query.endMs };
  const back = lookingBack(range, stepMs);
  const reply = await client.selectSeries({ ...query, ...back.range }, stepMs, groupBy, signal);
  if (!reply.ok) return reply;
  const instances = reply.value.map(({ labels: of, points }): InstanceSteps => {
    const { service_name: service = '', container_id: container = '', pid = '' } = of;
    return {
      service,
      instance: `${container} ${pid}`,
      version: [of['service_git_ref'], of['image_digest']].find((each) => each !== undefined && each !== '') ?? '',
      stepsMs: points.filter(({ value }) => value > 0).map(({ timeMs }) => timeMs - stepMs + 1),
    };
  });
  const told = instances.filter(
    ({ instance, version, stepsMs: of }) => of.length > 0 && (instance !== ' ' || version !== ''),
  );
  const turnovers = turnoversOf(told, stepMs);
  const containers = reply.value.map(({ labels: of }, index): ContainerSteps => {
    const { service_name: service = '', container_id: container = '', container: name = '' } = of;
    return { service, container, name, stepsMs: instances[index]?.stepsMs ?? [] };
  });
  return ok({ stepMs, turnovers, starts: containerStarts(containers, turnovers, stepMs) });
}

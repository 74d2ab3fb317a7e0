import type { Naming, RunningProcess } from '../../../contract/profiled.js';
import type { TargetState } from '../../../contract/target.js';

/** A service as it is called now and as it would be. Empty: its processes are dropped. */
export interface RenamedRow {
  readonly before: string;
  readonly after: string;
  readonly processes: number;
  /** Labels that all of its processes would have, as "name=value", without service_name. */
  readonly labels: readonly string[];
}

/** The present services under a proposed naming: those that change first, then by name. */
export function renamedRows(processes: readonly RunningProcess[]): readonly RenamedRow[] {
  const rows = new Map<string, { before: string; after: string; processes: number; labels: readonly string[] }>();
  for (const { service, proposed } of processes) {
    const after = proposed?.['service_name'] ?? '';
    const labels = Object.entries(proposed ?? {})
      .filter(([name]) => name !== 'service_name')
      .map(([name, value]) => `${name}=${value}`);
    const key = JSON.stringify([service, after]);
    const known = rows.get(key);
    if (known === undefined) rows.set(key, { before: service, after, processes: 1, labels });
    else {
      known.processes++;
      known.labels = known.labels.filter((label) => labels.includes(label));
    }
  }
  const rank = ({ before, after }: RenamedRow): number => (before === after ? 2 : after === '' ? 0 : 1);
  return [...rows.values()]
    .filter(({ before, after }) => before !== '' || after !== '')
    .toSorted((a, b) => rank(a) - rank(b) || (a.before < b.before ? -1 : a.before > b.before ? 1 : 0));
}

/** What a naming does, in a sentence. */
export function previewSentence(rows: readonly RenamedRow[]): string {
  const renamed = rows.filter(({ before, after }) => after !== '' && before !== after).length;
  const dropped = rows.filter(({ after }) => after === '').length;
  if (renamed + dropped === 0) return `None of ${rows.length} present services changes its name.`;
  const parts = [
    ...(renamed === 0 ? [] : [`${renamed} ${renamed === 1 ? 'changes its name' : 'change their names'}`]),
    ...(dropped === 0 ? [] : [`${dropped} ${dropped === 1 ? 'is' : 'are'} dropped`]),
  ];
  return `Of ${rows.length} present services ${parts.join(', ')}.`;
}

/** The naming that a dialog begins with: of an agent that runs, else of the one that will be started. */
export function namingOf({ agent, config }: Pick<TargetState, 'agent' | 'config'>): Naming | undefined {
  return agent.engine === undefined ? (agent.status?.naming ?? config.naming) : config.naming;
}

/** The naming without rows of labels that were left empty. */
export function cleaned(naming: Naming): Naming {
  return { ...naming, labels: naming.labels.filter(({ name, value }) => name.trim() !== '' || value !== '') };
}

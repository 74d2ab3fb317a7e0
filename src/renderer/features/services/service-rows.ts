import type { ServiceRow } from '../../../contract/links.js';

/** Services whose name contains the filter, those that use most first, equal ones by name. */
export function arrangeServices(services: readonly ServiceRow[], filter: string): readonly ServiceRow[] {
  const wanted = filter.trim().toLowerCase();
  return services
    .filter((row) => wanted === '' || row.name.toLowerCase().includes(wanted))
    .toSorted((a, b) => (b.cpuCores ?? 0) - (a.cpuCores ?? 0) || (a.name < b.name ? -1 : 1));
}

/** CPU of all services together. */
export interface ServicesTotal {
  /** undefined when no service says. */
  readonly cores: number | undefined;
  readonly recent: readonly number[] | undefined;
}

/** Adds up services; curves are added from their newest end, where they belong together. */
export function totalOf(services: readonly ServiceRow[]): ServicesTotal {
  // What others pushed is theirs to count.
  const sampled = services.filter((row) => row.pushed !== true);
  const known = sampled.filter((row) => row.cpuCores !== undefined);
  const cores = known.length === 0 ? undefined : known.reduce((sum, row) => sum + (row.cpuCores ?? 0), 0);
  const longest = sampled.reduce((most, row) => Math.max(most, row.recentCores?.length ?? 0), 0);
  if (longest === 0) return { cores, recent: undefined };
  const recent = new Array<number>(longest).fill(Number.NaN);
  for (const { recentCores = [] } of sampled) {
    recentCores.forEach((value, index) => {
      const at = longest - recentCores.length + index;
      if (!Number.isNaN(value)) recent[at] = (Number.isNaN(recent[at] ?? Number.NaN) ? 0 : (recent[at] ?? 0)) + value;
    });
  }
  return { cores, recent };
}

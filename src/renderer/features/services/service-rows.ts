import type { ServiceRow } from '../../../contract/links.js';

/** Services in whose name or labels ("host=web-1") each word of the filter is found, those that use most first, equal ones by name. */
export function arrangeServices(services: readonly ServiceRow[], filter: string): readonly ServiceRow[] {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return services
    .filter((row) => {
      const texts = [row.name, ...labelsOf(row)].map((text) => text.toLowerCase());
      return words.every((word) => texts.some((text) => text.includes(word)));
    })
    .toSorted((a, b) => (b.cpuCores ?? 0) - (a.cpuCores ?? 0) || (a.name < b.name ? -1 : 1));
}

/** The labels that a service has, "name=value", its own name left out. */
export function labelsOf({ labels }: ServiceRow): readonly string[] {
  return Object.entries(labels).flatMap(([name, value]) =>
    name === 'service_name' || name.startsWith('__') || value === '' ? [] : [`${name}=${value}`],
  );
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

import type { ServiceRow } from '../../../contract/links.js';
import { targetTimeMs } from '../../../contract/target-clock.js';
import type { TargetState } from '../../../contract/target.js';
import { agentShare, targetWords, type TargetWords } from '../targets/target-words.js';

/** What runs on a target. */
export interface Load {
  readonly services: number;
  /** Used by them; undefined where the agent cannot say. */
  readonly cores: number | undefined;
}

/** A line of the overview; undefined is what is not known, as of a target that is not connected. */
export interface FleetRow {
  readonly target: TargetState;
  readonly words: TargetWords;
  readonly group: string;
  readonly kernel: string | undefined;
  readonly version: string | undefined;
  readonly services: number | undefined;
  readonly cores: number | undefined;
  readonly cpuCount: number | undefined;
  /** Of the whole machine, what the agent takes. */
  readonly overhead: number | undefined;
  /** Since the last window ended, by the target's clock. */
  readonly windowAgeMs: number | undefined;
}

/** What the overview can be sorted by. */
export type FleetColumn = 'name' | 'state' | 'kernel' | 'version' | 'services' | 'cores' | 'overhead' | 'windowAgeMs';

/** Sums up the services of a target. What was pushed was not measured there, and is not counted. */
export function loadOf(services: readonly ServiceRow[]): Load {
  const own = services.filter(({ pushed }) => pushed !== true);
  const cores = own.flatMap(({ cpuCores }) => (cpuCores === undefined ? [] : [cpuCores]));
  return { services: own.length, cores: cores.length === 0 ? undefined : cores.reduce((sum, each) => sum + each, 0) };
}

/** The line of a target. */
export function fleetRow(target: TargetState, load: Load | undefined, nowMs: number): FleetRow {
  const { config, agent, link } = target;
  const status = link.state === 'connected' ? agent.status : undefined;
  const running = agent.state === 'profiling' ? status : undefined;
  const lastMs = running?.lastWindowEndMs ?? 0;
  return {
    target,
    words: targetWords(target, nowMs),
    group: config.kind === 'ssh' ? (config.group ?? '') : '',
    kernel: status?.kernel,
    version: running?.version,
    services: running === undefined ? undefined : load?.services,
    // py-spy counts active threads, which are no part of a machine.
    cores: running === undefined || agent.engine !== undefined ? undefined : load?.cores,
    cpuCount: status?.cpuCount,
    overhead: running === undefined ? undefined : agentShare(running),
    windowAgeMs: running === undefined || lastMs === 0 ? undefined : Math.max(0, targetTimeMs(running, nowMs) - lastMs),
  };
}

function valueOf(row: FleetRow, column: FleetColumn): string | number | undefined {
  if (column === 'name') return row.target.config.name;
  return column === 'state' ? row.words.state : row[column];
}

/** Sorted by a column, what is not known last either way; equal ones by name. */
export function sortFleet(rows: readonly FleetRow[], column: FleetColumn, descending: boolean): readonly FleetRow[] {
  const compare = (a: string | number, b: string | number): number =>
    typeof a === 'number' && typeof b === 'number'
      ? a - b
      : String(a).localeCompare(String(b), undefined, { numeric: true });
  return rows.toSorted((first, second) => {
    const [a, b] = [valueOf(first, column), valueOf(second, column)];
    const known = Number(a === undefined) - Number(b === undefined);
    const order = a === undefined || b === undefined ? 0 : compare(a, b) * (descending ? -1 : 1);
    return known || order || compare(first.target.config.name, second.target.config.name);
  });
}

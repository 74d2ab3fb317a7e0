/**
 * What an agent that runs is beside the one that this app would start there: of an older or a newer release, or "other",
 * another build of the same release. What stands behind the "+" of a version tells builds apart and orders nothing.
 */
export type AgentAge = 'older' | 'newer' | 'other';

/** The agent of this app, where another runs on a target. */
export interface Replacement {
  readonly version: string;
  readonly running: AgentAge;
}

/** Compares versions as `pyrometer-agent start` does; undefined where they are the same. */
export function agentAge(running: string, ours: string): AgentAge | undefined {
  if (running === ours) return undefined;
  const [there, here] = [releaseOf(running), releaseOf(ours)];
  for (let index = 0; index < Math.max(there.length, here.length); index++) {
    const difference = (there[index] ?? -1) - (here[index] ?? -1);
    if (difference !== 0) return difference > 0 ? 'newer' : 'older';
  }
  return 'other';
}

/** The numbers of a version; none for what is no version. */
function releaseOf(version: string): readonly number[] {
  const [release = ''] = version.split('+');
  return /^\d+(\.\d+)*$/.test(release) ? release.split('.').map(Number) : [];
}

import type { TargetState } from '../../../contract/target.js';

/** Targets that stand under one heading. */
export interface TargetGroup {
  /** "" for those without a group, which come first. */
  readonly name: string;
  readonly targets: readonly TargetState[];
}

/** Targets in their groups, groups by name; a filter keeps those whose name, host, user or group has its words. */
export function arrangeTargets(targets: readonly TargetState[], filter: string): readonly TargetGroup[] {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const groups = new Map<string, TargetState[]>();
  for (const target of targets) {
    const { config } = target;
    const group = config.kind === 'ssh' ? (config.group ?? '') : '';
    const text = [config.name, group, ...(config.kind === 'ssh' ? [config.host, config.user] : [])]
      .join(' ')
      .toLowerCase();
    if (!words.every((word) => text.includes(word))) continue;
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [target]);
    else members.push(target);
  }
  return [...groups]
    .map(([name, members]) => ({ name, targets: members }))
    .sort((a, b) => Number(a.name !== '') - Number(b.name !== '') || a.name.localeCompare(b.name));
}

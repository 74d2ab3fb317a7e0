import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

const top = '/sys/fs/cgroup';

/** The ids of the Docker containers that processes run in, as their cgroups name them. */
export function containersOf(pids: readonly number[]): readonly string[] {
  const ids = pids.flatMap((pid) => {
    return [...readOrNothing(`/proc/${pid}/cgroup`).matchAll(/docker[/-]([0-9a-f]{64})/g)].map(
      (found) => found[1] ?? '',
    );
  });
  return [...new Set(ids)];
}

/**
 * Removes the cgroups that a world's dockerd left: those of its containers, when it was killed, and the empty `docker`
 * above them, which it always leaves. What is in use, by another dockerd, cannot be removed and stays.
 */
export function removeDockerCgroups(containerIds: readonly string[]): void {
  // Version 1 has a hierarchy a controller below `top`; version 2 is `top` itself.
  for (const hierarchy of [top, ...readdirSync(top).map((name) => join(top, name))]) {
    for (const id of containerIds) removeIfFree(join(hierarchy, 'docker', id));
    removeIfFree(join(hierarchy, 'docker'));
  }
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // The process ended between the look and the reading.
    return '';
  }
}

function removeIfFree(folder: string): void {
  if (!existsSync(folder)) return;
  try {
    rmdirSync(folder);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'EBUSY' && code !== 'ENOTEMPTY' && code !== 'ENOENT') throw error;
  }
}

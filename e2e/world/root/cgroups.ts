import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

const top = '/sys/fs/cgroup';

/**
 * Removes the cgroups that a world's dockerd left: those of its containers, when it was killed, and the empty `docker`
 * above them, which it always leaves. What is in use, by another dockerd, cannot be removed and stays.
 */
export function removeDockerCgroups(worldPath: string): void {
  const containers = join(worldPath, 'docker', 'containers');
  const ids = existsSync(containers) ? readdirSync(containers) : [];
  // Version 1 has a hierarchy a controller below `top`; version 2 is `top` itself.
  for (const hierarchy of [top, ...readdirSync(top).map((name) => join(top, name))]) {
    for (const id of ids) removeIfFree(join(hierarchy, 'docker', id));
    removeIfFree(join(hierarchy, 'docker'));
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

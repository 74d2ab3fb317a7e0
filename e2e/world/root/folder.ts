import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { containersOf, removeDockerCgroups } from './cgroups';
import { endProcessesOf, processesOf, type WorldProcess } from './processes';

const prefix = 'pyrometer-e2e-';

/**
 * Where a world keeps its files: a folder on the machine's disk that is seen at the same path inside and outside.
 *
 * overlay/  mount point of the world's root        run/   its /run, with docker.sock
 * docker/   dockerd's data (a tmpfs, seen inside only)  tmp/   its /tmp
 * keys/     client and host keys                   logs/  one file a server
 */
export interface WorldFolder {
  /** "pyrometer-e2e-k3Jx9a": no other path of the machine holds it. */
  readonly id: string;
  readonly path: string;
}

/** Makes the folder of a new world, owned by this process until it removes it. */
export function createWorldFolder(parent = tmpdir()): WorldFolder {
  const path = mkdtempSync(join(parent, prefix));
  // Test users walk through; what is secret below has a mode of its own.
  chmodSync(path, 0o711);
  for (const name of ['overlay', 'run', 'tmp', 'keys', 'logs', 'docker']) mkdirSync(join(path, name), 0o755);
  chmodSync(join(path, 'tmp'), 0o1777);
  mkdirSync(join(path, 'run', 'lock'));
  chmodSync(join(path, 'run', 'lock'), 0o1777);
  for (const name of ['sshd', 'user']) mkdirSync(join(path, 'run', name), 0o755);
  writeFileSync(join(path, 'guardian'), `${process.pid} ${startOf(process.pid)}\n`);
  return { id: basename(path), path };
}

/** Ends all that still runs in a world, removes its cgroups and its folder. Returns what it had to end. */
export async function clearWorld(folder: WorldFolder): Promise<readonly WorldProcess[]> {
  const containers = containersOf(processesOf(folder.id).map((one) => one.pid));
  const ended = await endProcessesOf(folder.id);
  removeDockerCgroups(containers);
  removeWorldFolder(folder);
  return ended;
}

/** Removes a world's folder. Refuses while something is mounted below it here, for a bound folder is somebody's own. */
function removeWorldFolder(folder: WorldFolder): void {
  const mounted = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => (line.split(' ')[4] ?? '').startsWith(`${folder.path}/`));
  if (mounted.length > 0) throw new Error(`still mounted below ${folder.path}:\n${mounted.join('\n')}`);
  rmSync(folder.path, { recursive: true, force: true, maxRetries: 3 });
}

/** Clears away the worlds whose guardian was killed before it could. Returns their ids. */
export async function removeDeadWorlds(parent = tmpdir()): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const name of readdirSync(parent).filter((one) => one.startsWith(prefix))) {
    const folder = { id: name, path: join(parent, name) };
    if (guardianLives(folder.path)) continue;
    await clearWorld(folder);
    removed.push(name);
  }
  return removed;
}

function guardianLives(path: string): boolean {
  let text: string;
  try {
    text = readFileSync(join(path, 'guardian'), 'utf8');
  } catch {
    // A folder without the file is a world that is being made or removed at this moment: not ours to touch.
    return true;
  }
  const [pid = '', start = ''] = text.trim().split(' ');
  return startOf(Number(pid)) === start;
}

/** When a process began, in clock ticks since boot: with it a process id that was given away again is told apart. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return 'ended';
  }
}

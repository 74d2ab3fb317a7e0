import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that lives in a world. */
export interface WorldProcess {
  readonly pid: number;
  /** Its command line, cut to 160 characters; empty for a kernel thread or a zombie. */
  readonly command: string;
}

/**
 * The processes whose root lies in a world, whoever started them and however far they have run away.
 *
 * A world's id is part of the path of its overlay, and so of the mount table of each process that sees the world's
 * root; that holds for containers too, whose layers lie in the world's folder. A process of Electron's sandbox has
 * changed its root to an empty folder and sees no mounts: it is known by its mount namespace, which it shares with others.
 */
export function processesOf(worldId: string): readonly WorldProcess[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), ...mountView(name) }));
  const namespaces = new Set(all.filter((one) => one.mounts.includes(worldId)).map((one) => one.namespace));
  namespaces.delete('');
  // Whatever a mount table may hold one day: the namespace of the machine itself is never a world's.
  namespaces.delete(mountView('1').namespace);
  return all.filter((one) => namespaces.has(one.namespace)).map(({ pid }) => ({ pid, command: commandOf(pid) }));
}

/**
 * Ends the processes of a world except `spared` ones: SIGTERM, after `patienceMs` SIGKILL. Looks again until there are
 * none, for a process may start another while it dies. Returns what it had to end.
 */
export async function endProcessesOf(
  worldId: string,
  {
    spared = new Set<number>(),
    patienceMs = 4000,
  }: { readonly spared?: ReadonlySet<number>; readonly patienceMs?: number } = {},
): Promise<readonly WorldProcess[]> {
  const left = (): readonly WorldProcess[] => processesOf(worldId).filter((one) => !spared.has(one.pid));
  const ended = new Map<number, WorldProcess>();
  const began = performance.now();
  for (;;) {
    const now = left();
    if (now.length === 0) return [...ended.values()];
    const elapsed = performance.now() - began;
    if (elapsed > patienceMs + 20_000) {
      throw new Error(`these processes of ${worldId} do not end: ${now.map(describe).join(', ')}`);
    }
    for (const one of now) {
      if (!ended.has(one.pid)) {
        ended.set(one.pid, one);
        signal(one.pid, 'SIGTERM');
      } else if (elapsed > patienceMs) signal(one.pid, 'SIGKILL');
    }
    await sleep(50);
  }
}

/** This process and the ones above it. */
export function ancestorsOf(pid: number): ReadonlySet<number> {
  const found = new Set<number>();
  for (let at = pid; at > 0 && !found.has(at); at = parentOf(at)) found.add(at);
  return found;
}

/** What a process started, and what that started, as far as it still runs below it. */
export function descendantsOf(pid: number): readonly WorldProcess[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return all
    .filter((each) => each !== pid && ancestorsOf(each).has(pid))
    .map((each) => ({ pid: each, command: commandOf(each) }));
}

/** "123 dockerd --data-root ..." */
export function describe(one: WorldProcess): string {
  return `${one.pid} ${one.command}`;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It went by itself in the meantime.
    if (!isErrno(error, 'ESRCH')) throw error;
  }
}

function mountView(pid: string): { readonly mounts: string; readonly namespace: string } {
  // Either fails for a process that has just ended, and for zombies and kernel threads, which hold no mounts.
  return {
    mounts: readOr(() => readFileSync(`/proc/${pid}/mountinfo`, 'utf8')),
    namespace: readOr(() => readlinkSync(`/proc/${pid}/ns/mnt`)),
  };
}

function commandOf(pid: number): string {
  return readOr(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
    .replaceAll('\0', ' ')
    .trim()
    .slice(0, 160);
}

function parentOf(pid: number): number {
  const stat = readOr(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The name in brackets may itself hold brackets and spaces: "12 (a) b) S 1 ...".
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[1] ?? 0);
}

function readOr(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ESRCH') || isErrno(error, 'EINVAL') || isErrno(error, 'EACCES'))
      return '';
    throw error;
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

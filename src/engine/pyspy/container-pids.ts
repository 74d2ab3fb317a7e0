import type Docker from 'dockerode';
import { fail, ok, type Result } from '../../contract/result.js';
import { processesIn } from './containers.js';
import { scriptInside } from './inside.js';
import type { ListedProcess } from './processes.js';
import { programName } from './sidecar.js';

/** A process as its container counts. */
export interface Inside {
  readonly pid: number;
  readonly parentPid: number;
  /** In ticks of the kernel. */
  readonly startedAt: number;
  /** What can be printed of it. */
  readonly command: string;
}

/**
 * Prints all processes of the container but itself, a line each: "PID PARENT START COMMAND". Runs on every Python from 2.7 on,
 * and on every shell: with nothing besides, and without a process more.
 */
const list = {
  python: `
import os
for name in os.listdir('/proc'):
    if not name.isdigit() or int(name) == os.getpid():
        continue
    try:
        with open('/proc/' + name + '/stat', 'rb') as file:
            fields = file.read().decode('ascii', 'replace').rsplit(')', 1)[1].split()
        with open('/proc/' + name + '/cmdline', 'rb') as file:
            command = file.read(4096).decode('ascii', 'replace')
    except (IOError, OSError):
        continue
    plain = ''.join([c if '!' <= c <= '~' else ' ' for c in command])
    print('%s %s %s %s' % (name, fields[1], fields[19], plain))
`,
  sh: `
for p in /proc/[0-9]*; do
  pid=\${p#/proc/}
  [ "$pid" != $$ ] || continue
  { IFS= read -r stat < "$p/stat"; } 2>/dev/null || continue
  set -- \${stat##*)}
  start=\${20} command=
  while IFS= read -r line || [ -n "$line" ]; do
    command="$command $line"
  done 2>/dev/null < "$p/cmdline"
  printf '%s %s %s %.200s\\n' "$pid" "$2" "$start" "$command"
done`,
};

/**
 * The pid by which a container itself knows a process that the engine's machine lists as `pid`. That machine may be one
 * that cannot be asked, so for all but the container's first process the two lists are laid side by side: both have the same
 * processes in the order in which they began. "not-found" when they do not agree.
 */
export async function pidInside(container: Docker.Container, pid: number): Promise<Result<number>> {
  const { kind, first } = await namespaceOf(container);
  // A health check, or whatever else runs for a moment, is in one list and not in the other.
  for (let tries = 0; tries < 3; tries++) {
    const outside = await processesIn(container);
    const isThere = outside.some((process) => process.pid === pid);
    if (isThere && kind === 'machine') return ok(pid);
    if (isThere && kind === 'own' && pid === first) return ok(1);
    const text = await scriptInside(container, list);
    // A py-spy of ours beside the container is in its namespace, and in no list of its own processes.
    const inside = readInside(text ?? '').filter(({ command }) => !command.trimStart().startsWith(`/${programName}`));
    const found = matchPids(outside, inside).get(pid);
    if (found !== undefined) return ok(found);
  }
  return fail(
    'not-found',
    'That process is not there any more, or its container does not tell: choose again, or the container.',
  );
}

/** Of what namespace a container's processes are, and the first of them as the engine's machine counts. */
interface Namespace {
  /** "shared": with another container, whose processes it sees as well. */
  readonly kind: 'own' | 'machine' | 'shared';
  readonly first: number;
}

/** Asks the engine. A container that is gone has a namespace of which nothing is known. */
export async function namespaceOf(container: Docker.Container): Promise<Namespace> {
  try {
    const { State: state, HostConfig: settings } = await container.inspect();
    // Podman says "private" of what is nothing to Docker.
    const mode = settings.PidMode ?? '';
    const kind = mode === 'host' ? 'machine' : mode === '' || mode === 'private' ? 'own' : 'shared';
    return { kind, first: state.Pid };
  } catch {
    return { kind: 'shared', first: 0 };
  }
}

/** The pid by which a container itself knows the process that it was started with. */
export async function firstPidInside(container: Docker.Container): Promise<number> {
  const { kind, first } = await namespaceOf(container);
  return kind === 'machine' ? first : 1;
}

/** Reads what the script printed. */
export function readInside(text: string): readonly Inside[] {
  return text.split('\n').flatMap((line): readonly Inside[] => {
    const found = /^(\d+) (\d+) (\d+) (.*)$/.exec(line);
    if (found === null) return [];
    const [pid = 0, parentPid = 0, startedAt = 0] = found.slice(1, 4).map(Number);
    return [{ pid, parentPid, startedAt, command: found[4] ?? '' }];
  });
}

/** Pids inside by pids outside; empty when the lists are of different processes. */
export function matchPids(outside: readonly ListedProcess[], inside: readonly Inside[]): ReadonlyMap<number, number> {
  const pids = new Map<number, number>();
  if (outside.length !== inside.length) return pids;
  const ours = [...outside].sort((a, b) => (b.seconds ?? 0) - (a.seconds ?? 0) || a.pid - b.pid);
  const theirs = [...inside].sort((a, b) => a.startedAt - b.startedAt || a.pid - b.pid);
  for (const [index, process] of ours.entries()) {
    const other = theirs[index];
    if (other === undefined || !isSame(process.command, other.command)) return new Map();
    pids.set(process.pid, other.pid);
  }
  const isTree = ours.every(({ pid, parentPid }) => {
    const above = pids.get(parentPid);
    const other = inside.find((each) => each.pid === pids.get(pid));
    return above === undefined || above === other?.parentPid;
  });
  return isTree ? pids : new Map();
}

/**
 * ps writes "?" for what cannot be printed, and cuts; programs that name themselves leave blanks behind; a shell drops what
 * stands between arguments.
 */
function isSame(listed: string, own: string): boolean {
  const plain = (text: string): string => text.replace(/[^\x21-\x3e\x40-\x7e]+/g, '').slice(0, 60);
  return plain(own) === '' || plain(listed) === plain(own);
}

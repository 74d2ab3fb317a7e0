import type { PythonProcess } from '../../contract/pyspy.js';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Link } from '../link/link.js';
import { runScript } from '../link/marked.js';
import { programName, pythonProcesses, readPsText, type ListedProcess } from './processes.js';

/** Python programs of a machine itself that people call by one name, with the processes below them. */
export interface HostService {
  readonly name: string;
  /** Processes whose parent is no Python: py-spy is pointed at each. */
  readonly roots: readonly PythonProcess[];
  /** Parents before children. */
  readonly processes: readonly PythonProcess[];
}

/** BSD's ps, which macOS has, counts no threads in a column. */
const darwinScript = `
# Lists processes; changes nothing.
ps -axww -o pid,ppid,user,stat,%cpu,command`;

/**
 * The ps of busybox knows few columns, and none for threads, which /proc says. Links there say the programs' files, as far as this
 * user may read them.
 */
const linuxScript = `
# Lists processes; changes nothing.
ps -eww -o pid,ppid,user:32,stat,pcpu,nlwp,args 2>/dev/null || ps -o pid,ppid,user,stat,args
printf '\\nthreads\\n'
grep '^Threads:' /proc/[0-9]*/status /dev/null 2>/dev/null
printf '\\nprograms\\n'
ls -l /proc/[0-9]*/exe 2>/dev/null | sed -n 's#.* /proc/\\([0-9]*\\)/exe -> #\\1 #p'
:`;

/** Between the list, the threads and the programs. A file's name may hold a line like these, and stands last. */
const separator = /\n(?:threads|programs)\n/;

/** All processes of a machine. */
export async function hostProcesses(
  link: Link,
  kernelName: string,
  signal?: AbortSignal,
): Promise<Result<readonly ListedProcess[]>> {
  const script = kernelName === 'Darwin' ? darwinScript : linuxScript;
  const ran = await runScript(link, script, [], signal === undefined ? {} : { signal });
  if (!ran.ok) return ran;
  const [list = '', counts = '', links = ''] = ran.value.stdout.split(separator);
  const programs = new Map(
    links.split('\n').map((line): readonly [number, string] => {
      const at = line.indexOf(' ');
      return [Number(line.slice(0, at)), line.slice(at + 1)];
    }),
  );
  const threads = new Map(
    [...counts.matchAll(/^\/proc\/(\d+)\/status:Threads:\s*(\d+)$/gm)].map(([, pid, count]) => [
      Number(pid),
      Number(count),
    ]),
  );
  const listed = readPsText(list.trimStart());
  if (listed.length === 0) return fail('unsupported', 'ps there lists no processes.', ran.value.stderr.slice(0, 2000));
  return ok(
    listed.map((process): ListedProcess => {
      const program = programs.get(process.pid);
      const counted = threads.get(process.pid);
      return {
        ...(counted === undefined ? {} : { threads: counted }),
        ...process,
        ...(program === undefined ? {} : { program }),
      };
    }),
  );
}

/**
 * Groups Python processes by what their programs are called. `elsewhere`: pids that belong to containers, which are listed
 * with them.
 */
export function hostServices(listed: readonly ListedProcess[], elsewhere: ReadonlySet<number>): readonly HostService[] {
  const own = listed.filter(({ pid }) => !elsewhere.has(pid));
  const groups = new Map<string, { roots: PythonProcess[]; processes: PythonProcess[] }>();
  const nameOf = new Map<number, string>();
  for (const process of pythonProcesses(own)) {
    const above = nameOf.get(process.parentPid);
    const name = above ?? programName(process.command);
    nameOf.set(process.pid, name);
    const group = groups.get(name) ?? { roots: [], processes: [] };
    groups.set(name, group);
    group.processes.push(process);
    if (above === undefined) group.roots.push(process);
  }
  return [...groups].map(([name, group]) => ({ name, ...group }));
}

/** A process with those below it. */
export function withDescendants<T extends { readonly pid: number; readonly parentPid: number }>(
  listed: readonly T[],
  root: number,
): readonly T[] {
  const inside = new Set([root]);
  for (let size = 0; size !== inside.size;) {
    size = inside.size;
    for (const { pid, parentPid } of listed) if (inside.has(parentPid)) inside.add(pid);
  }
  return listed.filter(({ pid }) => inside.has(pid));
}

/** A line for each thread, below one heading. */
const threadsScript = `
# Counts threads; changes nothing.
for p; do printf '%s %s\\n' "$p" "$(ps -M -p "$p" | tail -n +2 | wc -l)"; done`;

/** Processes on macOS with their threads, where ps said them. */
export async function withDarwinThreads(
  link: Link,
  processes: readonly PythonProcess[],
): Promise<readonly PythonProcess[]> {
  const pids = processes.map(({ pid }) => String(pid));
  const ran = await runScript(link, threadsScript, pids);
  if (!ran.ok) return processes;
  const counted = new Map(
    ran.value.stdout.split('\n').flatMap((line): readonly (readonly [number, number])[] => {
      const [, pid, threads] = /^(\d+)\s+(\d+)$/.exec(line.trim()) ?? [];
      return pid === undefined ? [] : [[Number(pid), Number(threads)]];
    }),
  );
  return processes.map((process) => {
    const threads = counted.get(process.pid) ?? 0; // no lines: ps failed
    return threads === 0 ? process : { ...process, threads };
  });
}

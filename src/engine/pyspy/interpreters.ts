import { isInterpreter, pythonOf, type ListedProcess } from './processes.js';

/**
 * Programs that may be the Python of a container, best first, by what its processes really run: as what they were started,
 * an absolute path or a name; the file of the container's first process, whatever that calls itself now; the names of
 * the versions; and those that are usual. None is passed to a shell.
 */
export function interpretersOf(listed: readonly ListedProcess[]): readonly string[] {
  const pids = new Set(listed.map(({ pid }) => pid));
  const programs = listed
    .map(({ command }) => command.split(' ', 1)[0] ?? '')
    .filter((program) => isInterpreter(program) && (program.startsWith('/') || !program.includes('/')));
  const versions = listed.flatMap(({ command }) => pythonOf(command)?.version ?? []);
  // What was run there by exec has no parent in the list either, and began later.
  const [first] = listed
    .filter(({ parentPid }) => !pids.has(parentPid))
    .sort((a, b) => (b.seconds ?? 0) - (a.seconds ?? 0) || a.pid - b.pid);
  return [
    ...new Set([
      ...programs,
      ...(first !== undefined && runsInterpreter(first.command) ? ['/proc/1/exe'] : []),
      ...versions.map((version) => `python${version}`),
      ...['python3', 'python'],
    ]),
  ];
}

/** Whether the file of a process is an interpreter that takes "-c". uWSGI holds one and takes other arguments. */
function runsInterpreter(command: string): boolean {
  return pythonOf(command) !== undefined && !/^\S*uwsgi/i.test(command);
}

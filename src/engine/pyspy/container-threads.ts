import type Docker from 'dockerode';
import type { PythonProcess } from '../../contract/pyspy.js';
import { threadsOf } from './containers.js';
import { scriptInside } from './inside.js';

/** The most threads that one process has. Runs on every Python from 2.7 on, and on every shell. */
const count = {
  python: `
import os
most = 0
for name in os.listdir('/proc'):
    if name.isdigit() and int(name) != os.getpid():
        try:
            most = max(most, len(os.listdir('/proc/' + name + '/task')))
        except (IOError, OSError):
            pass
print(most)
`,
  sh: `
most=0
for p in /proc/[0-9]*; do
  set -- "$p"/task/*
  [ $# -le "$most" ] || most=$#
done
echo "$most"`,
};

/**
 * The threads of the process that has most among `processes` of a container. Where the engine's ps does not tell, as in the
 * small machine that Docker has on a Mac, all of the container are counted inside it; undefined where nothing there can count.
 */
export async function mostThreadsIn(
  container: Docker.Container,
  processes: readonly PythonProcess[],
): Promise<number | undefined> {
  const listed = threadsOf(processes);
  if (listed !== undefined) return listed;
  const said = Number.parseInt((await scriptInside(container, count)) ?? '', 10);
  return said > 0 ? said : undefined;
}

import type Docker from 'dockerode';
import { ok } from '../../contract/result.js';
import { containerLabels, pythonContainers, type PythonContainer } from './containers.js';
import { continueStopped, stoppedIn } from './continue-stopped.js';
import { ExecRuns } from './exec-run.js';
import type { Subject } from './recording.js';
import { Sidecar } from './sidecar.js';

/** The first process of a container's namespace; with its children that is all that the container was started for. */
const firstPid = 1;

/**
 * A container as something to record, through sidecars, or by `docker exec` where the daemon forbids those. One that is
 * started anew under its name goes on being recorded, unless a single process of it was chosen (`pid`, as it counts itself).
 */
export async function containerSubject(
  docker: Docker,
  found: PythonContainer,
  archive: Buffer,
  pid = firstPid,
): Promise<Subject> {
  let container = found;
  let execRuns: ExecRuns | undefined;
  const stoppedBefore = await stoppedIn(docker.getContainer(container.id));
  return {
    get labels() {
      return containerLabels(container);
    },
    pid,
    async prepare(slice) {
      if (execRuns !== undefined) return execRuns.prepare(slice);
      const made = await Sidecar.create(docker, container, slice, archive);
      if (made.ok) {
        const sidecar = made.value;
        return ok({ run: (signal) => sidecar.run(signal), discard: () => sidecar.remove() });
      }
      if (made.failure.code !== 'docker-denied') return made;
      const runs = new ExecRuns(docker.getContainer(container.id), archive);
      const prepared = await runs.prepare(slice);
      if (prepared.ok) execRuns = runs;
      return prepared.ok
        ? prepared
        : { ok: false, failure: { ...prepared.failure, detail: made.failure.detail ?? '' } };
    },
    async recover() {
      try {
        await continueStopped(docker.getContainer(container.id), stoppedBefore);
      } catch {
        // it is gone; a new one is looked for
      }
      const now = await pythonContainers(docker);
      if (!now.ok) return true; // Docker does not answer just now: the next slice says so again
      const again = now.value.find(({ name }) => name === container.name);
      if (again === undefined || (pid !== firstPid && again.id !== container.id)) return false;
      if (again.id !== container.id) execRuns = undefined;
      container = again;
      return true;
    },
    async dispose() {
      await execRuns?.dispose();
    },
  };
}

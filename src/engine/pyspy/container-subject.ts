import type Docker from 'dockerode';
import { ok } from '../../contract/result.js';
import { containerLabels, pythonContainers, type PythonContainer } from './containers.js';
import { continueStopped, stoppedIn } from './continue-stopped.js';
import type { Subject } from './recording.js';
import { Sidecar } from './sidecar.js';

/** The first process of a container's namespace; with its children that is all that the container was started for. */
const firstPid = 1;

/** A container as something to record, through sidecars. One that is started anew under its name goes on being recorded. */
export async function containerSubject(docker: Docker, found: PythonContainer, archive: Buffer): Promise<Subject> {
  let container = found;
  const stoppedBefore = await stoppedIn(docker.getContainer(container.id));
  return {
    get labels() {
      return containerLabels(container);
    },
    pid: firstPid,
    async prepare(slice) {
      const made = await Sidecar.create(docker, container, slice, archive);
      if (!made.ok) return made;
      const sidecar = made.value;
      return ok({ run: (signal) => sidecar.run(signal), discard: () => sidecar.remove() });
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
      if (again !== undefined) container = again;
      return again !== undefined;
    },
  };
}

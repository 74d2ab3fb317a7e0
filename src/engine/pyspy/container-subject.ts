import type Docker from 'dockerode';
import { ok } from '../../contract/result.js';
import { firstPidInside } from './container-pids.js';
import { containerLabels, pythonContainers, type PythonContainer } from './containers.js';
import { continueStopped, stoppedBefore } from './continue-stopped.js';
import { ExecRuns } from './exec-run.js';
import { ofProcess } from './failures.js';
import type { PreparedSlice, Subject } from './recording.js';
import { Sidecar, type SidecarProgram } from './sidecar.js';

/**
 * A container as something to record, through sidecars, or by `docker exec` where the daemon forbids those: the process that it
 * was started with, with whose children that is all that it was started for. One that is started anew under its name goes on
 * being recorded, unless a single process of it was chosen (`chosen`, as it counts itself) that has no place in the next. Of what
 * it runs, failures name the first that `found` has.
 */
export async function containerSubject(
  docker: Docker,
  found: PythonContainer,
  program: SidecarProgram,
  chosen?: number,
): Promise<Subject> {
  let container = found;
  let execRuns: ExecRuns | undefined;
  let pid = chosen ?? (await firstPidInside(docker.getContainer(found.id)));
  const isOne = chosen !== undefined && chosen !== 1;
  let before = await stoppedBefore(docker.getContainer(container.id));
  const naming = (prepared: PreparedSlice): PreparedSlice => ({
    run: async (signal) => {
      const ran = await prepared.run(signal);
      return ran.ok ? ran : { ok: false, failure: ofProcess(ran.failure, container.processes[0]) };
    },
    discard: () => prepared.discard(),
  });
  return {
    get labels() {
      return containerLabels(container);
    },
    get pid() {
      return pid;
    },
    async prepare(slice) {
      if (execRuns !== undefined) {
        const again = await execRuns.prepare(slice);
        return again.ok ? ok(naming(again.value)) : again;
      }
      const made = await Sidecar.create(docker, container, slice, program);
      if (made.ok) {
        const sidecar = made.value;
        return ok(naming({ run: (signal) => sidecar.run(signal), discard: () => sidecar.remove() }));
      }
      if (made.failure.code !== 'docker-denied') return made;
      const runs = new ExecRuns(docker.getContainer(container.id), program);
      const prepared = await runs.prepare(slice);
      if (prepared.ok) execRuns = runs;
      return prepared.ok
        ? ok(naming(prepared.value))
        : { ok: false, failure: { ...prepared.failure, detail: made.failure.detail ?? '' } };
    },
    async recover() {
      try {
        await continueStopped(docker.getContainer(container.id), before);
      } catch {
        // it is gone; a new one is looked for
      }
      const now = await pythonContainers(docker);
      if (!now.ok) return true; // Docker does not answer just now: the next slice says so again
      const again = now.value.find(({ name }) => name === container.name);
      if (again === undefined || (isOne && again.id !== container.id)) return false;
      if (again.id !== container.id) {
        execRuns = undefined;
        before = await stoppedBefore(docker.getContainer(again.id));
      }
      container = again;
      pid = chosen ?? (await firstPidInside(docker.getContainer(again.id)));
      return true;
    },
    async dispose() {
      await execRuns?.dispose();
    },
  };
}

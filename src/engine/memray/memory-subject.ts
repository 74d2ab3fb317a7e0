import type { MemoryRequest, PythonProcess } from '../../contract/pyspy.js';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Elevator } from '../deploy/elevate.js';
import type { TargetFacts } from '../deploy/facts.js';
import { pidInside } from '../pyspy/container-pids.js';
import { containerLabels, type PythonContainer } from '../pyspy/containers.js';
import { hostLabels } from '../pyspy/host-subject.js';
import type { PythonThere } from '../pyspy/python-there.js';
import { ownerPlace } from './owner-place.js';
import { containerPlace, machinePlace } from './places.js';
import type { MemoryPlace } from './record-memory.js';

/** Where memray finds a process, by which pid, and the labels of what it sees. */
export interface MemorySubject {
  readonly place: MemoryPlace;
  readonly pid: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a person is told who is asked for a password on the way. */
export const memoryNeedsRoot = {
  who: 'memray',
  why: 'memray runs as the user of the process, and only root may let it.',
};

/** What runs Python together: a container, or a program of the machine itself. */
interface Group {
  readonly name: string;
  readonly processes: readonly PythonProcess[];
  readonly container?: PythonContainer;
}

/**
 * The process that a request means: by the name that py-spy has for what it runs in, or, where the agent calls it otherwise, by
 * its pid.
 */
export async function memorySubject(
  there: PythonThere,
  { service, pid }: MemoryRequest,
  facts: TargetFacts,
  elevator: Elevator,
  signal?: AbortSignal,
): Promise<Result<MemorySubject>> {
  const found = await there.look(facts, signal);
  if (!found.ok) return found;
  const { containers, services } = found.value;
  const groups: readonly Group[] = [
    ...containers.map((container) => ({ name: container.name, processes: container.processes, container })),
    ...services,
  ];
  const has = ({ processes }: Group): boolean => processes.some((each) => each.pid === pid);
  const group = groups.find((each) => each.name === service && (pid === undefined || has(each))) ?? groups.find(has);
  const processes = group?.processes ?? [];
  if (pid === undefined && processes.length > 1) {
    return fail('invalid-input', `${service} has ${processes.length} processes: choose one of them.`);
  }
  const process = pid === undefined ? processes[0] : processes.find((each) => each.pid === pid);
  if (group === undefined || process === undefined) {
    return fail('not-found', 'That process is not there any more: choose again.');
  }
  const { container } = group;
  if (container === undefined) {
    const place = placeOnMachine(there, process, facts, elevator);
    const labels = { ...hostLabels(group.name, there.targetName), service_name: service };
    return place.ok ? ok({ place: place.value, pid: process.pid, labels }) : place;
  }
  const docker = await there.docker(signal);
  if (!docker.ok) return docker;
  const inside = docker.value.getContainer(container.id);
  const own = await pidInside(inside, process.pid);
  if (!own.ok) return own;
  const labels = { ...containerLabels(container), service_name: service };
  return ok({ place: containerPlace(inside, process, own.value, there.owner), pid: own.value, labels });
}

/** A process outside containers: memray runs as its user, whoever is logged in. */
export function placeOnMachine(
  { link, owner }: Pick<PythonThere, 'link' | 'owner'>,
  process: PythonProcess,
  { kernelName, user, uid, ownReadable }: TargetFacts,
  elevator: Elevator,
): Result<MemoryPlace> {
  if (kernelName !== 'Linux') return fail('unsupported', 'Memory is recorded in containers and on Linux only.');
  if (process.user === user) {
    if (ownReadable || uid === 0) return ok(machinePlace(link, process, owner));
    return onlyRootTraces();
  }
  if (process.user === 'root') {
    return fail('refused', 'Memory of a process of root is recorded by who logs in as root: memray runs as its user.');
  }
  return ownReadable ? ok(ownerPlace(link, elevator, process.pid, owner)) : onlyRootTraces();
}

function onlyRootTraces(): Result<never> {
  return fail(
    'refused',
    'The system lets only root trace processes, and memray runs as the user of the process: set kernel.yama.ptrace_scope to 0 there for the time.',
  );
}

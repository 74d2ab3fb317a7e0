import type Docker from 'dockerode';
import type { ServiceRow } from '../../contract/links.js';
import { defaultPySpyOptions, type PySpyOptions, type PySpyRequest, type PythonProcess } from '../../contract/pyspy.js';
import type { RunningProcess } from '../../contract/profiled.js';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Elevator } from '../deploy/elevate.js';
import { engineKernelName, type TargetFacts } from '../deploy/facts.js';
import { install } from '../deploy/install.js';
import { dockerOver } from '../docker/docker-link.js';
import { findDocker } from '../docker/find-docker.js';
import type { Address, Link } from '../link/link.js';
import { quoteLabelValue } from '../../core/words/selectors.js';
import { serviceSelector } from '../pyroscope/selectors.js';
import { pidInside } from './container-pids.js';
import { mostThreadsIn } from './container-threads.js';
import { containerSubject } from './container-subject.js';
import { containerLabels, mostThreads, pythonContainers, threadsOf, type PythonContainer } from './containers.js';
import { hostProcesses, hostServices, withDarwinThreads, withDescendants, type HostService } from './host-processes.js';
import { hostLabels, hostSubject, isProtected, systemProtects } from './host-subject.js';
import { findPySpy, sidecarProgram } from './pyspy-resources.js';
import type { Subject } from './recording.js';

/** So many processes are recorded side by side at most; each costs a py-spy, in containers one of ours. */
const mostAtOnce = 8;
const listedForMs = 5000;

export interface PythonThereOptions {
  /** What the user calls the target: "this computer" or a host. */
  readonly targetName: () => string;
  /** The link now: another one after a disconnect. */
  readonly link: () => Link;
  /** The folder that holds pyspy/manifest.json, and memray/python-3.12.txt and its like. */
  readonly resourcesDir: string;
  /** Whose containers and files are ours: the same for each run of this app with this target, and for nothing else. */
  readonly owner: string;
}

/** What is to be recorded, and the version of py-spy that does it. */
export interface Subjects {
  readonly subjects: readonly Subject[];
  readonly version: string;
  /** What was asked for and is not recorded, and why, and what could not be made sure of: sentences. */
  readonly notes: readonly string[];
}

/** A request, and what can be done where it is refused for too many threads. */
interface Wanted extends PySpyRequest {
  readonly otherwise?: string;
}

/** Python that an agent samples, ready for py-spy beside it. */
export interface Beside extends Subjects {
  /** What they are called: containers, or a program and its pid. Hostile text. */
  readonly names: readonly string[];
  /** What a selector of the agent's samples has for these and no others: `container_id=~"..."`. */
  readonly matcher: string;
  /** How many there are; not all may be looked at. */
  readonly found: number;
}

/** What runs Python on a target. */
export interface Listed {
  readonly containers: readonly PythonContainer[];
  readonly services: readonly HostService[];
}

/** The Python of a target: in containers, and on the machine itself. */
export class PythonThere {
  private readonly options: PythonThereOptions;
  private address: Address | undefined;
  private listed: { readonly atMs: number; readonly found: Listed } | undefined;

  constructor(options: PythonThereOptions) {
    this.options = options;
  }

  /** The link now. */
  get link(): Link {
    return this.options.link();
  }

  get owner(): string {
    return this.options.owner;
  }

  get targetName(): string {
    return this.options.targetName();
  }

  get resourcesDir(): string {
    return this.options.resourcesDir;
  }

  /** Docker's API; where it listens is asked once a connection. */
  async docker(signal?: AbortSignal): Promise<Result<Docker>> {
    const link = this.options.link();
    const found = this.address === undefined ? await findDocker(link, signal) : ok(this.address);
    if (!found.ok) return found;
    if (found.value === undefined) {
      return fail('not-found', `Docker was not found on ${this.options.targetName()}: start it there.`);
    }
    this.address = found.value;
    return ok(dockerOver(link, found.value));
  }

  /** Forgets what belongs to a connection that is gone. */
  drop(): void {
    this.address = undefined;
    this.listed = undefined;
  }

  /** What could be recorded, a row for each container and program. */
  async rows(facts: TargetFacts): Promise<Result<readonly ServiceRow[]>> {
    // Asked for at most every few seconds: each time costs some ps on the target.
    if (this.listed === undefined || Date.now() - this.listed.atMs >= listedForMs) {
      const found = await this.look(facts);
      if (!found.ok) return found;
      this.listed = { atMs: Date.now(), found: found.value };
    }
    const { containers, services } = this.listed.found;
    return ok([
      ...containers.map((container) => rowOf(container.name, containerLabels(container), container.processes)),
      ...services.map(({ name, processes }) => rowOf(name, this.labelsOf(name), processes)),
    ]);
  }

  /** What a request asks for, ready to be recorded. Whoever has them records or disposes them. */
  async subjects(
    request: PySpyRequest,
    facts: TargetFacts,
    elevator: Elevator,
    signal?: AbortSignal,
  ): Promise<Result<Subjects>> {
    const { service } = request;
    const found = await this.look(facts, signal);
    if (!found.ok) return found;
    const { containers, services } = found.value;
    const wanted = containers.filter(({ name }) => service === null || name === service);
    if (wanted.length > 0) return this.inContainers(wanted, request, signal);
    // A machine's own programs may cost a question for a password: all of them only where there is nothing else.
    const own = services.filter(({ name }) => service === null || name === service);
    if (own.length > 0) return this.onHost(own, request, facts, elevator, signal);
    const there = this.options.targetName();
    return service === null
      ? fail('not-found', `Nothing on ${there} runs Python.`)
      : fail('not-found', `Nothing called ${service} runs Python on ${there} now: choose something that does.`);
  }

  /**
   * The Python of processes that an agent samples: what of it runs in containers or, where nothing does, on the machine itself.
   * `most` are taken, those that use most of the processors first.
   */
  async beside(
    processes: readonly Pick<RunningProcess, 'pid' | 'containerId'>[],
    most: number,
    facts: TargetFacts,
    elevator: Elevator,
    signal?: AbortSignal,
  ): Promise<Result<Beside>> {
    const request = { service: null, options: defaultPySpyOptions, otherwise: 'it is not looked at.' };
    const ids = new Set(processes.map(({ containerId }) => containerId).filter((id) => id !== ''));
    if (ids.size > 0) {
      const docker = await this.docker(signal);
      if (!docker.ok) return docker;
    }
    const found = await this.look(facts, signal);
    if (!found.ok) return found;
    const inside = found.value.containers.filter(({ id }) => ids.has(id));
    if (inside.length > 0) {
      const taken = mostBusy(inside, (each) => each.processes, most);
      const made = await this.inContainers(taken, request, signal);
      if (!made.ok) return made;
      const looked = taken.filter(({ name }) => made.value.subjects.some(({ labels }) => labels['container'] === name));
      const matcher = `container_id=~${quoteLabelValue(looked.map(({ id }) => id).join('|'))}`;
      return ok({ ...made.value, names: looked.map(({ name }) => name), matcher, found: inside.length });
    }
    const pids = new Set(processes.filter(({ containerId }) => containerId === '').map(({ pid }) => pid));
    const roots = found.value.services.flatMap((service) =>
      service.roots.filter(({ pid }) => pids.has(pid)).map((root) => ({ ...service, roots: [root] })),
    );
    if (roots.length === 0) return fail('not-found', 'No Python runs in it: py-spy sees Python only.');
    const taken = mostBusy(roots, ({ roots: [root], processes: all }) => below(all, root), most);
    const made = await this.onHost(taken, request, facts, elevator, signal);
    if (!made.ok) return made;
    const sampled = taken.flatMap(({ roots: [root], processes: all }) => below(all, root).map(({ pid }) => pid));
    return ok({
      ...made.value,
      names: taken.map(({ name, roots: [root] }) => `${name} (${root?.pid ?? ''})`),
      matcher: `pid=~${quoteLabelValue(sampled.join('|'))}`,
      found: roots.length,
    });
  }

  /** The Python among processes of a machine, wherever it runs; parents before children. */
  async pythonAmong(
    processes: readonly Pick<RunningProcess, 'pid'>[],
    facts: TargetFacts,
    signal?: AbortSignal,
  ): Promise<Result<readonly PythonProcess[]>> {
    const found = await this.look(facts, signal);
    if (!found.ok) return found;
    const pids = new Set(processes.map(({ pid }) => pid));
    const all = [...found.value.containers, ...found.value.services].flatMap((each) => each.processes);
    return ok(all.filter(({ pid }) => pids.has(pid)));
  }

  /** What runs Python there now. */
  async look(facts: TargetFacts, signal?: AbortSignal): Promise<Result<Listed>> {
    const docker = await this.docker(signal);
    const [inside, listed] = await Promise.all([
      docker.ok ? pythonContainers(docker.value) : undefined,
      facts.kernelName === engineKernelName ? undefined : hostProcesses(this.options.link(), facts.kernelName, signal),
    ]);
    if (inside?.ok === false) return inside;
    const containers = inside?.value ?? [];
    if (listed === undefined) return docker.ok ? ok({ containers, services: [] }) : docker;
    if (!listed.ok) return containers.length > 0 ? ok({ containers, services: [] }) : listed;
    // On Linux their processes are the machine's; on a Mac they run in a virtual machine that counts for itself.
    const elsewhere = facts.kernelName === 'Linux' ? containers.flatMap(({ processes }) => processes) : [];
    const names = new Set(containers.map(({ name }) => name));
    const services = hostServices(listed.value, new Set(elsewhere.map(({ pid }) => pid)));
    return ok({
      containers,
      services: services.map((each) => (names.has(each.name) ? { ...each, name: `${each.name} (host)` } : each)),
    });
  }

  private async inContainers(
    wanted: readonly PythonContainer[],
    { pid, options, otherwise = withoutStopping }: Wanted,
    signal: AbortSignal | undefined,
  ): Promise<Result<Subjects>> {
    const docker = await this.docker(signal);
    if (!docker.ok) return docker;
    const [first] = wanted;
    const counted = await Promise.all(
      wanted.map(async (each) => {
        const stopped = recorded(each.processes, pid, options);
        const threads = options.nonblocking ? 0 : await mostThreadsIn(docker.value.getContainer(each.id), stopped);
        return { each: { ...each, processes: stopped }, threads };
      }),
    );
    const crowded = counted.filter(({ threads = 0 }) => threads > mostThreads);
    const fits = counted.filter(({ threads = 0 }) => threads <= mostThreads).map(({ each }) => each);
    const uncounted = counted.filter(({ threads }) => threads === undefined).map(({ each }) => each.name);
    const [most] = crowded;
    if (fits.length === 0 && most?.threads !== undefined) {
      return tooManyThreads(most.each.name, most.threads, otherwise);
    }
    const inside =
      pid === undefined || first === undefined
        ? ok(undefined)
        : await pidInside(docker.value.getContainer(first.id), pid);
    if (!inside.ok) return inside;
    if (fits.length > mostAtOnce) return tooMany(`${fits.length} containers run Python`);
    const program = await sidecarProgram(docker.value, this.options.resourcesDir);
    if (!program.ok) return program;
    const { version } = program.value;
    const spy = { archive: program.value.archive, owner: this.options.owner };
    return ok({
      subjects: await Promise.all(fits.map((each) => containerSubject(docker.value, each, spy, inside.value))),
      version,
      notes: [
        ...leftOutWords(
          crowded.map(({ each }) => each.name),
          otherwise,
        ),
        ...uncountedWords(uncounted),
      ],
    });
  }

  private async onHost(
    wanted: readonly HostService[],
    { pid, options, otherwise = withoutStopping }: Wanted,
    facts: TargetFacts,
    elevator: Elevator,
    signal: AbortSignal | undefined,
  ): Promise<Result<Subjects>> {
    const link = this.options.link();
    const roots = wanted.flatMap(({ name, roots: own, processes }) => {
      const chosen = pid === undefined ? own : processes.filter((each) => each.pid === pid);
      return chosen.map((root) => ({ name, root }));
    });
    if (roots.length === 0) return fail('not-found', 'That process is not there any more: choose again.');
    if (roots.length > mostAtOnce) return tooMany(`${roots.length} processes run Python`);
    const isDarwin = facts.kernelName === 'Darwin';
    if (isDarwin && roots.every(({ root }) => isProtected(root.command))) return fail('refused', systemProtects);
    const uncounted: string[] = [];
    for (const { name, processes } of options.nonblocking ? [] : wanted) {
      const stopped = recorded(processes, pid, options);
      const threads = threadsOf(isDarwin ? await withDarwinThreads(link, stopped) : stopped);
      if (threads === undefined) uncounted.push(name);
      else if (threads > mostThreads) return tooManyThreads(name, threads, otherwise);
    }
    const program = await findPySpy(this.options.resourcesDir, isDarwin ? 'darwin' : 'linux', facts.machine);
    if (!program.ok) return program;
    const path = await install(link, facts, program.value, { signal });
    if (!path.ok) return path;
    const recording = {
      link,
      facts,
      elevator,
      program: { path: path.value, sha256: program.value.sha256 },
      taken: new Set<number>(),
    };
    const subjects: Subject[] = [];
    // One after the other, so that a password is asked for once.
    for (const { name, root } of roots) {
      const made = await hostSubject(recording, name, root, this.labelsOf(name), signal);
      if (!made.ok) {
        for (const subject of subjects) void subject.dispose?.(); // nothing waits for it
        return made;
      }
      subjects.push(made.value);
    }
    return ok({ subjects, version: program.value.version, notes: uncountedWords(uncounted) });
  }

  private labelsOf(name: string): Readonly<Record<string, string>> {
    return hostLabels(name, this.options.targetName());
  }
}

/** The processes that py-spy stops for each sample: all, or the chosen one and what is below it. */
function recorded(
  processes: readonly PythonProcess[],
  pid: number | undefined,
  { subprocesses }: PySpyOptions,
): readonly PythonProcess[] {
  if (pid === undefined) return processes;
  return subprocesses ? withDescendants(processes, pid) : processes.filter((each) => each.pid === pid);
}

/** A process with those below it; none of nothing. */
function below(processes: readonly PythonProcess[], root: PythonProcess | undefined): readonly PythonProcess[] {
  return root === undefined ? [] : withDescendants(processes, root.pid);
}

/** Those whose processes use most of the processors. */
function mostBusy<T>(all: readonly T[], processesOf: (one: T) => readonly PythonProcess[], most: number): readonly T[] {
  const share = (one: T): number => processesOf(one).reduce((sum, { cpuShare = 0 }) => sum + cpuShare, 0);
  return all.toSorted((a, b) => share(b) - share(a)).slice(0, most);
}

function tooMany(what: string): Result<never> {
  return fail('refused', `${what}, more than ${mostAtOnce} at once: choose one of them.`);
}

/** What can be done about too many threads. */
const withoutStopping = 'record with "Without stopping" switched on.';

function tooManyThreads(name: string, threads: number, otherwise: string): Result<never> {
  return fail(
    'refused',
    `A process of ${name} has ${threads} threads. py-spy stops a process for each sample, and with more than ` +
      `${mostThreads} threads most of its throughput is lost: ${otherwise}`,
  );
}

function leftOutWords(names: readonly string[], otherwise: string): readonly string[] {
  if (names.length === 0) return [];
  return [
    `Left out: ${names.join(', ')}, with a process of more than ${mostThreads} threads, which would lose most of its ` +
      `throughput: ${otherwise}`,
  ];
}

function uncountedWords(names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  return [
    `The threads of ${names.join(', ')} could not be counted: a process with more than ${mostThreads} loses most of its ` +
      'throughput while py-spy stops it for each sample, which "Without stopping" avoids.',
  ];
}

function rowOf(
  name: string,
  labels: Readonly<Record<string, string>>,
  processes: NonNullable<ServiceRow['processes']>,
): ServiceRow {
  return { name, labels, selector: serviceSelector(name), processes };
}

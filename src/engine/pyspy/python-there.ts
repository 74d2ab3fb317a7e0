import type Docker from 'dockerode';
import type { ServiceRow } from '../../contract/links.js';
import type { PySpyOptions, PySpyRequest, PythonProcess } from '../../contract/pyspy.js';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Elevator } from '../deploy/elevate.js';
import type { TargetFacts } from '../deploy/facts.js';
import { install } from '../deploy/install.js';
import { dockerOver } from '../docker/docker-link.js';
import { findDocker } from '../docker/find-docker.js';
import type { Address, Link } from '../link/link.js';
import { serviceSelector } from '../pyroscope/selectors.js';
import { pidInside } from './container-pids.js';
import { containerSubject } from './container-subject.js';
import { containerLabels, mostThreads, pythonContainers, threadsOf, type PythonContainer } from './containers.js';
import { darwinThreads, hostProcesses, hostServices, withDescendants, type HostService } from './host-processes.js';
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
  /** The folder that holds pyspy/manifest.json. */
  readonly resourcesDir: string;
}

/** What is to be recorded, and the version of py-spy that does it. */
export interface Subjects {
  readonly subjects: readonly Subject[];
  readonly version: string;
}

interface Listed {
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

  private async look(facts: TargetFacts, signal?: AbortSignal): Promise<Result<Listed>> {
    const docker = await this.docker(signal);
    const [inside, listed] = await Promise.all([
      docker.ok ? pythonContainers(docker.value) : undefined,
      hostProcesses(this.options.link(), facts.kernelName, signal),
    ]);
    if (inside?.ok === false) return inside;
    const containers = inside?.value ?? [];
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
    { pid, options }: PySpyRequest,
    signal: AbortSignal | undefined,
  ): Promise<Result<Subjects>> {
    const docker = await this.docker(signal);
    if (!docker.ok) return docker;
    const [first] = wanted;
    const stopped = (each: PythonContainer): number => threadsOf(recorded(each.processes, pid, options));
    const fits = options.nonblocking ? wanted : wanted.filter((each) => stopped(each) <= mostThreads);
    if (fits.length === 0 && first !== undefined) return tooManyThreads(first.name, stopped(first));
    const inside =
      pid === undefined || first === undefined
        ? ok(undefined)
        : await pidInside(docker.value.getContainer(first.id), pid);
    if (!inside.ok) return inside;
    if (fits.length > mostAtOnce) return tooMany(`${fits.length} containers run Python`);
    const program = await sidecarProgram(docker.value, this.options.resourcesDir);
    if (!program.ok) return program;
    const { archive, version } = program.value;
    return ok({
      subjects: await Promise.all(fits.map((each) => containerSubject(docker.value, each, archive, inside.value))),
      version,
    });
  }

  private async onHost(
    wanted: readonly HostService[],
    { pid, options }: PySpyRequest,
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
    for (const { name, processes } of options.nonblocking ? [] : wanted) {
      const stopped = recorded(processes, pid, options);
      const threads = isDarwin ? await mostDarwinThreads(link, stopped) : threadsOf(stopped);
      if (threads > mostThreads) return tooManyThreads(name, threads);
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
    return ok({ subjects, version: program.value.version });
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

async function mostDarwinThreads(link: Link, processes: readonly PythonProcess[]): Promise<number> {
  const counted = await darwinThreads(
    link,
    processes.map(({ pid }) => pid),
  );
  return Math.max(0, ...counted.values());
}

function tooMany(what: string): Result<never> {
  return fail('refused', `${what}, more than ${mostAtOnce} at once: choose one of them.`);
}

function tooManyThreads(name: string, threads: number): Result<never> {
  return fail(
    'refused',
    `A process of ${name} has ${threads} threads. py-spy stops a process for each sample, and with more than ` +
      `${mostThreads} threads most of its throughput is lost: record with "Without stopping" switched on.`,
  );
}

function rowOf(
  name: string,
  labels: Readonly<Record<string, string>>,
  processes: NonNullable<ServiceRow['processes']>,
): ServiceRow {
  return { name, labels, selector: serviceSelector(name), processes };
}

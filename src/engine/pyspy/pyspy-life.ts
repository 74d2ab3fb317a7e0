import type Docker from 'dockerode';
import type { ServiceRow, Timeline } from '../../contract/links.js';
import type { EngineState, PySpyRequest } from '../../contract/pyspy.js';
import { fail, failureWords, ok, type Failure, type Result } from '../../contract/result.js';
import type { AgentState } from '../../contract/target.js';
import { dockerOver } from '../docker/docker-link.js';
import { findDocker } from '../docker/find-docker.js';
import { errorText } from '../failures/thrown.js';
import type { Address, Link } from '../link/link.js';
import type { Query, Range } from '../pyroscope/querier-client.js';
import { serviceSelector } from '../pyroscope/selectors.js';
import { containerSubject } from './container-subject.js';
import { containerLabels, mostThreads, pythonContainers, threadsOf, type PythonContainer } from './containers.js';
import { RecordingStatus } from './recording-status.js';
import { sidecarProgram } from './pyspy-resources.js';
import { mergeProfile, profileTypes, recordedServices, timeline } from './query.js';
import { recordSubject, type Subject } from './recording.js';
import { sweepSidecars } from './sidecar.js';
import { WindowStore } from './window-store.js';

/** So many containers are recorded side by side at most; each costs a container of ours. */
const mostAtOnce = 8;
const listedForMs = 5000;

/** What is known of a target when an engine is chosen for it. */
export interface TargetSystem {
  readonly kernelName: string;
  readonly kernel: string;
  readonly machine: string;
}

export interface PySpyLifeOptions {
  /** What the user calls the target: "this computer" or a host. */
  readonly targetName: () => string;
  /** The link now: another one after a disconnect. */
  readonly link: () => Link;
  /** The folder that holds pyspy/manifest.json. */
  readonly resourcesDir: string;
  /** Where windows of this target are kept; undefined: in memory. */
  readonly windowsDir: string | undefined;
  readonly onChange: () => void;
  readonly onWindow: (endMs: number) => void;
}

/** py-spy on one target: chosen where the agent cannot run, recording, and the store of what was recorded. */
export class PySpyLife {
  private readonly options: PySpyLifeOptions;
  private readonly store: WindowStore;
  private engine: EngineState | undefined;
  private system: TargetSystem | undefined;
  private now: AgentState = { state: 'stopped', recording: false };
  private recording: { readonly ending: AbortController; readonly done: Promise<void> } | undefined;
  /** Recorded when the connection broke; goes on when it is back. */
  private wanted: PySpyRequest | undefined;
  private address: Address | undefined;
  private listed: { readonly atMs: number; readonly containers: readonly PythonContainer[] } | undefined;
  private disposed = false;

  constructor(options: PySpyLifeOptions) {
    this.options = options;
    this.store = new WindowStore(options.windowsDir);
  }

  /** Whether py-spy is what records on this target. */
  get chosen(): boolean {
    return this.engine !== undefined;
  }

  get state(): AgentState {
    return this.engine === undefined ? this.now : { ...this.now, engine: this.engine };
  }

  /**
   * Decides for or against py-spy after a target was looked at. `refusal` is why the agent cannot run there, undefined when
   * it can. Where the agent is only missing rights, py-spy helps if this user may use Docker.
   */
  async choose(system: TargetSystem, refusal: Failure | undefined, signal?: AbortSignal): Promise<void> {
    this.system = system;
    if (refusal === undefined) this.engine = undefined;
    else if (system.kernelName === 'Darwin') this.engine = { kind: 'pyspy', why: whyDarwin, missing: whatIsMissing };
    else {
      const docker = await this.docker(signal);
      this.engine = docker.ok ? { kind: 'pyspy', why: refusal.message, missing: whatIsMissing } : undefined;
    }
    if (this.engine === undefined) return;
    const docker = await this.docker(signal);
    if (docker.ok) await sweepSidecars(docker.value, Date.now()); // what cannot be removed now is swept the next time
    const wanted = this.wanted;
    this.wanted = undefined;
    if (wanted !== undefined && !this.disposed) await this.start(wanted, signal);
  }

  /** Begins a recording; settles when it has begun. Its end is told by the state. */
  async start(request: PySpyRequest, signal?: AbortSignal): Promise<Result<null>> {
    if (this.recording !== undefined) return ok(null);
    this.set({ state: 'starting', recording: true, message: 'Looking for Python.' });
    const begun = await this.begin(request, signal);
    if (!begun.ok) {
      const cancelled = begun.failure.code === 'cancelled';
      this.set(cancelled ? idle : { state: 'failed', recording: false, ...failureWords(begun.failure) });
    }
    return begun;
  }

  /** Ends the recording; what py-spy has sampled until now is kept. */
  async stop(): Promise<Result<null>> {
    this.wanted = undefined;
    const recording = this.recording;
    if (recording === undefined) return ok(null);
    this.set({ ...this.now, state: 'stopping', message: 'The last window is being kept.' });
    recording.ending.abort();
    await recording.done;
    return ok(null);
  }

  /** The link is gone. A recording goes on when it is back; slices that run there end by themselves. */
  leave(comesBack: boolean): void {
    if (!comesBack) this.wanted = undefined;
    this.recording?.ending.abort();
    this.recording = undefined;
    this.now = idle;
    this.address = undefined;
    this.listed = undefined;
    if (!comesBack) this.engine = undefined;
  }

  dispose(): void {
    this.disposed = true;
    this.recording?.ending.abort();
  }

  /** Removes what was recorded, with its target. */
  async forget(): Promise<void> {
    this.dispose();
    await this.recording?.done;
    await this.store.clear();
  }

  /** What was recorded in a range, and what could be. */
  async services(range: Range): Promise<Result<readonly ServiceRow[]>> {
    const recorded = await recordedServices(this.store, range);
    const docker = await this.docker();
    if (!docker.ok) return docker.failure.code === 'not-found' || recorded.length > 0 ? ok(recorded) : docker;
    const containers = await this.containers(docker.value);
    if (!containers.ok) return recorded.length > 0 ? ok(recorded) : containers;
    const processes = new Map(containers.value.map((each) => [each.name, each.processes]));
    const rows = recorded.map((row): ServiceRow => {
      const inside = processes.get(row.name);
      return inside === undefined ? row : { ...row, processes: inside };
    });
    const known = new Set(recorded.map(({ name }) => name));
    return ok([...rows, ...containers.value.filter(({ name }) => !known.has(name)).map(rowOf)]);
  }

  profileTypes(range: Range): Promise<readonly string[]> {
    return profileTypes(this.store, range);
  }

  timeline(query: Query, stepMs: number): Promise<Result<Timeline>> {
    return timeline(this.store, query, stepMs);
  }

  /** The merged profile of a selection: bytes of a pprof. */
  fetch(query: Query): Promise<Result<Uint8Array>> {
    return mergeProfile(this.store, query);
  }

  private async begin(request: PySpyRequest, signal: AbortSignal | undefined): Promise<Result<null>> {
    const subjects = await this.subjects(request, signal);
    if (!subjects.ok) return subjects;
    if (signal?.aborted === true) return fail('cancelled', 'Cancelled.');
    const { options } = request;
    const ending = new AbortController();
    const status = new RecordingStatus(this.system, options.rateHz, subjects.value.version);
    const tell = (): void => {
      if (this.recording?.ending !== ending) return;
      const cores = status.cores;
      if (this.engine !== undefined && cores !== undefined) this.engine = { ...this.engine, cores };
      const state = ending.signal.aborted ? 'stopping' : 'profiling';
      this.set({ state, recording: true, status: status.now() });
    };
    const running = subjects.value.subjects.map((subject) =>
      recordSubject(
        subject,
        options,
        {
          onSlice: (closesAtMs) => {
            status.slice(closesAtMs);
            tell();
          },
          onWindow: async (window, facts) => {
            const kept = await this.store.add(window);
            if (!kept.ok) return kept;
            status.stored(window.endMs, facts);
            tell();
            this.options.onWindow(window.endMs);
            return kept;
          },
        },
        ending.signal,
      ),
    );
    const done = Promise.all(running).then(
      (failures) => {
        this.ended(
          ending,
          failures.find((failure) => failure !== undefined),
        );
      },
      (error: unknown) => {
        this.ended(ending, { code: 'internal', message: 'The recording broke off.', detail: errorText(error) });
      },
    );
    this.recording = { ending, done };
    this.wanted = request;
    tell();
    return ok(null);
  }

  private ended(ending: AbortController, failure: Failure | undefined): void {
    if (this.recording?.ending !== ending) return;
    this.recording = undefined;
    this.wanted = undefined;
    this.set(failure === undefined ? idle : { state: 'failed', recording: false, ...failureWords(failure) });
  }

  /** What a request asks for, ready to be recorded. */
  private async subjects(
    { service, options }: PySpyRequest,
    signal: AbortSignal | undefined,
  ): Promise<Result<{ readonly subjects: readonly Subject[]; readonly version: string }>> {
    const docker = await this.docker(signal);
    if (!docker.ok) return docker;
    const found = await pythonContainers(docker.value);
    if (!found.ok) return found;
    const wanted = found.value.filter(({ name }) => service === null || name === service);
    if (wanted.length === 0) {
      return service === null
        ? fail('not-found', `No container on ${this.options.targetName()} runs Python.`)
        : fail('not-found', `No container called ${service} runs Python now: choose one that does.`);
    }
    const fits = options.nonblocking ? wanted : wanted.filter((each) => threadsOf(each) <= mostThreads);
    if (fits.length === 0) return fail('refused', tooManyThreads(wanted[0]));
    if (fits.length > mostAtOnce) {
      return fail(
        'refused',
        `${fits.length} containers run Python, more than ${mostAtOnce} at once: choose one of them.`,
      );
    }
    const program = await sidecarProgram(docker.value, this.options.resourcesDir);
    if (!program.ok) return program;
    const { archive, version } = program.value;
    const subjects = await Promise.all(fits.map((each) => containerSubject(docker.value, each, archive)));
    return ok({ subjects, version });
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

  /** The containers, asked for at most every few seconds: each costs a ps on the target. */
  private async containers(docker: Docker): Promise<Result<readonly PythonContainer[]>> {
    if (this.listed !== undefined && Date.now() - this.listed.atMs < listedForMs) return ok(this.listed.containers);
    const found = await pythonContainers(docker);
    if (found.ok) this.listed = { atMs: Date.now(), containers: found.value };
    return found;
  }

  private set(state: AgentState): void {
    this.now = state;
    if (!this.disposed) this.options.onChange();
  }
}

const idle: AgentState = { state: 'stopped', recording: false };

const whyDarwin = 'This is macOS, which has no eBPF: Python is recorded by py-spy instead of the agent.';
const whatIsMissing =
  'py-spy sees Python functions only: no other programs, no kernel, and native code only on x86_64 Linux when asked to. It stops a process for each sample, and what runs between two recordings is not seen.';

function tooManyThreads(container: PythonContainer | undefined): string {
  const threads = container === undefined ? 0 : threadsOf(container);
  return (
    `A process of ${container?.name ?? 'it'} has ${threads} threads. py-spy stops a process for each sample, and with more than ` +
    `${mostThreads} threads most of its throughput is lost: record with "Without stopping" switched on.`
  );
}

function rowOf(container: PythonContainer): ServiceRow {
  return {
    name: container.name,
    labels: containerLabels(container),
    selector: serviceSelector(container.name),
    processes: container.processes,
  };
}

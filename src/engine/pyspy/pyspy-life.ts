import type Docker from 'dockerode';
import type { Courses, LabelValues, ServiceRow, Timeline } from '../../contract/links.js';
import type { RunningProcess } from '../../contract/profiled.js';
import type { EngineState, MemoryRequest, PySpyRequest, PythonProcess } from '../../contract/pyspy.js';
import { fail, failureWords, ok, type Failure, type Result } from '../../contract/result.js';
import type { AgentState, PyroscopeConfig } from '../../contract/target.js';
import { Elevator } from '../deploy/elevate.js';
import { engineKernelName, type TargetFacts } from '../deploy/facts.js';
import type { RootAccess } from '../deploy/root/root-access.js';
import { errorText } from '../failures/thrown.js';
import { memoryNeedsRoot } from '../memray/memory-subject.js';
import { MemoryRecordings } from '../memray/memory-recordings.js';
import { sweepMemoryFolder } from '../memray/places.js';
import type { Prompter } from '../link/prompter.js';
import type { PusherClient } from '../pyroscope/pusher-client.js';
import type { Query, Range } from '../pyroscope/querier-client.js';
import { sweepExecFiles } from './exec-run.js';
import { endedWithApp, type KeptRecording } from './kept-recording.js';
import { PythonThere, type Beside, type PythonThereOptions } from './python-there.js';
import { RecordingStatus } from './recording-status.js';
import {
  courses,
  labelSets,
  labelValues,
  mergeProfile,
  profileTypes,
  recordedServices,
  timeline,
  windowSet,
} from './query.js';
import { recordSubjects, untilOver, type RecordingEvents } from './recording.js';
import type { Labels } from './selector.js';
import { sweepSidecars } from './sidecar.js';
import { WindowPush } from './window-push.js';
import type { NewWindow } from './window.js';
import { WindowStore } from './window-store.js';

export interface PySpyLifeOptions extends PythonThereOptions {
  readonly targetId: string;
  readonly prompter: Prompter;
  readonly root: RootAccess;
  /** Where windows of this target are kept; undefined: in memory. */
  readonly windowsDir: string | undefined;
  /** The Pyroscope that windows are pushed to, and how it is reached. */
  readonly pyroscope: {
    readonly pushedTo: () => PyroscopeConfig | undefined;
    readonly client: () => Result<PusherClient>;
    /** Called after each try with why it failed; "": it did not. */
    readonly onPush: (error: string) => void;
  };
  readonly onChange: () => void;
  readonly onWindow: (endMs: number) => void;
}

/** py-spy on one target: chosen where the agent cannot run, recording, and the store of what was recorded. */
export class PySpyLife {
  private readonly options: PySpyLifeOptions;
  private readonly store: WindowStore;
  private engine: EngineState | undefined;
  private facts: TargetFacts | undefined;
  private readonly there: PythonThere;
  private readonly windowPush: WindowPush;
  private readonly memory: MemoryRecordings;
  /** Says how the recording goes; does nothing without one. */
  private tell: () => void = () => undefined;
  private now: AgentState = { state: 'stopped', recording: false };
  private recording: { readonly ending: AbortController; readonly done: Promise<void> } | undefined;
  /** What is recorded; after the connection broke, what goes on when it is back. */
  private wanted: KeptRecording | undefined;
  private disposed = false;

  constructor(options: PySpyLifeOptions) {
    this.options = options;
    this.store = new WindowStore(options.windowsDir);
    this.there = new PythonThere(options);
    this.memory = new MemoryRecordings({
      there: this.there,
      elevator: (facts) => this.elevatorFor(facts, memoryNeedsRoot),
      recording: () => this.recording !== undefined,
      keep: (window) => this.keep(window),
    });
    this.windowPush = new WindowPush({
      store: this.store,
      folder: options.windowsDir,
      wanted: options.pyroscope.pushedTo,
      client: options.pyroscope.client,
      onChange: (error) => {
        if (this.disposed) return;
        options.pyroscope.onPush(error);
        this.tell();
      },
    });
  }

  /** Whether py-spy is what records on this target. */
  get chosen(): boolean {
    return this.engine !== undefined;
  }

  get state(): AgentState {
    if (this.engine === undefined) return this.now;
    const { service, pid } = this.wanted?.request ?? { service: null };
    const records = this.recording === undefined ? {} : { records: pid === undefined ? { service } : { service, pid } };
    return { ...this.now, engine: { ...this.engine, ...records } };
  }

  /** What is recorded, or goes on when the connection is back: to be kept for `resume`. */
  get kept(): KeptRecording | undefined {
    return this.wanted;
  }

  /** Why the agent did not record what `kept` is; undefined when there is nothing to go on with. */
  get refusedBefore(): Pick<Failure, 'message'> | undefined {
    return this.wanted === undefined ? undefined : { message: this.wanted.why };
  }

  /** Goes on, at the next connection, with what a process that was ended from outside had recorded. */
  resume(kept: KeptRecording): void {
    if (this.recording === undefined) this.wanted = kept;
  }

  /** Says, at the next connection, that a recording ended with the app that was ended from outside. */
  endedFromOutside(kept: KeptRecording): void {
    if (this.recording === undefined) this.now = { ...idle, message: endedWithApp(kept) };
  }

  /**
   * Decides for or against py-spy after a target was looked at. `refusal` is why the agent cannot run there, undefined when
   * it can. On Linux py-spy helps where this user may use Docker, become root, or read processes of its own.
   */
  async choose(facts: TargetFacts, refusal: Pick<Failure, 'message'> | undefined, signal?: AbortSignal): Promise<void> {
    this.facts = facts;
    if (refusal === undefined) {
      this.engine = undefined;
      this.wanted = undefined;
      return;
    }
    const docker = await this.there.docker(signal);
    const isDarwin = facts.kernelName === 'Darwin';
    const isEngine = facts.kernelName === engineKernelName;
    const helps = isDarwin || isEngine || (facts.kernelName === 'Linux' && (docker.ok || mayReadSomething(facts)));
    const why = isDarwin ? whyDarwin : refusal.message;
    this.engine = helps ? { kind: 'pyspy', why, missing: whatIsMissing } : undefined;
    if (!helps) return;
    this.windowPush.wake();
    await this.sweep(docker.ok ? docker.value : undefined, facts);
    const wanted = this.wanted;
    if (wanted === undefined || this.recording !== undefined || this.disposed) return;
    await this.start(wanted.request, signal, wanted.startedAtMs);
  }

  /** Begins a recording, or goes on with one that began before; settles when it has begun. Its end is told by the state. */
  async start(request: PySpyRequest, signal?: AbortSignal, startedAtMs?: number): Promise<Result<null>> {
    if (this.recording !== undefined) return ok(null);
    this.set({ state: 'starting', recording: true, message: 'Looking for Python.' });
    const begun = await this.begin(request, startedAtMs, signal);
    if (!begun.ok) {
      this.wanted = undefined;
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

  /** Lends py-spy to who looks at Python beside the agent. */
  async lend<T>(
    use: (
      pythonOf: (processes: readonly RunningProcess[], most: number) => Promise<Result<Beside>>,
    ) => Promise<Result<T>>,
    signal?: AbortSignal,
  ): Promise<Result<T>> {
    const { facts } = this;
    if (facts === undefined) return fail('not-connected', `Connect to ${this.options.targetName()} first.`);
    return use((processes, most) => this.there.beside(processes, most, facts, this.elevatorFor(facts), signal));
  }

  /** Has memray look at the allocations of a process; settles when what it saw is kept. */
  async recordMemory(request: MemoryRequest, signal?: AbortSignal): Promise<Result<null>> {
    const { facts } = this;
    if (facts === undefined) return fail('not-connected', `Connect to ${this.options.targetName()} first.`);
    return this.memory.record(request, facts, signal);
  }

  /** The Python among processes of the target, as memray wants them. */
  async pythonAmong(
    processes: readonly RunningProcess[],
    signal?: AbortSignal,
  ): Promise<Result<readonly PythonProcess[]>> {
    const { facts } = this;
    if (facts === undefined) return fail('not-connected', `Connect to ${this.options.targetName()} first.`);
    return this.there.pythonAmong(processes, facts, signal);
  }

  /** Whether the store has something of a selection, whoever is the engine now. */
  async has(query: Query): Promise<boolean> {
    const sets = await this.labelSets(query);
    return sets.ok && sets.value.length > 0;
  }

  /** The link is gone. A recording goes on when it is back; slices that run there end by themselves. */
  leave(comesBack: boolean): void {
    if (!comesBack) this.wanted = undefined;
    this.recording?.ending.abort();
    this.recording = undefined;
    this.now = idle;
    this.there.drop();
    if (comesBack) return;
    this.engine = undefined;
  }

  dispose(): void {
    this.disposed = true;
    this.recording?.ending.abort();
    this.windowPush.dispose();
  }

  /** Pushes what waits, to a server that was set or is back. */
  push(): void {
    this.windowPush.wake();
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
    if (this.facts === undefined) return ok(recorded);
    const there = await this.there.rows(this.facts);
    if (!there.ok) return recorded.length > 0 ? ok(recorded) : there;
    const now = new Map(there.value.map((row) => [row.name, row]));
    const rows = recorded.map((row): ServiceRow => {
      const processes = now.get(row.name)?.processes;
      return processes === undefined ? row : { ...row, processes };
    });
    const known = new Set(recorded.map(({ name }) => name));
    return ok([...rows, ...there.value.filter(({ name }) => !known.has(name))]);
  }

  profileTypes(range: Range): Promise<readonly string[]> {
    return profileTypes(this.store, range);
  }

  /** The labels of what a selection is made of. */
  labelSets(query: Query): Promise<Result<readonly Labels[]>> {
    return labelSets(this.store, query);
  }

  /** Labels that tell parts of a selection apart. */
  labels(query: Query): Promise<Result<readonly LabelValues[]>> {
    return labelValues(this.store, query);
  }

  timeline(query: Query, stepMs: number): Promise<Result<Timeline>> {
    return timeline(this.store, query, stepMs);
  }

  courses(query: Query, stepMs: number): Promise<Result<Courses>> {
    return courses(this.store, query, stepMs);
  }

  /** The merged profile of a selection: bytes of a pprof. */
  fetch(query: Query): Promise<Result<Uint8Array>> {
    return mergeProfile(this.store, query);
  }

  /** A selection window by window. */
  windows(
    query: Query,
    onWindows: (done: number) => void,
  ): Promise<Result<{ readonly bytes: Uint8Array; readonly windows: number }>> {
    return windowSet(this.store, query, onWindows);
  }

  /** What cannot be removed now is swept the next time. */
  private async sweep(docker: Docker | undefined, { kernelName }: TargetFacts): Promise<void> {
    // Whatever is ours and there while nothing is recorded was left by a process that was ended from outside.
    const owner = this.recording === undefined ? this.options.owner : undefined;
    if (docker !== undefined) await sweepSidecars(docker, Date.now(), owner);
    if (owner === undefined) return;
    if (docker !== undefined) await sweepExecFiles(docker, owner);
    if (kernelName === 'Linux') await sweepMemoryFolder(this.options.link(), owner);
  }

  private async begin(
    request: PySpyRequest,
    before: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Result<null>> {
    const { facts } = this;
    if (facts === undefined) return fail('not-connected', `Connect to ${this.options.targetName()} first.`);
    const subjects = await this.there.subjects(request, facts, this.elevatorFor(facts), signal);
    if (!subjects.ok) return subjects;
    if (signal?.aborted === true) {
      for (const subject of subjects.value.subjects) void subject.dispose?.(); // nothing waits for it
      return fail('cancelled', 'Cancelled.');
    }
    const { options } = request;
    const ending = new AbortController();
    // Not before: somebody may have been asked for a password.
    const startedAtMs = before ?? Date.now();
    const status = new RecordingStatus(facts, options.rateHz, subjects.value.version, startedAtMs);
    /** What was asked for and is not recorded, and what could not be made sure of, each in sentences. */
    const notes: string[] = [...subjects.value.notes];
    const tell = (): void => {
      if (this.recording?.ending !== ending) return;
      const cores = status.cores;
      if (this.engine !== undefined && cores !== undefined) this.engine = { ...this.engine, cores };
      const state = ending.signal.aborted ? 'stopping' : 'profiling';
      const message = notes.length === 0 ? {} : { message: notes.join(' ') };
      this.set({ state, recording: true, status: status.now(this.windowPush.states), ...message });
    };
    const events: RecordingEvents = {
      onSlice: (closesAtMs) => {
        status.slice(closesAtMs);
        tell();
      },
      onWindow: async (window, facts) => {
        const kept = await this.keep(window);
        if (!kept.ok) return kept;
        status.stored(window.endMs, facts);
        tell();
        return kept;
      },
      onLost: ({ message }) => {
        notes.push(message);
        tell();
      },
    };
    const over = untilOver(ending.signal, options, startedAtMs);
    const done = recordSubjects(subjects.value.subjects, options, events, over.signal)
      .finally(over.release)
      .then(
        (failure) => {
          this.ended(ending, failure);
        },
        (error: unknown) => {
          this.ended(ending, { code: 'internal', message: 'The recording broke off.', detail: errorText(error) });
        },
      );
    this.recording = { ending, done };
    this.wanted = { request, startedAtMs, why: this.engine?.why ?? '' };
    this.tell = tell;
    tell();
    return ok(null);
  }

  private ended(ending: AbortController, failure: Failure | undefined): void {
    if (this.recording?.ending !== ending) return;
    this.recording = undefined;
    this.wanted = undefined;
    this.set(failure === undefined ? idle : { state: 'failed', recording: false, ...failureWords(failure) });
  }

  private async keep(window: NewWindow): Promise<Result<unknown>> {
    const kept = await this.store.add(window);
    if (!kept.ok) return kept;
    this.windowPush.wake();
    this.options.onWindow(window.endMs);
    return kept;
  }

  private elevatorFor(facts: TargetFacts, purpose = readingNeedsRoot): Elevator {
    const { prompter, root, targetId, targetName } = this.options;
    return new Elevator({
      link: this.options.link(),
      facts,
      prompter,
      root,
      targetId,
      targetName: targetName(),
      purpose,
    });
  }

  private set(state: AgentState): void {
    this.now = state;
    if (!this.disposed) this.options.onChange();
  }
}

const readingNeedsRoot = {
  who: 'py-spy',
  why: "py-spy needs root to read the memory of the machine's own processes.",
};

const idle: AgentState = { state: 'stopped', recording: false };

/** Whether a machine's own processes can be read, at least those of this user. */
function mayReadSomething({ rights, pkexec, ownReadable }: TargetFacts): boolean {
  return ownReadable || pkexec || (rights !== 'none' && rights !== 'doas-password');
}

const whyDarwin = 'This is macOS, which has no eBPF: Python is recorded by py-spy instead of the agent.';
const whatIsMissing =
  'py-spy sees Python functions only: no other programs, no kernel, and native code only on x86_64 Linux when asked to. It counts threads that are active, which is not CPU time: one that waits may be among them. It stops a process for each sample, and what runs between two recordings is not seen.';

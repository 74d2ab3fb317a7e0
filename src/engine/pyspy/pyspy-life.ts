import type Docker from 'dockerode';
import type { ServiceRow, Timeline } from '../../contract/links.js';
import type { EngineState, PySpyRequest } from '../../contract/pyspy.js';
import { fail, failureWords, ok, type Failure, type Result } from '../../contract/result.js';
import type { AgentState, PyroscopeConfig } from '../../contract/target.js';
import { Elevator } from '../deploy/elevate.js';
import type { TargetFacts } from '../deploy/facts.js';
import { errorText } from '../failures/thrown.js';
import type { Prompter } from '../link/prompter.js';
import type { PusherClient } from '../pyroscope/pusher-client.js';
import type { Query, Range } from '../pyroscope/querier-client.js';
import { PythonThere, type PythonThereOptions } from './python-there.js';
import { RecordingStatus } from './recording-status.js';
import { mergeProfile, profileTypes, recordedServices, timeline, windowSet } from './query.js';
import { recordSubject } from './recording.js';
import { sweepSidecars } from './sidecar.js';
import { WindowPush } from './window-push.js';
import { WindowStore } from './window-store.js';

export interface PySpyLifeOptions extends PythonThereOptions {
  readonly targetId: string;
  readonly prompter: Prompter;
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
  /** Kept while something is recorded, with a password that it may have. */
  private elevator: Elevator | undefined;
  private readonly there: PythonThere;
  private readonly windowPush: WindowPush;
  /** Says how the recording goes; does nothing without one. */
  private tell: () => void = () => undefined;
  private now: AgentState = { state: 'stopped', recording: false };
  private recording: { readonly ending: AbortController; readonly done: Promise<void> } | undefined;
  /** Recorded when the connection broke; goes on when it is back. */
  private wanted: PySpyRequest | undefined;
  private disposed = false;

  constructor(options: PySpyLifeOptions) {
    this.options = options;
    this.store = new WindowStore(options.windowsDir);
    this.there = new PythonThere(options);
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
    return this.engine === undefined ? this.now : { ...this.now, engine: this.engine };
  }

  /**
   * Decides for or against py-spy after a target was looked at. `refusal` is why the agent cannot run there, undefined when
   * it can. On Linux py-spy helps where this user may use Docker, become root, or read processes of its own.
   */
  async choose(facts: TargetFacts, refusal: Failure | undefined, signal?: AbortSignal): Promise<void> {
    this.facts = facts;
    if (refusal === undefined) {
      this.engine = undefined;
      return;
    }
    const docker = await this.docker(signal);
    const isDarwin = facts.kernelName === 'Darwin';
    const helps = isDarwin || (facts.kernelName === 'Linux' && (docker.ok || mayReadSomething(facts)));
    const why = isDarwin ? whyDarwin : refusal.message;
    this.engine = helps ? { kind: 'pyspy', why, missing: whatIsMissing } : undefined;
    if (!helps) return;
    this.windowPush.wake();
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
      this.forgetPassword();
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
    this.there.drop();
    if (comesBack) return;
    this.engine = undefined;
    this.forgetPassword();
  }

  dispose(): void {
    this.disposed = true;
    this.recording?.ending.abort();
    this.windowPush.dispose();
    this.forgetPassword();
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

  /** Docker's API on the target. */
  docker(signal?: AbortSignal): Promise<Result<Docker>> {
    return this.there.docker(signal);
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

  /** A selection window by window. */
  windows(
    query: Query,
    onWindows: (done: number) => void,
  ): Promise<Result<{ readonly bytes: Uint8Array; readonly windows: number }>> {
    return windowSet(this.store, query, onWindows);
  }

  private async begin(request: PySpyRequest, signal: AbortSignal | undefined): Promise<Result<null>> {
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
    const status = new RecordingStatus(facts, options.rateHz, subjects.value.version);
    const tell = (): void => {
      if (this.recording?.ending !== ending) return;
      const cores = status.cores;
      if (this.engine !== undefined && cores !== undefined) this.engine = { ...this.engine, cores };
      const state = ending.signal.aborted ? 'stopping' : 'profiling';
      this.set({ state, recording: true, status: status.now(this.windowPush.states) });
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
            this.windowPush.wake();
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
    this.tell = tell;
    tell();
    return ok(null);
  }

  private ended(ending: AbortController, failure: Failure | undefined): void {
    if (this.recording?.ending !== ending) return;
    this.recording = undefined;
    this.wanted = undefined;
    this.forgetPassword();
    this.set(failure === undefined ? idle : { state: 'failed', recording: false, ...failureWords(failure) });
  }

  private elevatorFor(facts: TargetFacts): Elevator {
    const { prompter, targetId, targetName } = this.options;
    const purpose = {
      who: 'py-spy',
      why: "py-spy needs root to read the memory of the machine's own processes.",
      keptUntil: 'the recording ends',
    };
    // Another link is another machine.
    this.elevator ??= new Elevator({
      link: this.options.link(),
      facts,
      prompter,
      targetId,
      targetName: targetName(),
      purpose,
    });
    return this.elevator;
  }

  private forgetPassword(): void {
    this.elevator?.dispose();
    this.elevator = undefined;
  }

  private set(state: AgentState): void {
    this.now = state;
    if (!this.disposed) this.options.onChange();
  }
}

const idle: AgentState = { state: 'stopped', recording: false };

/** Whether a machine's own processes can be read, at least those of this user. */
function mayReadSomething({ rights, pkexec, ownReadable }: TargetFacts): boolean {
  return ownReadable || pkexec || (rights !== 'none' && rights !== 'doas-password');
}

const whyDarwin = 'This is macOS, which has no eBPF: Python is recorded by py-spy instead of the agent.';
const whatIsMissing =
  'py-spy sees Python functions only: no other programs, no kernel, and native code only on x86_64 Linux when asked to. It stops a process for each sample, and what runs between two recordings is not seen.';

import type { Choice, Naming, SamplingChange } from '../../contract/profiled.js';
import type { PushSettings } from '../../contract/push.js';
import { fail, failureWords, ok, type Failure, type Result } from '../../contract/result.js';
import { agentAge } from '../../contract/agent-version.js';
import type { AgentState } from '../../contract/target.js';
import type { AgentConnection, AgentPlace } from '../agent/agent-connection.js';
import type { Link } from '../link/link.js';
import type { Prompter } from '../link/prompter.js';
import { agentBridge } from './agent-bridge.js';
import { findAgentBinary } from './agent-resources.js';
import { AgentWatch, type LeaseHolder, type LeaseTimes } from './agent-watch.js';
import { agentSocket, lookAt, type TargetFacts } from './facts.js';
import { lookForOutlived, removeOutlived } from './outlived.js';
import { startAgent } from './start-agent.js';
import type { RootAccess } from './root/root-access.js';

const reattachDelaysMs = [300, 1000, 3000];
/** Who ended the agent may have restarted it: within a minute the next one is there. */
const successorDelaysMs = [2000, 4000, 8000, 16_000, 30_000];

const unknown: AgentState = { state: 'unknown', recording: false };

export interface AgentLifeOptions {
  readonly targetId: string;
  /** What the user calls the target: "this computer" or a host. */
  readonly targetName: () => string;
  /** The link now: another one after a disconnect. */
  readonly link: () => Link;
  readonly prompter: Prompter;
  readonly root: RootAccess;
  /** The folder that holds agent/manifest.json. */
  readonly resourcesDir: string;
  readonly holder: LeaseHolder;
  readonly lease: LeaseTimes;
  /** Of agents that are started here; default 15. */
  readonly windowSeconds: number | undefined;
  /** Where agents that are started here get missing debug files from; undefined: nobody is asked. */
  readonly debuginfod: () => string | undefined;
  /** Whether a continuous agent is to come back after a reboot. */
  readonly atBoot: () => boolean;
  /** How agents that are started here call services; undefined: as was set there last. */
  readonly naming: () => Naming | undefined;
  /** Where a running agent is looked for; default /run/pyrometer. */
  readonly runDirectory: string | undefined;
  readonly onChange: () => void;
  /** An agent is followed from now on; settles when it was told what it is to know. */
  readonly onAttached: (state: AgentState) => Promise<void>;
  readonly onWindow: (endMs: number) => void;
}

/** The agent of one target: found, started, followed, found again when its connection ended, stopped. */
export class AgentLife {
  private readonly options: AgentLifeOptions;
  private watch: AgentWatch | undefined;
  private now: AgentState = unknown;
  private seen: TargetFacts | undefined;
  private operation: AbortController | undefined;
  /** While the agent that is followed is being replaced: what it says, and its end, are no news. */
  private replacing = false;
  /** The version of this app's agent for the target; undefined before it was looked at, and where there is none. */
  private ownVersion: string | undefined;
  private disposed = false;

  constructor(options: AgentLifeOptions) {
    this.options = options;
  }

  get state(): AgentState {
    return this.now;
  }

  /** What was seen of the target when it was looked at last. */
  get facts(): TargetFacts | undefined {
    return this.seen;
  }

  /** The connection to the agent, while one is followed. */
  get connection(): AgentConnection | undefined {
    return this.watch?.connection;
  }

  /** When the agent that this records with began, Unix milliseconds; what tells one recording from the next. */
  get recordingStartedAtMs(): number | undefined {
    return this.watch?.renewing === true ? this.watch.state.status?.startedAtMs : undefined;
  }

  /** Looks at the target and for an agent that runs already; answers what it saw. */
  async detect(signal?: AbortSignal): Promise<TargetFacts | undefined> {
    const facts = await lookAt(this.options.link(), signal);
    if (!facts.ok) {
      this.set({ ...unknown, message: facts.failure.message });
      return undefined;
    }
    await this.look(facts.value);
    const path = facts.value.installed.at(-1);
    const place = {
      socket: agentSocket(facts.value.uid, this.options.runDirectory),
      bridge: path === undefined ? undefined : agentBridge(path),
    };
    const attached = await this.attach(place, signal);
    if (attached.ok || this.operation !== undefined) return facts.value;
    const { code, message } = attached.failure;
    if (code !== 'agent-not-running') this.set({ ...unknown, message });
    else {
      this.set({ state: path === undefined ? 'not-installed' : 'stopped', recording: false });
      await this.clearOutlived(facts.value, signal);
    }
    return facts.value;
  }

  /** Starts an agent, or leaves one that runs already; a recording's lease is renewed from then on. */
  start(kind: 'continuous' | 'recording', signal?: AbortSignal): Promise<Result<null>> {
    return this.operate((both) => this.begin(kind, both), signal);
  }

  /**
   * Restarts the agent with this app's, its settings kept; recordings go on, this app's too. "refused" where the agent that
   * runs is newer, unless `evenNewer`.
   */
  async restart(evenNewer: boolean, signal?: AbortSignal): Promise<Result<null>> {
    const before = this.watch;
    if (before === undefined) return this.notRunning();
    const { replacement, status } = this.now;
    if (!evenNewer && replacement?.running === 'newer') {
      return fail(
        'refused',
        `The agent there is newer (${status?.version ?? ''}) than this app's (${replacement.version}) and is kept.`,
      );
    }
    const restarted = await this.operate((both) => this.replace(both), signal);
    // One that was not ended goes on as before, and one whose replacement did not start was started again.
    if (!restarted.ok && this.watch !== undefined) this.set(this.watch.state);
    return restarted;
  }

  /** What a recording left whose machine went down is told, and removed when its time is over. */
  private async clearOutlived(facts: TargetFacts, signal?: AbortSignal): Promise<void> {
    const { targetId, resourcesDir } = this.options;
    const given = { link: this.options.link(), facts, targetId, targetName: this.options.targetName(), resourcesDir };
    const found = await lookForOutlived({ ...given, signal });
    const resting = this.now;
    // Somebody may have begun to start one meanwhile.
    if (this.disposed || this.watch !== undefined || this.operation !== undefined) return;
    if (!found.over) {
      if (found.message !== undefined) this.set({ ...resting, message: found.message });
      return;
    }
    const operation = new AbortController();
    this.operation = operation;
    this.set({
      ...resting,
      state: 'stopping',
      message: 'What a recording left here has outlived its time: removing it.',
    });
    const both = signal === undefined ? operation.signal : AbortSignal.any([operation.signal, signal]);
    const { over, message } = await removeOutlived({ ...given, signal: both });
    this.operation = undefined;
    this.set({
      state: over ? 'stopped' : 'not-installed',
      recording: false,
      ...(message === undefined ? {} : { message }),
    });
  }

  private async operate(
    run: (signal: AbortSignal) => Promise<Result<null>>,
    signal?: AbortSignal,
  ): Promise<Result<null>> {
    if (this.operation !== undefined) return fail('agent-failed', 'The agent is being started or stopped already.');
    const operation = new AbortController();
    this.operation = operation;
    const both = signal === undefined ? operation.signal : AbortSignal.any([operation.signal, signal]);
    const before = this.now;
    try {
      const started = await run(both);
      if (!started.ok) this.set(started.failure.code === 'cancelled' ? before : failed(started.failure));
      return started;
    } finally {
      this.operation = undefined;
    }
  }

  /**
   * Stops the agent, whoever started it. What it stored stays. "agent-in-use" while others record with it, unless forced.
   */
  async stop(force: boolean, signal?: AbortSignal): Promise<Result<null>> {
    const watch = this.watch;
    if (watch === undefined) return this.notRunning();
    this.set({ ...this.now, state: 'stopping' });
    const stopped = await watch.stop(force, signal);
    this.ended(watch, stopped);
    return stopped;
  }

  /** Ends a recording of this app. The agent ends with it when nobody else wants it. */
  async stopRecording(): Promise<Result<null>> {
    const watch = this.watch;
    if (watch === undefined) return this.notRunning();
    if (!watch.renewing) return ok(null);
    this.set({ ...this.now, state: 'stopping' });
    const released = await watch.release();
    if (released.ok && !released.value.ended) return ok(null);
    const stopped = released.ok ? ok(null) : released;
    this.ended(watch, stopped);
    return stopped;
  }

  /** Goes on renewing a recording that this app began before it was restarted. */
  keepRecording(): void {
    void this.watch?.keepLease(this.options.lease); // shown by the state
  }

  /** Lets the agent push to a server; "agent-not-running" where none is followed. */
  setPush(server: PushSettings): Promise<Result<null>> {
    return this.watch?.setPush(server) ?? Promise.resolve(this.notRunning());
  }

  /** Ends pushing to a server. */
  removePush(url: string, tenant: string): Promise<Result<null>> {
    return this.watch?.removePush(url, tenant) ?? Promise.resolve(this.notRunning());
  }

  /** What is profiled from now on; "agent-not-running" where no agent is followed, as the next two. */
  choose(choice: Choice): Promise<Result<null>> {
    return this.watch?.choose(choice) ?? Promise.resolve(this.notRunning());
  }

  setSampling(change: SamplingChange): Promise<Result<null>> {
    return this.watch?.setSampling(change) ?? Promise.resolve(this.notRunning());
  }

  setNaming(naming: Naming): Promise<Result<null>> {
    return this.watch?.setNaming(naming) ?? Promise.resolve(this.notRunning());
  }

  /** All that was ours on the target is gone. */
  removed(): void {
    this.detach();
    this.set({ state: 'not-installed', recording: false });
  }

  /** The link is gone: an agent there goes on, a recording until its lease ends. */
  leave(message?: string): void {
    this.detach();
    this.now = message === undefined ? unknown : { ...unknown, message };
  }

  /** Ends what is being done: a start that was begun. */
  abort(): void {
    this.operation?.abort();
  }

  dispose(): void {
    this.disposed = true;
    this.abort();
    this.detach();
  }

  /** Says that there is no agent to ask. */
  notRunning(): { ok: false; failure: Failure } {
    return fail('agent-not-running', `No agent runs on ${this.options.targetName()}: press Record or Start agent.`);
  }

  private async begin(kind: 'continuous' | 'recording', signal: AbortSignal): Promise<Result<null>> {
    const { options } = this;
    const link = options.link();
    const connected = await link.connect(signal);
    if (!connected.ok) return connected;
    const seen = this.watch === undefined ? await this.detect(signal) : undefined;
    const running = this.watch?.state;
    const recording = kind === 'recording';
    const atBoot = !recording && options.atBoot();
    // A recording has what it needs when an agent runs and is held; a continuous agent is more than a leased one.
    const continuous = running?.status?.leaseExpiresAtMs === 0 && (!atBoot || running.status.startsAtBoot);
    if (running?.state === 'profiling' && (recording || continuous)) {
      if (recording) await this.watch?.keepLease(options.lease);
      return ok(null);
    }
    const started = await startAgent({
      link,
      targetId: options.targetId,
      targetName: options.targetName(),
      prompter: options.prompter,
      root: options.root,
      resourcesDir: options.resourcesDir,
      ...(recording ? { lease: { ...options.lease, holder: options.holder } } : {}),
      windowSeconds: options.windowSeconds,
      debuginfod: options.debuginfod(),
      naming: options.naming(),
      atBoot,
      facts: seen,
      onStep: (step) => {
        this.set({ state: 'starting', recording, step, message: step.text });
      },
      signal,
    });
    if (!started.ok) return started;
    await this.look(started.value.facts);
    const place = { socket: started.value.socket, bridge: agentBridge(started.value.path) };
    // What was recorded goes on by itself now.
    if (!recording && this.watch?.renewing === true) await this.watch.release();
    this.detach();
    const attached = await this.attach(place, signal);
    if (attached.ok && recording) await this.watch?.keepLease(options.lease);
    return attached;
  }

  private async replace(signal: AbortSignal): Promise<Result<null>> {
    const { options } = this;
    const before = this.seen;
    const { recording } = this.now;
    this.replacing = true;
    try {
      const started = await startAgent({
        link: options.link(),
        targetId: options.targetId,
        targetName: options.targetName(),
        prompter: options.prompter,
        root: options.root,
        resourcesDir: options.resourcesDir,
        replace: true,
        debuginfod: options.debuginfod(),
        onStep: (step) => {
          this.set({ state: 'starting', recording, step, message: step.text });
        },
        signal,
      });
      if (!started.ok) {
        if (this.watch === undefined) await this.returnTo(before, recording);
        return started;
      }
      this.detach();
      this.replacing = false;
      const place = { socket: started.value.socket, bridge: agentBridge(started.value.path) };
      const attached = await this.attach(place, signal);
      if (attached.ok && recording) await this.watch?.keepLease(options.lease);
      return attached;
    } finally {
      this.replacing = false;
    }
  }

  /** Follows the agent that was started again since the one that was to take its place did not start. */
  private async returnTo(facts: TargetFacts | undefined, recording: boolean): Promise<void> {
    if (facts === undefined) return;
    const path = facts.installed.at(-1);
    this.replacing = false;
    const attached = await this.attach({
      socket: agentSocket(facts.uid, this.options.runDirectory),
      bridge: path === undefined ? undefined : agentBridge(path),
    });
    if (attached.ok && recording) await this.watch?.keepLease(this.options.lease);
  }

  private async attach(place: AgentPlace, signal?: AbortSignal): Promise<Result<null>> {
    const events = {
      onState: (state: AgentState): void => {
        if (!this.replacing) this.set(state);
      },
      onWindow: this.options.onWindow,
      onClosed: (said: AgentState): void => {
        void this.reattach(place, said); // shown by the state
      },
    };
    const opened = await AgentWatch.open(this.options.link(), place, this.options.holder, events, signal);
    if (!opened.ok) return opened;
    if (this.disposed) {
      opened.value.dispose();
      return fail('cancelled', 'Cancelled.');
    }
    // Two may have looked at once, as a reconnected link and a start: the first would go on renewing unseen.
    const before = this.watch;
    this.watch = opened.value;
    if (before?.renewing === true) void this.watch.keepLease(this.options.lease); // shown by the state
    before?.dispose();
    await this.options.onAttached(opened.value.state);
    return ok(null);
  }

  /** What became of an agent that was told to end. */
  private ended(watch: AgentWatch, stopped: Result<null>): void {
    if (!stopped.ok) {
      // That others record is asked about; it is no trouble of the agent's.
      const said = stopped.failure.code === 'agent-in-use' ? {} : { message: stopped.failure.message };
      this.set({ ...watch.state, ...said });
    } else if (this.watch === watch) {
      this.detach();
      this.set({ state: 'stopped', recording: false });
    }
  }

  /** The connection to the agent ended: it stopped, or only the connection did. */
  private async reattach(place: AgentPlace, said: AgentState): Promise<void> {
    const wasRenewing = this.watch?.renewing === true;
    this.detach();
    if (this.replacing || !this.connected()) return; // the new one is attached then; detected anew when the link is back
    for (const delayMs of said.state === 'stopping' ? [] : reattachDelaysMs) {
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      if (this.disposed || !this.connected() || this.watch !== undefined) return;
      if ((await this.attach(place)).ok) {
        if (wasRenewing) this.keepRecording();
        return;
      }
    }
    if (this.disposed || this.operation !== undefined) return;
    if (said.state === 'stopping') void this.awaitSuccessor(place, wasRenewing); // shown by the state
    const unexpected = said.state !== 'stopping' && this.now.state !== 'stopping';
    this.set({
      state: 'stopped',
      recording: false,
      ...(unexpected ? { message: 'The agent ended by itself; /var/lib/pyrometer/agent.log there says why.' } : {}),
    });
  }

  /** Looks whether an agent that somebody ended was restarted. A recording of ours goes on where it was handed over. */
  private async awaitSuccessor(place: AgentPlace, wasRenewing: boolean): Promise<void> {
    for (const delayMs of successorDelaysMs) {
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      if (this.disposed || !this.connected() || this.watch !== undefined || this.operation !== undefined) return;
      if ((await this.attach(place)).ok) {
        if (wasRenewing) this.keepHandedOver();
        return;
      }
    }
  }

  private keepHandedOver(): void {
    if (this.watch?.knewUs === true) this.keepRecording();
  }

  private async look(facts: TargetFacts): Promise<void> {
    this.seen = facts;
    const binary = await findAgentBinary(this.options.resourcesDir, facts.machine);
    this.ownVersion = binary.ok ? binary.value.ownVersion : undefined;
  }

  private connected(): boolean {
    return this.options.link().state.state === 'connected';
  }

  private detach(): void {
    this.watch?.dispose();
    this.watch = undefined;
  }

  private set(state: AgentState): void {
    this.now = this.compared(state);
    this.options.onChange();
  }

  /** With this app's agent, where another runs. */
  private compared(state: AgentState): AgentState {
    const { ownVersion } = this;
    if (ownVersion === undefined || state.status === undefined) return state;
    const running = agentAge(state.status.version, ownVersion);
    return running === undefined ? state : { ...state, replacement: { version: ownVersion, running } };
  }
}

function failed(failure: Failure): AgentState {
  return { state: 'failed', recording: false, ...failureWords(failure) };
}

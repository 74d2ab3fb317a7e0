import { randomUUID } from 'node:crypto';
import type { ServiceRow, TestReport, Timeline } from '../../contract/links.js';
import { fail, failureWords, ok, type Failure, type Result } from '../../contract/result.js';
import { cpuProfileType, type Selection, type SourceKind } from '../../contract/selection.js';
import type {
  AgentState,
  Leftover,
  PyroscopeConfig,
  PyroscopeState,
  TargetConfig,
  TargetState,
} from '../../contract/target.js';
import type { Trust } from '../../contract/trust.js';
import { agentTrust } from '../agent/trust.js';
import { containerRows, listContainers } from '../docker/containers.js';
import type { HostKeys } from '../link/host-keys.js';
import type { Link } from '../link/link.js';
import { LocalLink } from '../link/local-link.js';
import type { Prompter } from '../link/prompter.js';
import { SshLink } from '../link/ssh-link.js';
import { Http1Transport } from '../pyroscope/http1-transport.js';
import { QuerierClient, type Query, type Range } from '../pyroscope/querier-client.js';
import { sampledOnly } from '../pyroscope/selectors.js';
import { pyroscopeServices, timeline } from '../pyroscope/source-views.js';
import { AgentWatch, type LeaseHolder } from './agent-watch.js';
import { agentPossible, agentSocket, lookAt, type TargetFacts } from './facts.js';
import { findLeftovers, removeLeftovers } from './leftovers.js';
import { agentServices } from './sources.js';
import { startAgent } from './start-agent.js';

export interface SessionOptions {
  readonly config: TargetConfig;
  readonly prompter: Prompter;
  readonly hostKeys: HostKeys;
  /** The folder that holds agent/manifest.json. */
  readonly resourcesDir: string;
  /** Of agents that are started here; default 15. */
  readonly windowSeconds?: number | undefined;
  /** Where a running agent is looked for; default /run/pyrometer. */
  readonly runDirectory?: string | undefined;
  /** Who records here, where the agent is leased; default: a name that nobody had before. */
  readonly holder?: LeaseHolder | undefined;
  readonly onChange: (state: TargetState) => void;
  /** A window is in the agent's store; Unix milliseconds of its end. */
  readonly onWindow?: (endMs: number) => void;
}

/** How long a recording outlives whoever renews it. */
export const recordingLeaseSeconds = 30;
const reattachDelaysMs = [300, 1000, 3000];

/** All that goes on with one target: its link, its agent, its sources. The links process and the command line use it. */
export class TargetSession {
  private readonly options: SessionOptions;
  private config: TargetConfig;
  private link: Link;
  private readonly holder: LeaseHolder;
  private watch: AgentWatch | undefined;
  private facts: TargetFacts | undefined;
  private agent: AgentState = { state: 'unknown', recording: false };
  private pyroscope: PyroscopeState;
  private querier: QuerierClient | undefined;
  private operation: AbortController | undefined;
  private disposed = false;
  private unsubscribe: () => void = () => undefined;

  constructor(options: SessionOptions) {
    this.options = options;
    this.config = options.config;
    this.holder = options.holder ?? { id: randomUUID(), description: 'a recording' };
    this.pyroscope = { state: options.config.pyroscope === undefined ? 'none' : 'unknown' };
    this.link = this.makeLink();
  }

  get state(): TargetState {
    return { config: this.config, link: this.link.state, agent: this.agent, pyroscope: this.pyroscope };
  }

  /** Connects and looks for a running agent. */
  async connect(signal?: AbortSignal): Promise<Result<null>> {
    const connected = await this.link.connect(signal);
    if (!connected.ok) return connected;
    if (this.watch === undefined) await this.detect(signal);
    void this.checkPyroscope(); // shown by the state
    return ok(null);
  }

  /** Leaves the target; an agent there goes on, a recording until its lease ends. */
  disconnect(): void {
    this.operation?.abort();
    this.detach();
    this.unsubscribe();
    this.link.dispose();
    this.link = this.makeLink();
    this.setAgent({ state: 'unknown', recording: false });
  }

  /** Another configuration of the same target. What the link is made of ends the connection. */
  reconfigure(config: TargetConfig): void {
    const before = this.config;
    this.config = config;
    if (JSON.stringify(connectionOf(before)) !== JSON.stringify(connectionOf(config))) this.disconnect();
    if (JSON.stringify(before.pyroscope) !== JSON.stringify(config.pyroscope))
      void this.applyPyroscope(before.pyroscope); // shown by the state
    this.changed();
  }

  /** Starts an agent, or leaves one that runs already; a recording's lease is renewed from then on. */
  async startAgent(kind: 'continuous' | 'recording', signal?: AbortSignal): Promise<Result<null>> {
    if (this.operation !== undefined) return fail('agent-failed', 'The agent is being started or stopped already.');
    const operation = new AbortController();
    this.operation = operation;
    const both = signal === undefined ? operation.signal : AbortSignal.any([operation.signal, signal]);
    const before = this.agent;
    try {
      const started = await this.start(kind, both);
      if (!started.ok) this.setAgent(started.failure.code === 'cancelled' ? before : failed(started.failure));
      return started;
    } finally {
      this.operation = undefined;
    }
  }

  /**
   * Stops the agent, whoever started it. What it stored stays. "agent-in-use" while others record with it, unless forced.
   */
  async stopAgent(force: boolean, signal?: AbortSignal): Promise<Result<null>> {
    const watch = this.watch;
    if (watch === undefined) return this.notRunning();
    this.setAgent({ ...this.agent, state: 'stopping' });
    const stopped = await watch.stop(force, signal);
    this.ended(watch, stopped);
    return stopped;
  }

  /** Ends a recording of this app. The agent ends with it when nobody else wants it. */
  async stopRecording(): Promise<Result<null>> {
    const watch = this.watch;
    if (watch === undefined) return this.notRunning();
    if (!watch.renewing) return ok(null);
    this.setAgent({ ...this.agent, state: 'stopping' });
    const released = await watch.release();
    if (released.ok && !released.value.ended) return ok(null);
    const stopped = released.ok ? ok(null) : released;
    this.ended(watch, stopped);
    return stopped;
  }

  /** What of ours lies on the target; connects if need be. */
  async leftovers(signal?: AbortSignal): Promise<Result<readonly Leftover[]>> {
    const facts = await this.look(signal);
    return facts.ok ? findLeftovers(this.link, facts.value, signal) : facts;
  }

  /** Stops the agent and removes all that we put on the target. "agent-in-use" while others record, unless forced. */
  async removeLeftovers(force: boolean, signal?: AbortSignal): Promise<Result<null>> {
    const facts = await this.look(signal);
    if (!facts.ok) return facts;
    // Our own recording is no reason to ask.
    const stopped = await this.stopRecording();
    if (!stopped.ok && stopped.failure.code !== 'agent-not-running') return stopped;
    const { prompter, resourcesDir } = this.options;
    const removed = await removeLeftovers({
      link: this.link,
      facts: facts.value,
      targetId: this.config.id,
      targetName: this.targetName,
      prompter,
      resourcesDir,
      force,
      signal,
    });
    if (removed.ok) {
      this.detach();
      this.setAgent({ state: 'not-installed', recording: false });
    }
    return removed;
  }

  private async look(signal?: AbortSignal): Promise<Result<TargetFacts>> {
    const connected = await this.link.connect(signal);
    return connected.ok ? lookAt(this.link, signal) : connected;
  }

  /** Goes on renewing a recording that this app began before it was restarted. */
  keepRecording(): void {
    void this.watch?.keepLease(recordingLeaseSeconds); // shown by the state
  }

  /** When the agent that is followed began, Unix milliseconds; what tells one recording from the next. */
  get recordingStartedAtMs(): number | undefined {
    return this.watch?.renewing === true ? this.watch.state.status?.startedAtMs : undefined;
  }

  /** Connects if need be, and looks. */
  async test(signal?: AbortSignal): Promise<Result<TestReport>> {
    const beganAt = performance.now();
    const connected = await this.link.connect(signal);
    if (!connected.ok) return connected;
    const connectMs = performance.now() - beganAt;
    const facts = await lookAt(this.link, signal);
    if (!facts.ok) return facts;
    const { kernelName, kernel, machine, rights } = facts.value;
    const possible = agentPossible(facts.value);
    const how =
      rights === 'sudo-password'
        ? 'The agent can be started; sudo will ask for a password.'
        : 'The agent can be started.';
    return ok({
      latencyMs: this.link.state.latencyMs ?? (this.link.kind === 'local' ? 0 : connectMs),
      system: `${kernelName} ${kernel} ${machine}`,
      agent: { possible: possible.ok, message: possible.ok ? how : possible.failure.message },
    });
  }

  async services(source: SourceKind, range: Range, signal?: AbortSignal): Promise<Result<readonly ServiceRow[]>> {
    if (source === 'pyroscope') {
      const client = this.pyroscopeClient();
      return client.ok ? pyroscopeServices(client.value, range, signal) : client;
    }
    if (this.watch !== undefined) return agentServices(this.watch.connection, range, signal);
    if (!this.connected() || this.facts === undefined) return this.notRunning();
    const containers = await listContainers(this.link, this.facts.uid, signal);
    return containers.ok ? ok(containerRows(containers.value)) : containers;
  }

  /** How far samples can be believed: the agent judges its own. */
  async trust(selection: Selection, signal?: AbortSignal): Promise<Result<Trust>> {
    if (selection.source === 'pyroscope') {
      return fail(
        'unsupported',
        'Only our agent counts what became of each sample: choose its own store as the source.',
      );
    }
    if (this.watch === undefined) return this.notRunning();
    return agentTrust(this.watch.connection, selection, signal);
  }

  async profileTypes(source: SourceKind, range: Range, signal?: AbortSignal): Promise<Result<readonly string[]>> {
    const client = this.source(source);
    return client.ok ? client.value.profileTypes(range, signal) : client;
  }

  async timeline(source: SourceKind, query: Query, stepMs: number, signal?: AbortSignal): Promise<Result<Timeline>> {
    const client = this.source(source);
    return client.ok ? timeline(client.value, asAsked(source, query), stepMs, signal) : client;
  }

  /** The merged profile: bytes of a pprof, plain or gzip. */
  async fetch(selection: Selection, signal?: AbortSignal): Promise<Result<Uint8Array>> {
    const client = this.source(selection.source);
    return client.ok ? client.value.mergeProfile(asAsked(selection.source, selection), signal) : client;
  }

  dispose(): void {
    this.disposed = true;
    this.operation?.abort();
    this.detach();
    this.unsubscribe();
    this.querier?.dispose();
    this.link.dispose();
  }

  private makeLink(): Link {
    const { config, options } = this;
    const link =
      config.kind === 'local'
        ? new LocalLink()
        : new SshLink({ config, prompter: options.prompter, hostKeys: options.hostKeys });
    let wasLost = false;
    this.unsubscribe = link.onState((state) => {
      if (state.state === 'reconnecting') {
        wasLost = true;
        this.detach();
        this.agent = { state: 'unknown', recording: false, message: 'Waiting for the connection.' };
      } else if (state.state === 'connected' && wasLost) {
        wasLost = false;
        void this.detect(); // shown by the state
      } else if (state.state === 'failed') this.agent = { state: 'unknown', recording: false };
      this.changed();
    });
    return link;
  }

  private get targetName(): string {
    return this.config.kind === 'local' ? 'this computer' : this.config.host;
  }

  private async start(kind: 'continuous' | 'recording', signal: AbortSignal): Promise<Result<null>> {
    const connected = await this.link.connect(signal);
    if (!connected.ok) return connected;
    const seen = this.watch === undefined ? await this.detect(signal) : undefined;
    const running = this.watch?.state;
    const recording = kind === 'recording';
    // A recording has what it needs when an agent runs and is held; a continuous agent is more than a leased one.
    if (running?.state === 'profiling' && (recording || running.status?.leaseExpiresAtMs === 0)) {
      if (recording) await this.watch?.keepLease(recordingLeaseSeconds);
      return ok(null);
    }
    const started = await startAgent({
      link: this.link,
      targetId: this.config.id,
      targetName: this.targetName,
      prompter: this.options.prompter,
      resourcesDir: this.options.resourcesDir,
      ...(recording ? { lease: { seconds: recordingLeaseSeconds, holder: this.holder } } : {}),
      windowSeconds: this.options.windowSeconds,
      facts: seen,
      onStep: (step) => {
        this.setAgent({ state: 'starting', recording, step, message: step.text });
      },
      signal,
    });
    if (!started.ok) return started;
    this.facts = started.value.facts;
    const place = { socket: started.value.socket, bridge: [started.value.path, 'bridge'] };
    // What was recorded goes on by itself now.
    if (!recording && this.watch?.renewing === true) await this.watch.release();
    this.detach();
    const attached = await this.attach(place, signal);
    if (attached.ok && recording) await this.watch?.keepLease(recordingLeaseSeconds);
    return attached;
  }

  /** Looks at the target and for an agent that runs already; answers what it saw. */
  private async detect(signal?: AbortSignal): Promise<TargetFacts | undefined> {
    const facts = await lookAt(this.link, signal);
    if (!facts.ok) {
      this.setAgent({ state: 'unknown', recording: false, message: facts.failure.message });
      return undefined;
    }
    this.facts = facts.value;
    const path = facts.value.installed.at(-1);
    const place = {
      socket: agentSocket(facts.value.uid, this.options.runDirectory),
      bridge: path === undefined ? undefined : [path, 'bridge'],
    };
    const attached = await this.attach(place, signal);
    if (attached.ok || this.operation !== undefined) return facts.value;
    const { code, message } = attached.failure;
    if (code === 'agent-not-running') {
      this.setAgent({ state: path === undefined ? 'not-installed' : 'stopped', recording: false });
    } else this.setAgent({ state: 'unknown', recording: false, message });
    return facts.value;
  }

  private async attach(
    place: { readonly socket: string; readonly bridge: readonly string[] | undefined },
    signal?: AbortSignal,
  ): Promise<Result<null>> {
    const opened = await AgentWatch.open(
      this.link,
      place,
      this.holder,
      {
        onState: (state) => {
          this.setAgent(state);
        },
        onWindow: (endMs) => {
          this.options.onWindow?.(endMs);
        },
        onClosed: (said) => {
          void this.reattach(place, said); // shown by the state
        },
      },
      signal,
    );
    if (!opened.ok) return opened;
    if (this.disposed) {
      opened.value.dispose();
      return fail('cancelled', 'Cancelled.');
    }
    // Two may have looked at once, as a reconnected link and a start: the first would go on renewing unseen.
    const before = this.watch;
    this.watch = opened.value;
    if (before?.renewing === true) void this.watch.keepLease(recordingLeaseSeconds); // shown by the state
    before?.dispose();
    const { pyroscope } = this.config;
    if (pyroscope?.push === true && opened.value.state.status?.push.url !== pyroscope.url)
      await this.push(pyroscope.url);
    return ok(null);
  }

  /** What became of an agent that was told to end. */
  private ended(watch: AgentWatch, stopped: Result<null>): void {
    if (!stopped.ok) {
      // That others record is asked about; it is no trouble of the agent's.
      const said = stopped.failure.code === 'agent-in-use' ? {} : { message: stopped.failure.message };
      this.setAgent({ ...watch.state, ...said });
    } else if (this.watch === watch) {
      this.detach();
      this.setAgent({ state: 'stopped', recording: false });
    }
  }

  /** The connection to the agent ended: it stopped, or only the connection did. */
  private async reattach(place: Parameters<TargetSession['attach']>[0], said: AgentState): Promise<void> {
    const wasRenewing = this.watch?.renewing === true;
    this.detach();
    if (!this.connected()) return; // detected anew when the link is back
    for (const delayMs of said.state === 'stopping' ? [] : reattachDelaysMs) {
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      if (this.disposed || !this.connected() || this.watch !== undefined) return;
      if ((await this.attach(place)).ok) {
        if (wasRenewing) this.keepRecording();
        return;
      }
    }
    if (this.disposed || this.operation !== undefined) return;
    const unexpected = said.state !== 'stopping' && this.agent.state !== 'stopping';
    this.setAgent({
      state: 'stopped',
      recording: false,
      ...(unexpected ? { message: 'The agent ended by itself; /var/lib/pyrometer/agent.log there says why.' } : {}),
    });
  }

  private source(kind: SourceKind): Result<QuerierClient> {
    if (kind === 'pyroscope') return this.pyroscopeClient();
    return this.watch === undefined
      ? this.notRunning()
      : ok(new QuerierClient(this.watch.connection.http, 'The agent'));
  }

  private pyroscopeClient(): Result<QuerierClient> {
    const { pyroscope } = this.config;
    if (pyroscope === undefined) return fail('not-found', 'No Pyroscope address is set for this target: set one.');
    const link = pyroscope.reach === 'tunnel' && this.config.kind === 'ssh' ? this.link : undefined;
    if (link !== undefined && !this.connected()) {
      return fail('not-connected', `Pyroscope is reached through ${this.targetName}: connect first.`);
    }
    this.querier ??= new QuerierClient(
      new Http1Transport(pyroscope.url, link),
      `Pyroscope at ${new URL(pyroscope.url).host}`,
    );
    return ok(this.querier);
  }

  private async applyPyroscope(before: PyroscopeConfig | undefined): Promise<void> {
    this.querier?.dispose();
    this.querier = undefined;
    const { pyroscope } = this.config;
    this.pyroscope = { state: pyroscope === undefined ? 'none' : 'unknown' };
    if (pyroscope?.push === true) await this.push(pyroscope.url);
    else if (before?.push === true) await this.push('');
    await this.checkPyroscope();
  }

  private async checkPyroscope(): Promise<void> {
    const { pyroscope } = this.config;
    if (pyroscope === undefined) return;
    const client = this.pyroscopeClient();
    if (!client.ok) return; // asked again when the link is there
    const now = Date.now();
    const types = await client.value.profileTypes({ startMs: now - 3_600_000, endMs: now });
    if (this.disposed || this.config.pyroscope !== pyroscope) return;
    this.pyroscope = types.ok ? { state: 'ok' } : { state: 'failed', message: types.failure.message };
    this.changed();
  }

  private async push(url: string): Promise<void> {
    const set = await this.watch?.setPush(url);
    if (set?.ok === false) {
      this.pyroscope = { state: 'failed', message: `The agent does not push: ${set.failure.message}` };
      this.changed();
    }
  }

  private connected(): boolean {
    return this.link.state.state === 'connected';
  }

  private detach(): void {
    this.watch?.dispose();
    this.watch = undefined;
    // Its streams may belong to a link that is gone.
    this.querier?.dispose();
    this.querier = undefined;
  }

  private setAgent(state: AgentState): void {
    this.agent = state;
    this.changed();
  }

  private changed(): void {
    if (!this.disposed) this.options.onChange(this.state);
  }

  private notRunning(): { ok: false; failure: Failure } {
    return fail('agent-not-running', `No agent runs on ${this.targetName}: press Record or Start agent.`);
  }
}

function failed(failure: Failure): AgentState {
  return { state: 'failed', recording: false, ...failureWords(failure) };
}

/** An agent is asked for CPU time that it sampled itself, unless the selection names what was pushed into it. */
function asAsked<T extends Query>(source: SourceKind, query: T): T {
  const own = source === 'agent' && query.profileType === cpuProfileType;
  return own ? { ...query, selector: sampledOnly(query.selector) } : query;
}

/** The part of a configuration that a connection is made with. */
function connectionOf(config: TargetConfig): unknown {
  if (config.kind === 'local') return config.kind;
  const { host, port, user, authentication, jumps } = config;
  return { host, port, user, authentication, jumps };
}

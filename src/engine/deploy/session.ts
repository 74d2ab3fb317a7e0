import { randomUUID } from 'node:crypto';
import type { LogLines } from '../../contract/agent-log.js';
import type { Check, CheckId } from '../../contract/check.js';
import type { LabelValues, ServiceRow, TestReport, Timeline, Turnovers, WindowsCost } from '../../contract/links.js';
import type { Receipt } from '../../contract/receipt.js';
import { defaultPySpyOptions, type PySpyRequest } from '../../contract/pyspy.js';
import { isEverything, type Naming, type Running } from '../../contract/profiled.js';
import { pushUrl, type PushState } from '../../contract/push.js';
import { fail, ok, type Failure, type Result } from '../../contract/result.js';
import { cpuProfileType, type Selection, type SourceKind } from '../../contract/selection.js';
import type { Leftover, PyroscopeConfig, Remainder, TargetConfig, TargetState } from '../../contract/target.js';
import type { Trust } from '../../contract/trust.js';
import type { Verification, VerifyProgress } from '../../contract/verify.js';
import { agentProcesses } from '../agent/processes.js';
import { agentTrust } from '../agent/trust.js';
import { agentWindows } from '../agent/windows.js';
import { containerRows, listContainers } from '../docker/containers.js';
import type { HostKeys } from '../link/host-keys.js';
import type { Link } from '../link/link.js';
import { LocalLink } from '../link/local-link.js';
import type { Prompter } from '../link/prompter.js';
import { SshLink } from '../link/ssh-link.js';
import { QuerierClient, type Query, type Range } from '../pyroscope/querier-client.js';
import { sampledOnly } from '../pyroscope/selectors.js';
import { PySpyLife } from '../pyspy/pyspy-life.js';
import { sliceSeconds } from '../pyspy/recording.js';
import { SliceCache } from '../pyroscope/slices.js';
import { labelValues, sourceTurnovers } from '../pyroscope/source-changes.js';
import { pyroscopeServices, timeline } from '../pyroscope/source-views.js';
import { verifyService } from '../verify/verify.js';
import { AgentLife } from './agent-life.js';
import { defaultLease, type LeaseHolder, type LeaseTimes } from './agent-watch.js';
import { runCheck } from './checks/run-check.js';
import { Turns } from './checks/turns.js';
import { agentPossible, lookAt, type TargetFacts } from './facts.js';
import { Elevator } from './elevate.js';
import { agentLog, followLog } from './follow-log.js';
import { findLeftovers } from './leftovers.js';
import { PyroscopeAccess } from './pyroscope-access.js';
import { removeLeftovers } from './remove-leftovers.js';
import { NotingLink } from './receipt/noting-link.js';
import { ReceiptBook } from './receipt/receipt-book.js';
import { agentServices } from './sources.js';

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
  /** How recordings are held; default: ten minutes, and windows stay for a day. */
  readonly lease?: LeaseTimes | undefined;
  /** Where windows are kept that are recorded without an agent; undefined: in memory. */
  readonly windowsDir?: string | undefined;
  readonly onChange: (state: TargetState) => void;
  /** A window is in the engine's store; Unix milliseconds of its end. */
  readonly onWindow?: (endMs: number) => void;
}

/** A server allows ten sessions unless it is told otherwise, and an agent's bridge and a view need some, too. */
const checksAtOnce = 5;

/** All that goes on with one target: its link, its agent, its sources. The links process and the command line use it. */
export class TargetSession {
  readonly agent: AgentLife;
  /** Records instead of the agent where that cannot run. */
  readonly pyspy: PySpyLife;
  private readonly options: SessionOptions;
  private readonly pyroscope: PyroscopeAccess;
  private config: TargetConfig;
  private link: Link;
  private readonly book = new ReceiptBook();
  private readonly checkTurns = new Turns(checksAtOnce);
  private slices = new SliceCache();
  private disposed = false;
  private unsubscribe: () => void = () => undefined;

  constructor(options: SessionOptions) {
    this.options = options;
    this.config = options.config;
    const shared = {
      targetName: () => this.targetName,
      link: () => this.link,
      onChange: () => {
        this.changed();
      },
    };
    this.pyroscope = new PyroscopeAccess({
      ...shared,
      targetId: options.config.id,
      config: options.config.pyroscope,
      prompter: options.prompter,
    });
    this.agent = new AgentLife({
      ...shared,
      targetId: options.config.id,
      prompter: options.prompter,
      resourcesDir: options.resourcesDir,
      holder: options.holder ?? { id: randomUUID(), description: 'a recording' },
      lease: options.lease ?? defaultLease,
      windowSeconds: options.windowSeconds,
      debuginfod: () => (this.config.kind === 'ssh' ? this.config.debuginfod : undefined),
      atBoot: () => this.config.kind === 'ssh' && this.config.startsAtBoot === true,
      runDirectory: options.runDirectory,
      onWindow: (endMs) => options.onWindow?.(endMs),
      onAttached: async ({ status }) => {
        const wanted = this.config.pyroscope;
        const pushes = status?.pushes ?? [];
        // One that is there may have credentials, which this app does not know.
        if (wanted?.push === true && !pushes.some((each) => isPushTo(wanted, each))) await this.push(wanted);
      },
    });
    this.pyspy = new PySpyLife({
      ...shared,
      targetId: options.config.id,
      prompter: options.prompter,
      resourcesDir: options.resourcesDir,
      windowsDir: options.windowsDir,
      pyroscope: {
        pushedTo: () => (this.config.pyroscope?.push === true ? this.config.pyroscope : undefined),
        client: () => this.pyroscope.pusher(),
        onPush: (error) => {
          if (error !== '') this.pyroscope.notPushed(error, 'py-spy');
          else if (this.pyroscope.state.state === 'failed') void this.pyroscope.check(); // shown by the state
        },
      },
      onWindow: (endMs) => options.onWindow?.(endMs),
    });
    this.link = this.makeLink();
  }

  get state(): TargetState {
    return {
      config: this.config,
      link: this.link.state,
      agent: this.pyspy.chosen ? this.pyspy.state : this.agent.state,
      pyroscope: this.pyroscope.state,
    };
  }

  /** The link as it is now; another one after `disconnect`. */
  get currentLink(): Link {
    return this.link;
  }

  /** Connects and looks for a running agent. */
  async connect(signal?: AbortSignal): Promise<Result<null>> {
    const connected = await this.link.connect(signal);
    if (!connected.ok) return connected;
    if (this.agent.connection === undefined) await this.detect(signal);
    void this.pyroscope.check(); // shown by the state
    return ok(null);
  }

  /** Begins a recording with the engine of this target; `request` is for py-spy. */
  async startRecording(request?: PySpyRequest, signal?: AbortSignal): Promise<Result<null>> {
    if (!this.pyspy.chosen) {
      const started = await this.agent.start('recording', signal);
      if (!started.ok) await this.chooseAfter(started.failure, signal);
      return started;
    }
    return this.pyspy.start(request ?? { service: null, options: defaultPySpyOptions }, signal);
  }

  /** Ends this app's recording. */
  stopRecording(): Promise<Result<null>> {
    return this.pyspy.chosen ? this.pyspy.stop() : this.agent.stopRecording();
  }

  /** Leaves the target; an agent there goes on, a recording until its lease ends. */
  disconnect(): void {
    this.agent.abort();
    this.leave();
    this.unsubscribe();
    this.link.dispose();
    this.link = this.makeLink();
    this.changed();
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

  /** Asks the target's Pyroscope again, and the user first for what it wants to know. */
  async checkPyroscope(): Promise<void> {
    await this.pyroscope.check();
  }

  /** What of ours lies on the target; connects if need be. */
  async leftovers(signal?: AbortSignal): Promise<Result<readonly Leftover[]>> {
    const facts = await this.look(signal);
    if (!facts.ok) return facts;
    const found = await findLeftovers(this.link, facts.value, signal);
    return found.ok ? ok(found.value.leftovers) : found;
  }

  /**
   * Stops the agent, removes all that we put on the target, and answers what remains. "agent-in-use" while others record,
   * unless forced.
   */
  async removeLeftovers(force: boolean, signal?: AbortSignal): Promise<Result<readonly Remainder[]>> {
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
    if (removed.ok && !removed.value.some(({ kind }) => kind === 'process' || kind === 'binary')) this.agent.removed();
    return removed;
  }

  /** Follows the agent's log until `signal` ends it; asks for a password where root needs one. */
  async followLog(onLines: (lines: LogLines) => void, signal: AbortSignal): Promise<Result<null>> {
    const facts = await this.look(signal);
    if (!facts.ok) return facts;
    const elevator = new Elevator({
      link: this.link,
      facts: facts.value,
      prompter: this.options.prompter,
      targetId: this.config.id,
      targetName: this.targetName,
      purpose: { why: 'Only root may read the log of the agent.', keptUntil: 'the log is closed' },
    });
    try {
      return await followLog(elevator, { path: agentLog, lines: 500, onLines, signal });
    } finally {
      elevator.dispose();
    }
  }

  /** All that was run and written on the target since this session began. */
  receipt(): Receipt {
    return this.book.receipt(this.config.name);
  }

  /** Looks at one thing that an agent needs; connects if need be. Changes nothing. */
  async check(id: CheckId, signal?: AbortSignal): Promise<Result<Check>> {
    const connected = await this.link.connect(signal);
    if (!connected.ok) return connected;
    const surroundings = { targetName: this.targetName, resourcesDir: this.options.resourcesDir };
    return this.checkTurns.run(() => runCheck(this.link, id, surroundings, signal));
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
      const client = this.pyroscope.client();
      return client.ok ? pyroscopeServices(client.value, range, signal) : client;
    }
    if (this.pyspy.chosen) return this.pyspy.services(range);
    const { connection, facts } = this.agent;
    if (connection !== undefined) return agentServices(connection, range, this.profilesPart, signal);
    if (this.link.state.state !== 'connected' || facts === undefined) return this.agent.notRunning();
    const containers = await listContainers(this.link, facts.uid, signal);
    return containers.ok ? ok(containerRows(containers.value)) : containers;
  }

  private get profilesPart(): boolean {
    const choice = this.agent.state.status?.choice;
    return choice !== undefined && !isEverything(choice);
  }

  /** What runs there, by the agent's account. */
  async processes(proposed: Naming | undefined, signal?: AbortSignal): Promise<Result<Running>> {
    const { connection } = this.agent;
    return connection === undefined ? this.agent.notRunning() : agentProcesses(connection, proposed, signal);
  }

  /** How far samples can be believed: the agent judges its own. */
  async trust(selection: Selection, signal?: AbortSignal): Promise<Result<Trust>> {
    if (selection.source === 'pyroscope') {
      return fail(
        'unsupported',
        'Only our agent counts what became of each sample: choose its own store as the source.',
      );
    }
    if (this.pyspy.chosen) return fail('unsupported', 'py-spy counts what it could not read, and nothing beyond that.');
    const { connection } = this.agent;
    return connection === undefined ? this.agent.notRunning() : agentTrust(connection, selection, signal);
  }

  /** Runs py-spy beside the agent on a Python service, and tells how well the two agree. */
  async verify(
    service: string,
    seconds: number,
    onProgress: (progress: VerifyProgress) => void,
    signal?: AbortSignal,
  ): Promise<Result<Verification>> {
    const { connection, state } = this.agent;
    if (connection === undefined || this.pyspy.chosen) return this.agent.notRunning();
    const docker = await this.pyspy.docker(signal);
    if (!docker.ok) return docker;
    const clockAheadMs = state.status?.clockAheadMs ?? 0;
    const { resourcesDir } = this.options;
    return verifyService({
      agent: connection,
      docker: docker.value,
      resourcesDir,
      service,
      seconds,
      clockAheadMs,
      onProgress,
      signal,
    });
  }

  async profileTypes(source: SourceKind, range: Range, signal?: AbortSignal): Promise<Result<readonly string[]>> {
    if (this.byPySpy(source)) return ok(await this.pyspy.profileTypes(range));
    const client = this.source(source);
    return client.ok ? client.value.profileTypes(range, signal) : client;
  }

  async timeline(source: SourceKind, query: Query, stepMs: number, signal?: AbortSignal): Promise<Result<Timeline>> {
    if (this.byPySpy(source)) return this.pyspy.timeline(query, stepMs);
    const client = this.source(source);
    return client.ok ? timeline(client.value, asAsked(source, query), stepMs, signal) : client;
  }

  /** Labels that tell parts of a selection apart. Those of py-spy's samples cannot be selected by. */
  async labels(selection: Selection, signal?: AbortSignal): Promise<Result<readonly LabelValues[]>> {
    const { source } = selection;
    if (this.byPySpy(source)) return ok([]);
    const client = this.source(source);
    return client.ok ? labelValues(client.value, asAsked(source, selection), signal) : client;
  }

  /** Deploys and restarts in a selection. */
  async turnovers(selection: Selection, signal?: AbortSignal): Promise<Result<Turnovers>> {
    const { source } = selection;
    if (this.byPySpy(source)) return ok({ stepMs: 0, turnovers: [] });
    const client = this.source(source);
    return client.ok ? sourceTurnovers(client.value, asAsked(source, selection), signal) : client;
  }

  /** The merged profile: bytes of a pprof, plain or gzip. */
  async fetch(selection: Selection, signal?: AbortSignal): Promise<Result<Uint8Array>> {
    if (this.byPySpy(selection.source)) return this.pyspy.fetch(selection);
    const client = this.source(selection.source);
    return client.ok ? client.value.mergeProfile(asAsked(selection.source, selection), signal) : client;
  }

  /** What it takes to have a selection's windows: an agent answers them as such. */
  windowsCost(selection: Selection): WindowsCost {
    if (selection.source === 'pyroscope') return this.slices.cost(selection);
    const usual = this.byPySpy(selection.source) ? sliceSeconds : 15;
    const windowMs = (this.state.agent.status?.windowSeconds ?? usual) * 1000;
    return { windows: Math.floor((selection.endMs - selection.startMs) / windowMs), requests: 0, windowMs };
  }

  /** A selection window by window: what comparisons measure with. */
  async windows(
    selection: Selection,
    onWindows: (done: number) => void,
    signal?: AbortSignal,
  ): Promise<Result<{ readonly bytes: Uint8Array; readonly windows: number }>> {
    if (this.byPySpy(selection.source)) return this.pyspy.windows(selection, onWindows);
    const query = asAsked(selection.source, selection);
    if (selection.source === 'agent') {
      const { connection } = this.agent;
      return connection === undefined ? this.agent.notRunning() : agentWindows(connection, query, onWindows, signal);
    }
    const client = this.pyroscope.client();
    return client.ok ? this.slices.windows(client.value, query, onWindows, signal) : client;
  }

  dispose(): void {
    this.disposed = true;
    this.agent.dispose();
    this.pyspy.dispose();
    this.unsubscribe();
    this.pyroscope.dispose();
    this.link.dispose();
  }

  private makeLink(): Link {
    const { config, options } = this;
    const plain =
      config.kind === 'local'
        ? new LocalLink()
        : new SshLink({ config, prompter: options.prompter, hostKeys: options.hostKeys });
    const link = new NotingLink(plain, this.book);
    let wasLost = false;
    this.unsubscribe = link.onState((state) => {
      if (state.state === 'reconnecting') {
        wasLost = true;
        this.leave('Waiting for the connection.');
      } else if (state.state === 'connected' && wasLost) {
        wasLost = false;
        void this.detect(); // shown by the state
      } else if (state.state === 'failed') this.leave();
      this.changed();
    });
    return link;
  }

  private get targetName(): string {
    return this.config.kind === 'local' ? 'this computer' : this.config.host;
  }

  private leave(message?: string): void {
    this.agent.leave(message);
    this.pyspy.leave(message !== undefined);
    this.pyroscope.drop();
  }

  /** Looks at the target and for a running agent, and chooses the engine. */
  private async detect(signal?: AbortSignal): Promise<void> {
    const facts = await this.agent.detect(signal);
    if (facts === undefined) return;
    const possible = agentPossible(facts);
    const runs = this.agent.connection !== undefined;
    await this.pyspy.choose(facts, runs || possible.ok ? undefined : possible.failure, signal);
    this.changed();
  }

  /** That rights or eBPF are missing is known for certain only when the agent was to start. */
  private async chooseAfter(failure: Failure, signal?: AbortSignal): Promise<void> {
    const { facts } = this.agent;
    if (facts === undefined || (failure.code !== 'no-sudo' && failure.code !== 'no-ebpf')) return;
    await this.pyspy.choose(facts, failure, signal);
    this.changed();
  }

  private byPySpy(source: SourceKind): boolean {
    return source === 'agent' && this.pyspy.chosen;
  }

  private async look(signal?: AbortSignal): Promise<Result<TargetFacts>> {
    const connected = await this.link.connect(signal);
    return connected.ok ? lookAt(this.link, signal) : connected;
  }

  private source(kind: SourceKind): Result<QuerierClient> {
    if (kind === 'pyroscope') return this.pyroscope.client();
    const { connection } = this.agent;
    return connection === undefined ? this.agent.notRunning() : ok(new QuerierClient(connection.http, 'The agent'));
  }

  private async applyPyroscope(before: PyroscopeConfig | undefined): Promise<void> {
    const { pyroscope } = this.config;
    this.pyroscope.reconfigure(pyroscope);
    this.slices = new SliceCache(); // another server has other profiles
    const wanted = pyroscope?.push === true ? pyroscope : undefined;
    if (wanted !== undefined) await this.push(wanted);
    this.pyspy.push();
    if (before?.push === true && (wanted === undefined || !isSamePlace(wanted, before))) {
      this.pushed(await this.agent.removePush(before.url, before.tenant ?? ''));
    }
    await this.pyroscope.check();
  }

  private async push({ url, tenant = '' }: PyroscopeConfig): Promise<void> {
    const authentication = await this.pyroscope.authentication();
    if (authentication === undefined) this.pyroscope.notPushed('it was not told how to prove who it is.');
    else this.pushed(await this.agent.setPush({ url, tenant, authentication, caPem: '' }));
  }

  /** An agent that does not run pushes nowhere; when it comes it is told. */
  private pushed(set: Result<null>): void {
    if (!set.ok && set.failure.code !== 'agent-not-running') this.pyroscope.notPushed(set.failure.message);
  }

  private changed(): void {
    if (!this.disposed) this.options.onChange(this.state);
  }
}

/** Whether the agent pushes to a server, under its tenant. */
function isPushTo({ url, tenant = '' }: PyroscopeConfig, push: PushState): boolean {
  return push.url === pushUrl(url) && push.tenant === tenant;
}

function isSamePlace(one: PyroscopeConfig, other: PyroscopeConfig): boolean {
  return pushUrl(one.url) === pushUrl(other.url) && one.tenant === other.tenant;
}

/** An agent is asked for CPU time that it sampled itself, unless the selection names what was pushed into it. */
function asAsked<T extends Query>(source: SourceKind, query: T): T {
  const own = source === 'agent' && query.profileType === cpuProfileType;
  return own ? { ...query, selector: sampledOnly(query.selector) } : query;
}

/** The part of a configuration that a connection is made with. */
function connectionOf(config: TargetConfig): unknown {
  if (config.kind === 'local') return config.kind;
  const { host, port, user, authentication, jumps, openssh } = config;
  return { host, port, user, authentication, jumps, openssh };
}

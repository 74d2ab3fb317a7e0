import { randomUUID } from 'node:crypto';
import type { LogLines } from '../../contract/agent-log.js';
import type { Check, CheckId } from '../../contract/check.js';
import type { TestReport } from '../../contract/links.js';
import type { Receipt } from '../../contract/receipt.js';
import { defaultPySpyOptions, type PySpyRequest, type PythonProcess } from '../../contract/pyspy.js';
import type { Naming, Running } from '../../contract/profiled.js';
import { pushUrl, type PushState } from '../../contract/push.js';
import { fail, ok, type Failure, type Result } from '../../contract/result.js';
import type { Leftover, PyroscopeConfig, Remainder, TargetConfig, TargetState } from '../../contract/target.js';
import type { Verification, VerifyProgress } from '../../contract/verify.js';
import type { CountedWork, WorkCounter, WorkRange } from '../../contract/work-counter.js';
import { agentProcesses } from '../agent/processes.js';
import { TargetCode } from '../code/target-code.js';
import { EngineLink } from '../docker/engine-link.js';
import { parseHost } from '../docker/find-docker.js';
import type { HostKeys } from '../link/host-keys.js';
import type { Link } from '../link/link.js';
import { LocalLink } from '../link/local-link.js';
import type { Prompter } from '../link/prompter.js';
import { SshLink } from '../link/ssh-link.js';
import { PrometheusAccess } from '../prometheus/prometheus-access.js';
import { PySpyLife } from '../pyspy/pyspy-life.js';
import { verifyService } from '../verify/verify.js';
import { AgentLife } from './agent-life.js';
import { defaultLease, type LeaseHolder, type LeaseTimes } from './agent-watch.js';
import { AgentCarrier } from './carry/agent-carrier.js';
import { runCheck } from './checks/run-check.js';
import { Turns } from './checks/turns.js';
import { agentPossible, lookAt, type TargetFacts } from './facts.js';
import { Elevator } from './elevate.js';
import { agentLog, followLog } from './follow-log.js';
import { findLeftovers } from './leftovers.js';
import { PyroscopeAccess } from './pyroscope-access.js';
import { removeLeftovers } from './remove-leftovers.js';
import { NotingLink, noteCommand } from './receipt/noting-link.js';
import { ReceiptBook } from './receipt/receipt-book.js';
import { RootAccess } from './root/root-access.js';
import { SessionSources } from './session-sources.js';

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
  /** Whose what py-spy leaves on this target is; the same for each run of an app. Default: a name that nobody had before. */
  readonly owner?: string | undefined;
  /** Where windows are kept that are recorded without an agent; undefined: in memory. */
  readonly windowsDir?: string | undefined;
  /** Whether the system's ssh can share a connection; default: not on Windows. */
  readonly sshShares?: boolean | undefined;
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
  /** What profiles of this target are asked of. */
  readonly sources: SessionSources;
  /** Where the source files of its profiles are read. */
  readonly code: TargetCode;
  private readonly options: SessionOptions;
  private readonly pyroscope: PyroscopeAccess;
  private readonly prometheus: PrometheusAccess;
  private config: TargetConfig;
  private link: Link;
  private readonly book = new ReceiptBook();
  private readonly root: RootAccess;
  private readonly checkTurns = new Turns(checksAtOnce);
  private disposed = false;
  private unsubscribe: () => void = () => undefined;

  constructor(options: SessionOptions) {
    this.options = options;
    this.config = options.config;
    this.root = new RootAccess({
      resourcesDir: options.resourcesDir,
      note: (argv) => noteCommand(this.book, argv),
    });
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
    this.prometheus = new PrometheusAccess({
      ...shared,
      targetId: options.config.id,
      prompter: options.prompter,
    });
    this.agent = new AgentLife({
      ...shared,
      targetId: options.config.id,
      prompter: options.prompter,
      root: this.root,
      resourcesDir: options.resourcesDir,
      holder: options.holder ?? { id: randomUUID(), description: 'a recording' },
      lease: options.lease ?? defaultLease,
      windowSeconds: options.windowSeconds,
      debuginfod: () => (this.config.kind === 'ssh' ? this.config.debuginfod : undefined),
      atBoot: () => this.config.kind === 'ssh' && this.config.startsAtBoot === true,
      naming: () => this.config.naming,
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
      root: this.root,
      resourcesDir: options.resourcesDir,
      owner: options.owner ?? randomUUID(),
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
    const { agent, pyspy, pyroscope } = this;
    this.sources = new SessionSources({ agent, pyspy, pyroscope, link: shared.link });
    this.code = new TargetCode({ ...shared, labels: (selection, signal) => this.sources.labelSets(selection, signal) });
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

  /** The Python processes of a service whose memory could be recorded, where the agent is the engine. */
  async memoryProcesses(service: string, signal?: AbortSignal): Promise<Result<readonly PythonProcess[]>> {
    const running = await this.processes(undefined, signal);
    if (!running.ok) return running;
    const own = running.value.processes.filter((each) => each.service === service);
    return this.pyspy.pythonAmong(own, signal);
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

  /** Asks the user, once, for what the target's Pyroscope wants to know; false where there was no answer. */
  async logIn(): Promise<boolean> {
    return (await this.pyroscope.authentication()) !== undefined;
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
      root: this.root,
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
      root: this.root,
      purpose: { why: 'Only root may read the log of the agent.' },
    });
    return followLog(elevator, { path: agentLog, lines: 500, onLines, signal });
  }

  /** All that was run and written on the target since this session began. */
  receipt(): Receipt {
    return this.book.receipt(this.config.name);
  }

  /** Looks at one thing that an agent needs; connects if need be. Changes nothing. */
  async check(id: CheckId, signal?: AbortSignal): Promise<Result<Check>> {
    const connected = await this.link.connect(signal);
    if (!connected.ok) return connected;
    if (this.link.engine !== undefined) {
      return fail('unsupported', 'A Docker engine alone needs nothing but that it answers, which it does.');
    }
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

  /** What runs there, by the agent's account. */
  async processes(proposed: Naming | undefined, signal?: AbortSignal): Promise<Result<Running>> {
    const { connection } = this.agent;
    return connection === undefined ? this.agent.notRunning() : agentProcesses(connection, proposed, signal);
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
    const clockAheadMs = state.status?.clockAheadMs ?? 0;
    return this.pyspy.lend(
      (pythonOf) => verifyService({ agent: connection, pythonOf, service, seconds, clockAheadMs, onProgress, signal }),
      signal,
    );
  }

  /** Reads from a Prometheus, which may be reached through this target, how much work was done in two ranges. */
  countWork(
    counter: WorkCounter,
    ranges: readonly [WorkRange, WorkRange],
    signal?: AbortSignal,
  ): Promise<Result<CountedWork>> {
    return this.prometheus.count(counter, ranges, signal);
  }

  dispose(): void {
    this.disposed = true;
    this.root.leave();
    this.agent.dispose();
    this.pyspy.dispose();
    this.unsubscribe();
    this.pyroscope.dispose();
    this.prometheus.dispose();
    this.link.dispose();
  }

  private makeLink(): Link {
    const { config, options } = this;
    const link = new NotingLink(plainLink(config, options, this.book), this.book);
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
    if (this.config.kind === 'local') return 'this computer';
    return this.config.kind === 'docker' ? this.config.name : this.config.host;
  }

  /** `message`: it comes back by itself. */
  private leave(message?: string): void {
    if (message === undefined) this.root.leave();
    else this.root.cut();
    this.agent.leave(message);
    this.pyspy.leave(message !== undefined);
    this.pyroscope.drop();
  }

  /** Looks at the target and for a running agent, and chooses the engine. */
  private async detect(signal?: AbortSignal): Promise<void> {
    const facts = await (this.link.engine === undefined ? this.agent.detect(signal) : this.lookAtEngine(signal));
    if (facts === undefined) return;
    const possible = agentPossible(facts);
    const runs = this.agent.connection !== undefined;
    const refusal = possible.ok ? this.pyspy.refusedBefore : possible.failure;
    await this.pyspy.choose(facts, runs ? undefined : refusal, signal);
    this.changed();
  }

  /** There is no agent to look for. What went wrong is said when its containers are asked for. */
  private async lookAtEngine(signal?: AbortSignal): Promise<TargetFacts | undefined> {
    const facts = await lookAt(this.link, signal);
    return facts.ok ? facts.value : undefined;
  }

  /** That rights or eBPF are missing is known for certain only when the agent was to start. */
  private async chooseAfter(failure: Failure, signal?: AbortSignal): Promise<void> {
    const { facts } = this.agent;
    if (facts === undefined || (failure.code !== 'no-sudo' && failure.code !== 'no-ebpf')) return;
    await this.pyspy.choose(facts, failure, signal);
    this.changed();
  }

  private async look(signal?: AbortSignal): Promise<Result<TargetFacts>> {
    const connected = await this.link.connect(signal);
    return connected.ok ? lookAt(this.link, signal) : connected;
  }

  private async applyPyroscope(before: PyroscopeConfig | undefined): Promise<void> {
    const { pyroscope } = this.config;
    this.pyroscope.reconfigure(pyroscope);
    this.sources.forgetPyroscope();
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

function plainLink(config: TargetConfig, options: SessionOptions, book: ReceiptBook): Link {
  const { prompter, hostKeys, resourcesDir, sshShares } = options;
  if (config.kind === 'local') return new LocalLink();
  if (config.kind === 'ssh') {
    const carrier = new AgentCarrier({ resourcesDir, book });
    return new SshLink({ config, prompter, hostKeys, carrier, ...(sshShares === undefined ? {} : { sshShares }) });
  }
  // The address was checked with the configuration.
  return new EngineLink(parseHost(config.address) ?? { kind: 'unix', path: '/nowhere' }, config.certificates);
}

/** The part of a configuration that a connection is made with. */
function connectionOf(config: TargetConfig): unknown {
  if (config.kind === 'local') return config.kind;
  if (config.kind === 'docker') return { address: config.address, certificates: config.certificates };
  const { host, port, user, authentication, jumps, openssh } = config;
  return { host, port, user, authentication, jumps, openssh };
}

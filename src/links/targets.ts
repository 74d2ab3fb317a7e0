import { join } from 'node:path';
import type { LinksEvents, TestReport } from '../contract/links.js';
import { fail, ok, type Result } from '../contract/result.js';
import type { DockerTargetConfig, TargetConfig, TargetState } from '../contract/target.js';
import { checkPyroscope } from '../engine/deploy/check-pyroscope.js';
import { Turns } from '../engine/deploy/checks/turns.js';
import { TargetSession } from '../engine/deploy/session.js';
import { otherEngines } from '../engine/docker/other-engines.js';
import { HostKeys } from '../engine/link/host-keys.js';
import { LocalLink } from '../engine/link/local-link.js';
import type { KeptRecording } from '../engine/pyspy/kept-recording.js';
import type { TargetsStore } from '../engine/link/targets-store.js';
import type { Emit, Prompts } from './prompts.js';
import type { Found, Resume } from './resume.js';
import { TargetTunnels } from './target-tunnels.js';

export interface TargetsOptions {
  readonly store: TargetsStore;
  readonly prompts: Prompts;
  readonly emit: Emit;
  /** A new window of a target is in its store. */
  readonly onWindow: (window: LinksEvents['window.stored']) => void;
  readonly resume: Resume;
  readonly dataDir: string;
  readonly resourcesDir: string;
  /** Whether this computer can be profiled: on Linux and macOS. */
  readonly localTarget: boolean;
}

const thisComputer: TargetConfig = { kind: 'local', id: 'local', name: 'This computer' };

/** Every saved target with what goes on with it. This computer is always among them, first. */
export class Targets {
  private readonly options: TargetsOptions;
  private readonly hostKeys: HostKeys;
  private readonly sessions = new Map<string, TargetSession>();
  /** Windows change one target at once: each change begins with what the one before left. */
  private readonly changes = new Turns(1);
  readonly tunnels: TargetTunnels;
  private begun: Promise<void> = Promise.resolve();
  /** The look for engines that goes on. */
  private looking: Promise<void> | undefined;
  private disposed = false;

  constructor(options: TargetsOptions) {
    this.options = options;
    this.hostKeys = new HostKeys(join(options.dataDir, 'known_hosts'));
    this.tunnels = new TargetTunnels({
      find: (targetId) => this.find(targetId),
      change: (targetId, change) => this.change(targetId, change),
      onChange: (targetId, tunnels) => {
        options.emit('tunnels.changed', { targetId, tunnels });
      },
    });
    const saved = options.store.list();
    if (options.localTarget) this.add(saved.find((config) => config.kind === 'local') ?? thisComputer);
    for (const config of saved) if (config.kind !== 'local' && !isHidden(config)) this.add(config);
  }

  /**
   * Connects to this computer, and to what was connected before this process was ended from outside. Then Docker engines of other
   * machines that this computer reaches join the list; those in virtual machines on it are connected to.
   */
  begin(): Promise<void> {
    this.begun = this.comeBack();
    return this.begun;
  }

  private async comeBack(): Promise<void> {
    const before = await this.options.resume.load();
    await Promise.all([...this.sessions].map(([id, session]) => this.bringBack(id, session, before)));
    if (this.options.localTarget) await this.addEngines(before);
  }

  private async bringBack(id: string, session: TargetSession, before: Found): Promise<void> {
    const [kept, ended] = [before.pyspy[id], before.endedPySpy[id]];
    if (kept !== undefined) session.pyspy.resume(kept);
    if (ended !== undefined) session.pyspy.endedFromOutside(ended);
    if (!isHere(session.state.config) && !before.connected.includes(id)) return;
    const connected = await session.connect();
    const beganAt = session.state.agent.status?.startedAtMs;
    if (connected.ok && beganAt !== undefined && before.recordings[id] === beganAt) session.agent.keepRecording();
  }

  /**
   * Looks again for Docker engines of other machines: one that was started meanwhile joins the list, and one that is here and
   * had gone is connected to again. `hidden`: those that were hidden join, too.
   */
  async findEngines(hidden: boolean): Promise<Result<null>> {
    if (!this.options.localTarget) return ok(null);
    // What was going on before belongs to the first look.
    await this.begun;
    if (hidden) await this.looking;
    for (const config of hidden ? this.options.store.list().filter(isHidden) : []) {
      const shown = await this.changes.run(() => this.show(config));
      if (!shown.ok) return shown;
    }
    await this.addEngines(nothingBefore);
    return ok(null);
  }

  /** Only what was set for an engine is saved of it. */
  private show(config: DockerTargetConfig): Promise<Result<unknown>> {
    if (config.pyroscope === undefined && config.naming === undefined) return this.options.store.remove(config.id);
    const shown = { ...config };
    delete shown.hidden;
    return this.keep(shown);
  }

  /** Who asks while a look goes on gets what that finds. */
  private addEngines(before: Found): Promise<void> {
    this.looking ??= this.lookForEngines(before).finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  private async lookForEngines(before: Found): Promise<void> {
    const link = new LocalLink();
    const engines = await otherEngines(link);
    link.dispose();
    const coming: Promise<unknown>[] = [];
    await this.changes.run(() => {
      const hidden = this.options.store.list().filter(isHidden);
      for (const config of this.disposed ? [] : engines) {
        const session = this.sessions.get(config.id);
        if (session !== undefined) {
          const { state } = session.state.link;
          if (isHere(config) && (state === 'failed' || state === 'disconnected')) coming.push(session.connect());
        } else if (!hidden.some(({ id }) => id === config.id)) {
          coming.push(this.bringBack(config.id, this.add(config), before));
        }
      }
      return Promise.resolve();
    });
    await Promise.all(coming);
  }

  list(): readonly TargetState[] {
    return [...this.sessions.values()].map((session) => session.state);
  }

  find(targetId: string): Result<TargetSession> {
    const session = this.sessions.get(targetId);
    return session === undefined ? fail('not-found', 'That target is not in the list any more.') : ok(session);
  }

  /**
   * Takes over what a form says. Of a target that is in the list already, tunnels, Pyroscope and naming stay: each has calls of
   * its own, and may have been changed since the form was opened.
   */
  save(config: TargetConfig): Promise<Result<TargetState>> {
    return this.changes.run(() => {
      const session = this.sessions.get(config.id);
      return this.keep(session === undefined ? config : withOthers(config, session.state.config));
    });
  }

  /** Changes the configuration of a target as it is when its turn comes. */
  change(targetId: string, change: (config: TargetConfig) => Result<TargetConfig>): Promise<Result<TargetState>> {
    return this.changes.run(async () => {
      const session = this.find(targetId);
      if (!session.ok) return session;
      const changed = change(session.value.state.config);
      return changed.ok ? this.keep(changed.value) : changed;
    });
  }

  /**
   * Takes a target out of the list. A Docker engine would be found again: it stays away until those that are hidden are asked
   * for, with what was recorded of it.
   */
  remove(targetId: string): Promise<Result<null>> {
    return this.changes.run(() => this.drop(targetId));
  }

  private async drop(targetId: string): Promise<Result<null>> {
    const session = this.find(targetId);
    if (!session.ok) return session;
    if (targetId === 'local') return fail('invalid-input', 'This computer stays in the list.');
    const { store } = this.options;
    const { config } = session.value.state;
    const isEngine = config.kind === 'docker';
    const removed = await (isEngine ? store.save({ ...config, hidden: true }) : store.remove(targetId));
    if (!removed.ok) return removed;
    this.sessions.delete(targetId);
    this.tunnels.remove(targetId);
    if (isEngine) await session.value.pyspy.stop();
    session.value.dispose();
    if (!isEngine) await session.value.pyspy.forget();
    this.options.emit('target.removed', { targetId });
    this.remember();
    return ok(null);
  }

  /** Tries a configuration that need not be saved. */
  async test(config: TargetConfig, signal: AbortSignal): Promise<Result<TestReport>> {
    const session = this.makeSession(config, () => undefined);
    try {
      return await session.test(signal);
    } finally {
      session.dispose();
    }
  }

  /**
   * Ends every recording of this app: gives its agents back, of which one that does not hear of it stops when its lease ends,
   * and lets py-spy keep what it has.
   */
  async endRecordings(): Promise<void> {
    await Promise.all(
      [...this.sessions.values()].map(async ({ agent, pyspy }) => {
        if (agent.recordingStartedAtMs !== undefined) await agent.stopRecording();
        await pyspy.stop();
      }),
    );
    await this.options.resume.flush();
  }

  dispose(): void {
    this.disposed = true;
    this.tunnels.dispose();
    for (const session of this.sessions.values()) session.dispose();
    this.sessions.clear();
  }

  private async keep(config: TargetConfig): Promise<Result<TargetState>> {
    const checked = checkPyroscope(config.pyroscope);
    if (!checked.ok) return checked;
    const saved = await this.options.store.save(config);
    if (!saved.ok) return saved;
    const session = this.sessions.get(config.id);
    if (session === undefined) return ok(this.add(config).state);
    session.reconfigure(config);
    await this.tunnels.configure(config);
    return ok(session.state);
  }

  private add(config: TargetConfig): TargetSession {
    const session = this.makeSession(config, (target) => {
      this.options.emit('target.changed', { target });
      this.remember();
      this.tunnels.follow(config.id, session);
    });
    this.sessions.set(config.id, session);
    void this.tunnels.configure(config); // opens none before the link is connected
    this.options.emit('target.changed', { target: session.state });
    return session;
  }

  private makeSession(config: TargetConfig, onChange: (state: TargetState) => void): TargetSession {
    const { prompts, resourcesDir, dataDir, onWindow, resume } = this.options;
    return new TargetSession({
      config,
      prompter: prompts,
      hostKeys: this.hostKeys,
      resourcesDir,
      holder: resume.holderOf(config.id),
      owner: resume.ownerOf(config.id),
      windowsDir: join(dataDir, 'windows', config.id),
      onChange,
      onWindow: (endMs) => {
        onWindow({ targetId: config.id, endMs });
      },
    });
  }

  private remember(): void {
    const connected: string[] = [];
    const recordings: Record<string, number> = {};
    const pyspy: Record<string, KeptRecording> = {};
    for (const [id, session] of this.sessions) {
      const { state } = session.state.link;
      if (state === 'connected' || state === 'reconnecting') connected.push(id);
      if (session.agent.recordingStartedAtMs !== undefined) recordings[id] = session.agent.recordingStartedAtMs;
      const { kept } = session.pyspy;
      if (kept !== undefined) pyspy[id] = kept;
    }
    this.options.resume.save({ connected, recordings, pyspy });
  }
}

const nothingBefore: Found = { connected: [], recordings: {}, pyspy: {}, endedPySpy: {} };

function isHidden(config: TargetConfig): config is DockerTargetConfig {
  return config.kind === 'docker' && config.hidden === true;
}

/** Whether nothing leaves this computer when it is connected to. */
function isHere(config: TargetConfig): boolean {
  return config.kind === 'local' || (config.kind === 'docker' && config.address.startsWith('unix:'));
}

/** A configuration with the parts of another one that a form does not hold. */
function withOthers(config: TargetConfig, now: TargetConfig): TargetConfig {
  const { pyroscope, naming } = now;
  return config.kind === 'ssh' && now.kind === 'ssh'
    ? { ...config, pyroscope, naming, tunnels: now.tunnels }
    : { ...config, pyroscope, naming };
}

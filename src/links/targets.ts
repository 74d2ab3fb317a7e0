import { join } from 'node:path';
import type { TestReport } from '../contract/links.js';
import { fail, ok, type Result } from '../contract/result.js';
import type { TargetConfig, TargetState } from '../contract/target.js';
import { checkPyroscope } from '../engine/deploy/check-pyroscope.js';
import { TargetSession } from '../engine/deploy/session.js';
import { HostKeys } from '../engine/link/host-keys.js';
import type { TargetsStore } from '../engine/link/targets-store.js';
import type { Emit, Prompts } from './prompts.js';
import type { Resume } from './resume.js';
import { TargetTunnels } from './target-tunnels.js';

export interface TargetsOptions {
  readonly store: TargetsStore;
  readonly prompts: Prompts;
  readonly emit: Emit;
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
  readonly tunnels: TargetTunnels;

  constructor(options: TargetsOptions) {
    this.options = options;
    this.hostKeys = new HostKeys(join(options.dataDir, 'known_hosts'));
    this.tunnels = new TargetTunnels({
      find: (targetId) => this.find(targetId),
      save: (config) => this.save(config),
      onChange: (targetId, tunnels) => {
        options.emit('tunnels.changed', { targetId, tunnels });
      },
    });
    const saved = options.store.list();
    if (options.localTarget) this.add(saved.find((config) => config.kind === 'local') ?? thisComputer);
    for (const config of saved) if (config.kind !== 'local') this.add(config);
  }

  /** Connects to this computer, and to what was connected before this process was ended from outside. */
  async begin(): Promise<void> {
    const before = await this.options.resume.load();
    await Promise.all(
      [...this.sessions].map(async ([id, session]) => {
        if (id !== 'local' && !before.connected.includes(id)) return;
        const connected = await session.connect();
        const beganAt = session.state.agent.status?.startedAtMs;
        if (connected.ok && beganAt !== undefined && before.recordings[id] === beganAt) session.agent.keepRecording();
      }),
    );
  }

  list(): readonly TargetState[] {
    return [...this.sessions.values()].map((session) => session.state);
  }

  find(targetId: string): Result<TargetSession> {
    const session = this.sessions.get(targetId);
    return session === undefined ? fail('not-found', 'That target is not in the list any more.') : ok(session);
  }

  async save(config: TargetConfig): Promise<Result<TargetState>> {
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

  async remove(targetId: string): Promise<Result<null>> {
    const session = this.find(targetId);
    if (!session.ok) return session;
    if (targetId === 'local') return fail('invalid-input', 'This computer stays in the list.');
    const removed = await this.options.store.remove(targetId);
    if (!removed.ok) return removed;
    this.sessions.delete(targetId);
    this.tunnels.remove(targetId);
    session.value.dispose();
    await session.value.pyspy.forget();
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

  /** Gives back every agent that this app records with; one that does not hear of it stops when its lease ends. */
  async endRecordings(): Promise<void> {
    const recording = [...this.sessions.values()].filter(({ agent }) => agent.recordingStartedAtMs !== undefined);
    await Promise.all(recording.map(({ agent }) => agent.stopRecording()));
  }

  dispose(): void {
    this.tunnels.dispose();
    for (const session of this.sessions.values()) session.dispose();
    this.sessions.clear();
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
    const { prompts, resourcesDir, dataDir, emit, resume } = this.options;
    return new TargetSession({
      config,
      prompter: prompts,
      hostKeys: this.hostKeys,
      resourcesDir,
      holder: resume.holderOf(config.id),
      windowsDir: join(dataDir, 'windows', config.id),
      onChange,
      onWindow: (endMs) => {
        emit('window.stored', { targetId: config.id, endMs });
      },
    });
  }

  private remember(): void {
    const connected: string[] = [];
    const recordings: Record<string, number> = {};
    for (const [id, session] of this.sessions) {
      const { state } = session.state.link;
      if (state === 'connected' || state === 'reconnecting') connected.push(id);
      if (session.agent.recordingStartedAtMs !== undefined) recordings[id] = session.agent.recordingStartedAtMs;
    }
    this.options.resume.save({ connected, recordings });
  }
}

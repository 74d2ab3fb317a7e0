import type { AgentStatus, TargetState } from '../../../contract/target.js';
import { targetTimeMs } from '../../../contract/target-clock.js';
import { formatShare } from '../../format/numbers.js';
import { formatNearMoment } from '../../format/times.js';
import type { AppState } from '../../state/store.js';
import type { TargetAction } from '../../state/targets-control.js';

/** The shape of a state: filled, turning, hollow, faint and hollow, a diamond, a triangle. */
export type DotShape = 'on' | 'busy' | 'ready' | 'off' | 'warning' | 'failed';

/** A target's state in a shape and in words. */
export interface TargetWords {
  readonly shape: DotShape;
  /** One or two words: "profiling", "step 4 of 7". */
  readonly state: string;
  /** Beside the name in the list; the state, or the agent's CPU while all is well. */
  readonly brief: string;
  /** What is being done, why it failed and what to do; "" when the state says it all. */
  readonly message: string;
}

/** Cores that an agent takes, user space and kernel. */
export function agentCores({ processCpuCores, bpfCpuCores }: AgentStatus): number {
  return processCpuCores + Math.max(0, bpfCpuCores);
}

/** Share of the whole machine that an agent takes. */
export function agentShare(status: AgentStatus): number {
  return agentCores(status) / Math.max(1, status.cpuCount);
}

/** Until when an agent keeps its windows that nobody renews, by this computer's clock: "tomorrow 12:31". */
export function keptUntil(status: AgentStatus, nowMs: number): string {
  const aheadMs = targetTimeMs(status, nowMs) - nowMs;
  return formatNearMoment((status.kept?.untilMs ?? 0) - aheadMs, nowMs);
}

/** What is to be known of an agent that keeps its windows; "" of another. */
export function keptWords({ state, status }: TargetState['agent'], nowMs: number): string {
  if (state !== 'kept' || status?.kept === undefined) return '';
  const aheadMs = targetTimeMs(status, nowMs) - nowMs;
  const since = formatNearMoment(status.kept.unrenewedSinceMs - aheadMs, nowMs);
  const until = keptUntil(status, nowMs);
  return `Nobody renewed this recording since ${since}. Its windows stay readable until ${until}; then everything is removed.`;
}

/** Says a target's state; `nowMs` is this computer's clock. */
export function targetWords(target: TargetState, nowMs: number): TargetWords {
  const { link, agent, config } = target;
  const words = (shape: DotShape, state: string, message = '', brief = state): TargetWords => ({
    shape,
    state,
    brief,
    message,
  });
  switch (link.state) {
    case 'disconnected':
      return words('off', 'not connected', link.message);
    case 'connecting':
    case 'reconnecting':
      return words('busy', link.state, link.message);
    case 'failed':
      return words('failed', 'not connected', link.message, 'failed');
    case 'connected':
      break;
  }
  const resting = agent.state === 'stopped' || agent.state === 'unknown' || agent.state === 'not-installed';
  if (agent.engine !== undefined && resting) {
    return words('ready', 'ready for py-spy', agent.message ?? agent.engine.why, 'py-spy');
  }
  switch (agent.state) {
    case 'starting': {
      const { step } = agent;
      if (step === undefined) return words('busy', 'starting', agent.message);
      const brief = `step ${step.number} of ${step.of}`;
      return words('busy', `starting, ${brief}`, step.text, brief);
    }
    case 'stopping':
      return words('busy', 'stopping', agent.message);
    case 'profiling': {
      if (agent.engine !== undefined) return words('on', 'recording', agent.message);
      const state = agent.recording ? 'recording' : 'profiling';
      const { status } = agent;
      return words('on', state, agent.message, status === undefined ? state : formatShare(agentShare(status)));
    }
    case 'kept':
      return words('warning', 'kept', keptWords(agent, nowMs));
    case 'failed':
      return words('failed', 'failed', agent.message);
    case 'not-installed':
      return words('ready', config.kind === 'local' ? 'ready' : 'not installed', agent.message);
    case 'stopped':
      return words('ready', 'stopped', agent.message);
    case 'unknown':
      return words('ready', config.kind === 'local' ? 'ready' : 'connected', agent.message);
  }
}

/** The one thing that is to be done with a target next. */
export interface PrimaryAction {
  readonly action: TargetAction;
  readonly label: string;
  /** Starting something is what the accent is for; ending something is quiet. */
  readonly starts: boolean;
  readonly busy: boolean;
}

/** Whether the agent is there for others' recordings alone: it ends with them unless it is wanted here too. */
export function endsWithOthers({ agent }: TargetState): boolean {
  return agent.state === 'profiling' && !agent.recording && (agent.status?.leaseExpiresAtMs ?? 0) > 0;
}

/** Whether an agent may have logged there: it is connected, and one is or was installed. */
export function hasLog({ agent, link }: TargetState): boolean {
  return link.state === 'connected' && agent.engine === undefined && agent.state !== 'not-installed';
}

/** Whether an agent of ours runs there that can be told what to do. */
export function hasAgent({ agent }: TargetState): boolean {
  return agent.state === 'profiling' && agent.engine === undefined && agent.status !== undefined;
}

/** Whether services can be named: for an agent that runs, and for the one that is started next. */
export function canName({ agent }: TargetState): boolean {
  return agent.engine === undefined && agent.state !== 'starting';
}

/** The button of a target, by its state: Connect, Record or Start agent, Stop recording or Stop agent. */
export function primaryAction(target: TargetState, pending: AppState['pending']): PrimaryAction {
  const { link, agent, config } = target;
  const make = (action: TargetAction, label: string, starts: boolean, busy = false): PrimaryAction => ({
    action,
    label,
    starts,
    busy: busy || pending.includes(`${action} ${config.id}`),
  });
  if (link.state !== 'connected') {
    return make('link.connect', 'Connect', true, link.state === 'connecting' || link.state === 'reconnecting');
  }
  const local = config.kind === 'local';
  const start =
    local || agent.engine !== undefined
      ? make('record.start', 'Record', true)
      : make('agent.start', 'Start agent', true);
  switch (agent.state) {
    case 'profiling':
      if (endsWithOthers(target)) return start;
      return agent.recording ? make('record.stop', 'Stop recording', false) : make('agent.stop', 'Stop agent', false);
    case 'stopping':
      return agent.recording
        ? make('record.stop', 'Stop recording', false, true)
        : make('agent.stop', 'Stop agent', false, true);
    case 'starting':
      return { ...start, busy: true };
    case 'unknown':
    case 'not-installed':
    case 'stopped':
    case 'kept':
    case 'failed':
      return start;
  }
}

import type { TargetState } from '../../contract/target.js';
import type { AppState } from './store.js';
import { currentTarget } from './targets-control.js';

/** Whether the engine's store answers: the agent's while it runs, that of py-spy's windows, which lie here, while connected. */
export function agentAnswers(target: TargetState): boolean {
  if (target.link.state !== 'connected') return false;
  if (target.agent.engine !== undefined) return true;
  const { state } = target.agent;
  return state === 'profiling' || state === 'kept' || state === 'stopping';
}

/** Whether the target's Pyroscope can be asked. A tunnel wants a link, a direct address does not. */
export function pyroscopeAnswers(target: TargetState): boolean {
  const config = target.config.pyroscope;
  if (config === undefined || target.pyroscope.state === 'none') return false;
  return config.reach === 'direct' || target.link.state === 'connected';
}

/** Whether the chosen source of the chosen target can be asked now. */
export function sourceAnswers(state: AppState): boolean {
  const target = currentTarget(state);
  if (target === undefined) return false;
  return state.source === 'agent' ? agentAnswers(target) : pyroscopeAnswers(target);
}

/** Changes when what a source has may have changed: a new window, or a source that begins to answer. */
export function sourceKey(state: AppState): string {
  return JSON.stringify([state.targetId, state.source, sourceAnswers(state)]);
}

/** Whether ranges and services can be chosen: the source answers, or something of it is on the screen. */
export function showsSelection(state: AppState): boolean {
  return sourceAnswers(state) || state.viewHeader !== null;
}

import type { Prompt, TestReport } from '../../contract/links.js';
import type { Result } from '../../contract/result.js';
import type { ConfigHosts, ImportedHost } from '../../contract/ssh-config.js';
import type { PyroscopeConfig, Remainder, TargetConfig, TargetState } from '../../contract/target.js';
import type { Context } from './context.js';
import { switchToSelection } from './document-switch.js';
import { chooseTarget } from './selection-control.js';
import { sourceTime } from './source-time.js';
import type { AppState } from './store.js';
import { showFailure } from './toasts.js';

/** Calls that act on a target and answer nothing. */
export type TargetAction =
  'link.connect' | 'link.disconnect' | 'agent.start' | 'agent.stop' | 'record.start' | 'record.stop';

function act({ links, store }: Context, action: TargetAction, targetId: string): Promise<Result<null>> {
  const { targets, targetId: chosen, serviceName, pyspyOptions, pyspyProcess } = store.getState();
  const target = targets.find(({ config }) => config.id === targetId);
  if (action === 'record.start' && target?.agent.engine !== undefined) {
    const service = targetId === chosen ? serviceName : null;
    const one = pyspyProcess !== null && pyspyProcess.service === service ? { pid: pyspyProcess.pid } : {};
    return links.call(action, { targetId, pyspy: { service, ...one, options: pyspyOptions } });
  }
  return action === 'agent.stop' ? links.call(action, { targetId, force: false }) : links.call(action, { targetId });
}

/** The target of the selection. */
export function currentTarget(state: AppState): TargetState | undefined {
  return state.targets.find((target) => target.config.id === state.targetId);
}

function withTarget(targets: readonly TargetState[], target: TargetState): readonly TargetState[] {
  const index = targets.findIndex((other) => other.config.id === target.config.id);
  return index === -1 ? [...targets, target] : targets.with(index, target);
}

/** Keeps targets and prompts in step with the links process. Returns what ends it. */
export function followTargets(context: Context): () => void {
  const { store, links } = context;
  const load = async (): Promise<void> => {
    const result = await links.query('targets.list', {});
    if (!result.ok) {
      store.setState({ targetsPhase: 'failed' });
      showFailure(store, result.failure);
      return;
    }
    store.setState({ targets: result.value, targetsPhase: 'ready' });
    const { targetId } = store.getState();
    const first = result.value[0];
    if (!result.value.some((target) => target.config.id === targetId) && first !== undefined) {
      chooseTarget(context, first.config.id);
    }
  };
  const ends = [
    // A restarted process asks its questions anew; those of the old one can no longer be answered.
    links.onReady(() => {
      store.setState({ prompts: [] });
      void load(); // shows its own failure
    }),
    links.on('target.changed', ({ target }) => {
      store.setState((state) => ({ targets: withTarget(state.targets, target) }));
    }),
    links.on('target.removed', ({ targetId }) => {
      removeLocally(context, targetId);
    }),
    links.on('prompt.opened', ({ prompt }) => {
      store.setState((state) => ({
        prompts: [...state.prompts.filter((other) => other.promptId !== prompt.promptId), prompt],
      }));
    }),
    links.on('prompt.closed', ({ promptId }) => {
      store.setState((state) => ({ prompts: state.prompts.filter((prompt) => prompt.promptId !== promptId) }));
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}

function removeLocally(context: Context, targetId: string): void {
  const { store } = context;
  const targets = store.getState().targets.filter((target) => target.config.id !== targetId);
  store.setState({ targets });
  const first = targets[0];
  if (store.getState().targetId === targetId && first !== undefined) chooseTarget(context, first.config.id);
}

/** Marks an action as pending while it runs, so that its button shows it and is not pressed twice. */
async function whilePending<T>(context: Context, mark: string, run: () => Promise<T>): Promise<T> {
  const { store } = context;
  store.setState((state) => ({ pending: [...state.pending, mark] }));
  try {
    return await run();
  } finally {
    store.setState((state) => ({ pending: state.pending.filter((other) => other !== mark) }));
  }
}

/** Connects, starts, stops. What failed is shown by the target's state; only what it does not show becomes a toast. */
export async function actOnTarget(context: Context, action: TargetAction, targetId: string): Promise<void> {
  const { store } = context;
  if (action === 'record.start' || action === 'agent.start') {
    store.setState((state) => ({
      ...switchToSelection(state),
      live: true,
      range: null,
      comparison: null,
      baseline: null,
      extentEndMs: sourceTime(context, targetId, state.source),
    }));
  }
  const result = await whilePending(context, `${action} ${targetId}`, () => act(context, action, targetId));
  if (result.ok) return;
  if (result.failure.code === 'agent-in-use') {
    store.setState({ dialog: { kind: 'stop-agent', targetId } });
    return;
  }
  const target = store.getState().targets.find((other) => other.config.id === targetId);
  const shown = target !== undefined && (target.link.state === 'failed' || target.agent.state === 'failed');
  if (!shown) showFailure(store, result.failure);
}

/**
 * Records one process of a service alone, or all of it (null), in place of what py-spy records on a target. What was recorded
 * stays, and the view as it is.
 */
export async function recordProcess(
  context: Context,
  targetId: string,
  service: string,
  pid: number | null,
): Promise<void> {
  const { store, links } = context;
  const { pyspyOptions } = store.getState();
  store.setState({ pyspyProcess: pid === null ? null : { service, pid } });
  const result = await whilePending(context, `record.stop ${targetId}`, async () => {
    const stopped = await links.call('record.stop', { targetId });
    if (!stopped.ok) return stopped;
    const one = pid === null ? {} : { pid };
    return links.call('record.start', { targetId, pyspy: { service, ...one, options: pyspyOptions } });
  });
  const target = store.getState().targets.find((other) => other.config.id === targetId);
  if (!result.ok && target?.agent.state !== 'failed') showFailure(store, result.failure);
}

/** Stops an agent with which others record, after the user was told. */
export async function stopAgentAnyway(context: Context, targetId: string): Promise<void> {
  const result = await whilePending(context, `agent.stop ${targetId}`, () =>
    context.links.call('agent.stop', { targetId, force: true }),
  );
  if (!result.ok) showFailure(context.store, result.failure);
}

/** Restarts an agent with the one of this app, after the user was asked. */
export async function restartAgent(context: Context, targetId: string, evenNewer: boolean): Promise<void> {
  const { store, links } = context;
  const result = await whilePending(context, `agent.restart ${targetId}`, () =>
    links.call('agent.restart', { targetId, evenNewer }),
  );
  const target = store.getState().targets.find((other) => other.config.id === targetId);
  if (!result.ok && target?.agent.state !== 'failed') showFailure(store, result.failure);
}

/** Removes all that we put on a target; answers what remains. */
export function removeLeftovers(
  context: Context,
  targetId: string,
  force: boolean,
): Promise<Result<readonly Remainder[]>> {
  return whilePending(context, `leftovers.remove ${targetId}`, () =>
    context.links.call('leftovers.remove', { targetId, force }),
  );
}

/** Saves a target and chooses it. */
export async function saveTarget(context: Context, config: TargetConfig): Promise<Result<TargetState>> {
  const { store, links } = context;
  const result = await links.call('targets.save', { config });
  if (result.ok) {
    store.setState((state) => ({ targets: withTarget(state.targets, result.value) }));
    chooseTarget(context, config.id);
  }
  return result;
}

/** Tries a configuration without saving it. */
export function testTarget(context: Context, config: TargetConfig, signal: AbortSignal): Promise<Result<TestReport>> {
  return context.links.call('targets.test', { config }, signal);
}

/** The hosts that the user's SSH configuration names; nothing runs. */
export function listConfigHosts(context: Context): Promise<Result<ConfigHosts>> {
  return context.links.call('sshConfig.list', {});
}

/** What the user's SSH configuration says of a host; runs `ssh -G`. */
export function resolveConfigHost(context: Context, name: string, signal: AbortSignal): Promise<Result<ImportedHost>> {
  return context.links.call('sshConfig.resolve', { name }, signal);
}

/** Looks for Docker engines that came since the last look, with `hidden` also for those that the user hid. */
export async function findEngines({ links, store }: Context, hidden: boolean): Promise<void> {
  const result = await links.query('targets.findEngines', { hidden });
  if (!result.ok && hidden) showFailure(store, result.failure);
}

/** Looks for Docker engines whenever somebody comes back to the window, perhaps from starting one. Returns what ends it. */
export function followEngines(context: Context, target: Window): () => void {
  const look = (): void => {
    void findEngines(context, false); // nobody asked: what fails is looked at the next time
  };
  target.addEventListener('focus', look);
  return () => {
    target.removeEventListener('focus', look);
  };
}

/** Forgets a server, or hides a Docker engine. */
export async function removeTarget(context: Context, targetId: string): Promise<void> {
  const result = await context.links.call('targets.remove', { targetId });
  if (result.ok) removeLocally(context, targetId);
  else showFailure(context.store, result.failure);
}

/** Sets or clears a target's Pyroscope. */
export async function setPyroscope(
  context: Context,
  targetId: string,
  pyroscope: PyroscopeConfig | null,
): Promise<Result<TargetState>> {
  const result = await context.links.call('targets.setPyroscope', { targetId, pyroscope });
  if (result.ok) {
    context.store.setState((state) => ({ targets: withTarget(state.targets, result.value) }));
    if (pyroscope === null && context.store.getState().targetId === targetId) {
      context.store.setState({ source: 'agent' });
    }
  }
  return result;
}

/** Answers a question; it leaves the screen at once. */
export async function answerPrompt(
  context: Context,
  prompt: Prompt,
  accept: boolean,
  values: readonly string[],
): Promise<void> {
  const { store, links } = context;
  store.setState((state) => ({ prompts: state.prompts.filter((other) => other.promptId !== prompt.promptId) }));
  const result = await links.call('prompt.answer', { promptId: prompt.promptId, accept, values: [...values] });
  // A question that ended meanwhile is not found; nothing is left to say about it.
  if (!result.ok && result.failure.code !== 'not-found') showFailure(store, result.failure);
}

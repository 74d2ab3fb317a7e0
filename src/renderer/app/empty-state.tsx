import { useCallback, type ReactElement, type ReactNode } from 'react';
import type { SourceKind } from '../../contract/selection.js';
import { targetTimeMs } from '../../contract/target-clock.js';
import type { TargetState } from '../../contract/target.js';
import { sourceIsPySpy } from '../state/active-time.js';
import { LearnButton } from '../features/learn/learn-panel.js';
import { PySpyReady } from '../features/pyspy/pyspy-ready.js';
import { TargetActionButton } from '../features/targets/target-action-button.js';
import { keptWords } from '../features/targets/target-words.js';
import { formatRange } from '../format/times.js';
import { visibleText } from '../format/visible-text.js';
import { removeOperations } from '../state/operations-control.js';
import { choosePreset, currentExtent } from '../state/selection-control.js';
import { currentTarget } from '../state/targets-control.js';
import { Button } from '../ui/button.js';
import { FailureDetail, FailureNotice } from '../ui/failure-notice.js';
import { Logo, Spinner } from '../ui/icons.js';
import { windowSecondsLeft } from './status-words.js';
import { useNow } from './use-now.js';
import { useWork, WorkInstead } from './work.js';
import { useApp, useControls, useWorkbench } from './workbench.js';

/** What stands where a graph will be: what it will show, and the one button that fills it. */
export function EmptyState(): ReactElement {
  const target = useApp(currentTarget);
  const document = useApp((state) => state.document);
  const phase = useApp((state) => state.viewPhase);
  const failure = useApp((state) => state.viewFailure);
  const total = useApp((state) => state.viewHeader?.total);
  const source = useApp((state) => state.source);
  const opens = useApp((state) => state.opening.length > 0);
  const { clock } = useControls();
  if (opens) return <LoadingState />;
  if (phase === 'failed' && failure !== null) return <FailedState />;
  const waits =
    target !== undefined && document.kind === 'selection' && source === 'agent' && awaitsFirstWindow(target, clock());
  if (waits) return <FirstWindow target={target} />;
  if (total === 0 && !(target !== undefined && document.kind === 'selection' && isReadyForPySpy(target, source))) {
    return <NoSamples />;
  }
  if (document.kind === 'profiles' || phase === 'loading') return <LoadingState />;
  if (target === undefined) return <Empty title="Pyrometer" text="Looking for targets…" busy />;
  return <TargetEmpty target={target} />;
}

/** Whether the agent runs and has not closed a window yet, so that no sample can be there. */
function awaitsFirstWindow({ agent }: TargetState, nowMs: number): boolean {
  const { state, status } = agent;
  if (state !== 'profiling') return false;
  if (status === undefined) return true;
  const windowMs = status.windowSeconds * 1000;
  return status.windowsStored === 0 && nowMs - status.startedAtMs < 3 * windowMs;
}

/** Whether what starts and stops is called a recording there, and not an agent. */
function byRecording({ agent, config }: TargetState): boolean {
  return config.kind === 'local' || agent.engine !== undefined;
}

/** Whether py-spy is what records on a target, and does not just now. */
function isReadyForPySpy({ agent, link }: TargetState, source: SourceKind): boolean {
  const resting = agent.state === 'stopped' || agent.state === 'unknown' || agent.state === 'not-installed';
  return source === 'agent' && link.state === 'connected' && agent.engine !== undefined && resting;
}

interface EmptyProps {
  readonly title: string;
  readonly text: ReactNode;
  readonly busy?: boolean;
  readonly children?: ReactNode;
}

function Empty({ title, text, busy = false, children }: EmptyProps): ReactElement {
  return (
    <div className="empty">
      <div className="empty-mark">{busy ? <Spinner /> : <Logo size={32} />}</div>
      <h1>{title}</h1>
      <p>{text}</p>
      {children}
    </div>
  );
}

function CheckButton({ targetId }: { readonly targetId: string }): ReactElement {
  const { store } = useControls();
  const open = useCallback(() => {
    store.setState({ dialog: { kind: 'checks', targetId } });
  }, [store, targetId]);
  return (
    <Button tone="quiet" onClick={open}>
      Check what it needs
    </Button>
  );
}

function TargetEmpty({ target }: { readonly target: TargetState }): ReactElement {
  const { link, agent, config } = target;
  const source = useApp((state) => state.source);
  const { clock } = useControls();
  const name = visibleText(config.name);
  const button = <TargetActionButton target={target} large />;
  if (source === 'pyroscope' && (config.pyroscope?.reach === 'direct' || link.state === 'connected')) {
    return <PyroscopeEmpty target={target} />;
  }
  if (link.state === 'failed') {
    return (
      <Empty title={`${name} cannot be reached`} text={visibleText(link.message ?? 'The connection failed.')}>
        {button}
        <FailureDetail detail={link.detail} open />
      </Empty>
    );
  }
  if (link.state !== 'connected') {
    const text =
      link.state === 'disconnected'
        ? `${config.kind === 'docker' ? 'Connect' : 'Connect over SSH'} to see what it spends its time on. Nothing is installed by connecting.`
        : visibleText(link.message ?? 'Opening the connection…');
    return (
      <Empty title={link.state === 'disconnected' ? name : `Connecting to ${name}`} text={text}>
        {button}
      </Empty>
    );
  }
  if (agent.engine !== undefined && isReadyForPySpy(target, source)) {
    return (
      <PySpyReady target={target} engine={agent.engine}>
        {button}
      </PySpyReady>
    );
  }
  switch (agent.state) {
    case 'starting':
      return <StartingState target={target} />;
    case 'profiling':
      return <FirstWindow target={target} />;
    case 'stopping':
      return (
        <Empty
          title={agent.engine === undefined ? 'Stopping the agent' : 'Stopping the recording'}
          text={visibleText(agent.message ?? 'The last window is being kept.')}
          busy
        />
      );
    case 'kept':
      return (
        <Empty title="A recording that nobody renewed" text={keptWords(agent, clock())}>
          {button}
        </Empty>
      );
    case 'failed':
      return (
        <Empty
          title={byRecording(target) ? 'The recording could not start' : 'The agent could not start'}
          text={visibleText(agent.message ?? 'It did not say why.')}
        >
          {button}
          <CheckButton targetId={config.id} />
          <FailureDetail detail={agent.detail} />
        </Empty>
      );
    case 'unknown':
    case 'not-installed':
    case 'stopped':
      return config.kind === 'local' ? (
        <Empty
          title="See where this computer spends its time"
          text="Record samples every process 97 times a second and draws a flame graph that grows with each window. It ends when you stop it or close Pyrometer; nothing leaves this machine."
        >
          {button}
          {agent.message === undefined ? null : <p className="empty-more">{visibleText(agent.message)}</p>}
          <LearnButton />
          <p className="empty-more">
            Add a server with + on the left, or drop a profile (pprof, Austin or folded stacks) here.
          </p>
        </Empty>
      ) : (
        <Empty
          title={`${name} is connected`}
          text="Start agent uploads one program, checks it and starts it. Services appear within a window of 15 s. The agent goes on until you press Stop agent."
        >
          {button}
          {agent.message === undefined ? null : <p className="empty-more">{visibleText(agent.message)}</p>}
          {link.message === undefined ? null : <p className="empty-more">{visibleText(link.message)}</p>}
        </Empty>
      );
  }
}

function PyroscopeEmpty({ target }: { readonly target: TargetState }): ReactElement {
  const { store } = useControls();
  const edit = useCallback(() => {
    store.setState({ dialog: { kind: 'pyroscope', targetId: target.config.id } });
  }, [store, target.config.id]);
  const text =
    target.pyroscope.state === 'failed'
      ? visibleText(target.pyroscope.message ?? 'Pyroscope does not answer.')
      : 'Profiles that the agent and others pushed to Pyroscope will be here.';
  return (
    <Empty title="Pyroscope" text={text}>
      <Button tone="accent" large onClick={edit}>
        Change address
      </Button>
    </Empty>
  );
}

function StartingState({ target }: { readonly target: TargetState }): ReactElement {
  const { step, message } = target.agent;
  const text = step === undefined ? (message ?? 'Starting…') : step.text;
  return (
    <Empty
      title={
        byRecording(target) ? 'Starting the recording' : `Starting the agent on ${visibleText(target.config.name)}`
      }
      text={visibleText(text)}
      busy
    >
      {step === undefined ? null : (
        <div className="steps">
          <progress value={step.number} max={step.of} aria-label="Start of the agent" />
          <span className="mute">
            step {step.number} of {step.of}
          </span>
        </div>
      )}
    </Empty>
  );
}

function FirstWindow({ target }: { readonly target: TargetState }): ReactElement {
  const nowMs = useNow();
  const { status } = target.agent;
  const left =
    status === undefined ? undefined : windowSecondsLeft(status.windowClosesAtMs, targetTimeMs(status, nowMs));
  const soon = left === undefined || left === 0 ? 'in a moment' : `in ${left} s`;
  return <Empty title="Sampling" text={`The first window closes ${soon}; the flame graph begins with it.`} busy />;
}

function NoSamples(): ReactElement {
  const controls = useControls();
  const { clock } = controls;
  const isFile = useApp((state) => state.document.kind === 'profiles');
  const startMs = useApp((state) => (state.range ?? currentExtent(state)).startMs);
  const endMs = useApp((state) => (state.range ?? currentExtent(state)).endMs);
  const service = useApp((state) => state.serviceName);
  const byPySpy = useApp(sourceIsPySpy);
  const left = useApp((state) => state.viewSource?.operations !== undefined);
  const all = useCallback(() => {
    choosePreset(controls, 'all');
  }, [controls]);
  const removeAll = useCallback(() => {
    removeOperations(controls);
  }, [controls]);
  if (left) {
    return (
      <Empty title="Nothing is left" text="What is done to the profile before it is shown leaves no sample.">
        <Button large onClick={removeAll}>
          Show the profile as it is
        </Button>
      </Empty>
    );
  }
  if (isFile) return <Empty title="An empty profile" text="The file holds no samples of this type." />;
  const who = service === null ? 'Nothing' : visibleText(service);
  return (
    <Empty
      title="No samples here"
      text={
        service === null
          ? `Nothing was sampled from ${formatRange(startMs, endMs, clock())}.`
          : `${who} ${byPySpy ? 'was not active when it was sampled' : 'used no CPU that was sampled'} from ${formatRange(startMs, endMs, clock())}.`
      }
    >
      <Button large onClick={all}>
        Show all there is
      </Button>
    </Empty>
  );
}

function LoadingState(): ReactElement {
  const work = useWork();
  const doing = work === null || work.step === '' ? 'Loading' : work.step;
  const title = work === null || work.title === '' ? doing : `${doing} ${work.title}`;
  return (
    <Empty title={title} text="The graph appears as soon as its first part is here." busy>
      {work === null ? null : <WorkInstead share={work.share} cancel={work.cancel} />}
    </Empty>
  );
}

function FailedState(): ReactElement | null {
  const { view } = useWorkbench();
  const failure = useApp((state) => state.viewFailure);
  const retry = useCallback(() => {
    view.retry();
  }, [view]);
  if (failure === null) return null;
  return (
    <div className="empty">
      <div className="empty-mark">
        <Logo size={32} />
      </div>
      <h1>{failure.code === 'cancelled' ? 'Cancelled' : 'This could not be shown'}</h1>
      {failure.code === 'cancelled' ? <p>{failure.message}</p> : <FailureNotice failure={failure} />}
      <Button large tone="accent" onClick={retry}>
        Try again
      </Button>
    </div>
  );
}

import { useCallback, type ReactElement } from 'react';
import type { TargetState } from '../../../contract/target.js';
import { useApp, useControls } from '../../app/workbench.js';
import { actOnTarget } from '../../state/targets-control.js';
import { Button } from '../../ui/button.js';
import { RecordIcon, StopIcon } from '../../ui/icons.js';
import { MemoryButton } from '../pyspy/memory-dialog.js';
import { ProcessMenu } from '../pyspy/process-menu.js';
import { RecordOptions } from '../pyspy/record-options.js';
import { hasAgent, primaryAction } from './target-words.js';

interface Props {
  readonly target: TargetState;
  readonly large?: boolean;
}

/** Connect, Record, Start agent, Stop recording or Stop agent: what the target's state calls for. */
export function TargetActionButton({ target, large = false }: Props): ReactElement {
  const controls = useControls();
  const pending = useApp((state) => state.pending);
  const { action, label, starts, busy } = primaryAction(target, pending);
  const targetId = target.config.id;
  const act = useCallback(() => {
    void actOnTarget(controls, action, targetId); // shows its own failure
  }, [controls, action, targetId]);
  const button = (
    <Button tone={starts ? 'accent' : 'plain'} large={large} busy={busy} onClick={act}>
      {busy ? null : <ActionIcon action={action} />}
      {label}
    </Button>
  );
  const { engine } = target.agent;
  if (engine === undefined) {
    if (!hasAgent(target)) return button;
    return (
      <span className="record-buttons">
        {button}
        <MemoryButton targetId={targetId} />
      </span>
    );
  }
  if (action !== 'record.start' && action !== 'record.stop') return button;
  return (
    <span className="record-buttons">
      {button}
      {action === 'record.start' ? <RecordOptions /> : <ProcessMenu targetId={targetId} engine={engine} />}
      <MemoryButton targetId={targetId} />
    </span>
  );
}

function ActionIcon({ action }: { readonly action: string }): ReactElement | null {
  if (action === 'record.start') return <RecordIcon />;
  return action.endsWith('.stop') ? <StopIcon /> : null;
}

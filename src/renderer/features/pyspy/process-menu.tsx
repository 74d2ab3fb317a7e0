import { useCallback, type ReactElement } from 'react';
import type { EngineState } from '../../../contract/pyspy.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { recordProcess } from '../../state/targets-control.js';
import { Button } from '../../ui/button.js';
import { ChevronIcon } from '../../ui/icons.js';
import { Popover } from '../../ui/menu.js';
import { ProcessTree } from './process-tree.js';
import { recordedWords } from './pyspy-words.js';

interface Props {
  readonly targetId: string;
  readonly engine: EngineState;
}

/** What a recording records, and one process of the chosen service instead; nothing where none could be chosen. */
export function ProcessMenu({ targetId, engine }: Props): ReactElement | null {
  const serviceName = useApp((state) => state.serviceName);
  const processes = useApp((state) => state.services.find(({ name }) => name === state.serviceName)?.processes);
  const { records } = engine;
  if (records === undefined || serviceName === null || processes === undefined || processes.length < 2) return null;
  const alone = records.service === serviceName ? (records.pid ?? null) : null;
  return (
    <Popover
      label="What is recorded"
      role="dialog"
      align="end"
      button={(props) => (
        <Button {...props} title={`py-spy records ${visibleText(recordedWords(records))}`}>
          {alone === null ? 'Processes' : `Process ${alone}`} <ChevronIcon />
        </Button>
      )}
    >
      {(close) => (
        <div className="pyspy-recorded">
          <p className="field-hint">
            Recorded now: {visibleText(recordedWords(records))}. Choose a process to record it alone from here on, with
            its children; the recording of everything else ends, and what it has is kept.
          </p>
          <Choice targetId={targetId} service={serviceName} processes={processes} alone={alone} close={close} />
        </div>
      )}
    </Popover>
  );
}

interface ChoiceProps {
  readonly targetId: string;
  readonly service: string;
  readonly processes: Parameters<typeof ProcessTree>[0]['processes'];
  readonly alone: number | null;
  readonly close: () => void;
}

function Choice({ targetId, service, processes, alone, close }: ChoiceProps): ReactElement {
  const controls = useControls();
  const toggle = useCallback(
    (pid: number) => {
      close();
      void recordProcess(controls, targetId, service, pid === alone ? null : pid); // shows its own failure
    },
    [controls, targetId, service, alone, close],
  );
  return <ProcessTree processes={processes} chosen={alone} onToggle={toggle} />;
}

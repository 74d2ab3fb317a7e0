import { useCallback, type ReactElement } from 'react';
import type { PythonProcess } from '../../../contract/pyspy.js';
import { visibleText } from '../../format/visible-text.js';
import { processDepths, processFacts } from './pyspy-words.js';

interface Props {
  readonly processes: readonly PythonProcess[];
  /** The pid of the one that is recorded alone; null: all are. */
  readonly chosen: number | null;
  readonly onToggle: (pid: number) => void;
}

/** The Python processes of a service, workers below their master. */
export function ProcessTree({ processes, chosen, onToggle }: Props): ReactElement {
  const depths = processDepths(processes);
  return (
    <ul className="pyspy-processes" aria-label="Python processes">
      {processes.map((process, index) => (
        <ProcessRow
          key={process.pid}
          process={process}
          depth={depths[index] ?? 0}
          chosen={process.pid === chosen}
          onToggle={onToggle}
        />
      ))}
    </ul>
  );
}

interface RowProps {
  readonly process: PythonProcess;
  readonly depth: number;
  readonly chosen: boolean;
  readonly onToggle: (pid: number) => void;
}

function ProcessRow({ process, depth, chosen, onToggle }: RowProps): ReactElement {
  const { pid, command } = process;
  const toggle = useCallback(() => {
    onToggle(pid);
  }, [onToggle, pid]);
  return (
    <li style={{ paddingInlineStart: depth * 16 }}>
      <button
        type="button"
        className="pyspy-process"
        aria-pressed={chosen}
        title={`${visibleText(command)}\n${chosen ? 'Record all of them again' : 'Record this one alone'}`}
        onClick={toggle}
      >
        <span className="mono clip">{visibleText(command)}</span>
        <span className="mute">{visibleText(processFacts(process))}</span>
      </button>
    </li>
  );
}

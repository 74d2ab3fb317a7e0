import type { ReactElement, ReactNode } from 'react';
import type { EngineState, PythonProcess } from '../../../contract/pyspy.js';
import type { TargetState } from '../../../contract/target.js';
import { useApp } from '../../app/workbench.js';
import { formatShare } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import { Logo } from '../../ui/icons.js';
import { processDepths } from './pyspy-words.js';

interface Props {
  readonly target: TargetState;
  readonly engine: EngineState;
  /** Record, with its options. */
  readonly children: ReactNode;
}

/** What stands where a graph will be while py-spy is what records: what it will record, why it, and what that costs. */
export function PySpyReady({ target, engine, children }: Props): ReactElement {
  const serviceName = useApp((state) => state.serviceName);
  const services = useApp((state) => state.services);
  const chosen = services.find(({ name }) => name === serviceName);
  const what = serviceName === null ? `the Python on ${visibleText(target.config.name)}` : visibleText(serviceName);
  return (
    <div className="empty">
      <div className="empty-mark">
        <Logo size={32} />
      </div>
      <h1>Record {what}</h1>
      <p>{visibleText(engine.why)}</p>
      {children}
      {serviceName === null ? (
        <p className="empty-more">
          Every container with Python is recorded; choose one on the left to record it alone, or a program that runs
          outside containers.
        </p>
      ) : null}
      {chosen?.processes === undefined ? null : <ProcessTree processes={chosen.processes} />}
      <p className="empty-more">
        {engine.missing} Containers are recorded through Docker, and who may use Docker has the rights of root on that
        machine: py-spy runs in a container of its own, which is gone when it ends. What runs outside containers is read
        as root where the system asks for that.
      </p>
    </div>
  );
}

/** The Python processes of a service, workers below their master. */
function ProcessTree({ processes }: { readonly processes: readonly PythonProcess[] }): ReactElement {
  const depths = processDepths(processes);
  return (
    <ul className="pyspy-processes" aria-label="Python processes">
      {processes.map(({ pid, command, version, cpuShare }, index) => (
        <li key={pid} style={{ paddingInlineStart: (depths[index] ?? 0) * 16 }} title={visibleText(command)}>
          <span className="mono clip">{visibleText(command)}</span>
          <span className="mute">
            {pid}
            {version === undefined ? '' : `, Python ${version}`}
            {cpuShare === undefined ? '' : `, ${formatShare(cpuShare)}`}
          </span>
        </li>
      ))}
    </ul>
  );
}

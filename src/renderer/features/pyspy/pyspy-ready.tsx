import { useCallback, type ReactElement, type ReactNode } from 'react';
import type { EngineState, PythonProcess } from '../../../contract/pyspy.js';
import type { TargetState } from '../../../contract/target.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { Logo } from '../../ui/icons.js';
import { ProcessTree } from './process-tree.js';

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
  const engineAlone = target.config.kind === 'docker';
  const what = serviceName === null ? `the Python on ${visibleText(target.config.name)}` : visibleText(serviceName);
  return (
    <div className="empty">
      <div className="empty-mark">
        <Logo size={32} />
      </div>
      <h1>Record {what}</h1>
      <p>{visibleText(engine.why)}</p>
      {target.agent.message === undefined ? null : <p className="notice">{visibleText(target.agent.message)}</p>}
      {children}
      {serviceName === null ? (
        <p className="empty-more">
          Every container with Python is recorded; choose one on the left to record it alone
          {engineAlone ? '.' : ', or a program that runs outside containers.'}
        </p>
      ) : null}
      {chosen?.processes === undefined ? null : (
        <ChoosableProcesses service={chosen.name} processes={chosen.processes} />
      )}
      <p className="empty-more">
        {engine.missing} Containers are recorded through Docker, and who may use Docker has the rights of root on that
        machine: py-spy runs in a container of its own, which is gone when it ends.
        {engineAlone ? '' : ' What runs outside containers is read as root where the system asks for that.'}
      </p>
    </div>
  );
}

/** One process of a service can be chosen to be recorded alone. */
function ChoosableProcesses({
  service,
  processes,
}: {
  readonly service: string;
  readonly processes: readonly PythonProcess[];
}): ReactElement {
  const { store } = useControls();
  const chosen = useApp((state) => (state.pyspyProcess?.service === service ? state.pyspyProcess.pid : null));
  const toggle = useCallback(
    (pid: number) => {
      store.setState({ pyspyProcess: pid === chosen ? null : { service, pid } });
    },
    [store, service, chosen],
  );
  return <ProcessTree processes={processes} chosen={chosen} onToggle={toggle} />;
}

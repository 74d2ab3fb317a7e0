import { useCallback, useState, type ReactElement } from 'react';
import { memoryPeakType } from '../../../contract/pyspy.js';
import type { Failure } from '../../../contract/result.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { Button } from '../../ui/button.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { CheckField, TextField } from '../../ui/fields.js';
import { Modal } from '../../ui/modal.js';
import { useEnding } from '../../ui/use-ending.js';
import { ProcessTree } from './process-tree.js';
import { usePythonProcesses } from './use-python-processes.js';

const longestSeconds = 600;

interface Props {
  readonly targetId: string;
  /** Of a row of services. */
  readonly service: string;
}

/** Has memray look at the allocations of one process of a service, and shows what it held. */
export function MemoryDialog({ targetId, service }: Props): ReactElement {
  const { store, links } = useControls();
  const { processes, looking, failure: unseen } = usePythonProcesses(targetId, service);
  const [pid, setPid] = useState<number | null>(null);
  const [seconds, setSeconds] = useState('10');
  const [install, setInstall] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const ending = useEnding();
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const toggle = useCallback((chosen: number) => {
    setPid((before) => (before === chosen ? null : chosen));
  }, []);
  const wanted = Number.parseInt(seconds, 10);
  const isTime = wanted >= 1 && wanted <= longestSeconds;
  const [only] = processes;
  const process = processes.length === 1 ? only?.pid : (pid ?? undefined);
  const record = async (): Promise<void> => {
    if (process === undefined || !isTime) return;
    setBusy(true);
    setFailure(null);
    const request = { service, pid: process, seconds: wanted, install };
    const result = await links.call('memory.record', { targetId, request }, ending.signal);
    setBusy(false);
    if (!result.ok) {
      setFailure(result.failure);
      return;
    }
    store.setState({ dialog: null, profileType: memoryPeakType, valueIndex: null, zoomPath: [], selectedPath: [] });
  };
  return (
    <Modal
      title={`Memory of ${visibleText(service)}`}
      subtitle="What a process allocates while memray looks: what it held when that was most, and what it did not free. What was allocated before is not seen."
      confirm="Record memory"
      busy={busy}
      confirmDisabled={process === undefined || !isTime}
      onConfirm={() => {
        void record(); // shows its own failure
      }}
      onCancel={close}
    >
      {looking ? <p className="field-hint">Looking for its Python processes…</p> : null}
      {!looking && unseen === null && processes.length === 0 ? (
        <p className="field-hint">None of its processes runs Python now.</p>
      ) : null}
      {processes.length > 1 ? <ProcessTree processes={processes} chosen={pid} onToggle={toggle} /> : null}
      <TextField
        label="Seconds"
        value={seconds}
        onChange={setSeconds}
        inputMode="numeric"
        hint="While memray looks the process takes about twice its time. It ends by itself, also when Pyrometer is closed."
      />
      <CheckField
        label="Put memray into a temporary folder there if the program has none"
        checked={install}
        onChange={setInstall}
      />
      <p className="field-hint">
        Its code runs in the process, as the user of the process, and gdb or lldb has to be there up to Python 3.13. pip
        on this computer fetches it; the folder is removed afterwards, what was loaded into the process stays until that
        ends.
      </p>
      {busy ? <p className="field-hint">memray looks at the process for {wanted} s…</p> : null}
      {unseen === null ? null : <FailureNotice failure={unseen} />}
      {failure === null ? null : <FailureNotice failure={failure} />}
    </Modal>
  );
}

/** Opens the dialog for the chosen service; nothing while none with Python is chosen. An agent says what runs Python by a label. */
export function MemoryButton({ targetId }: { readonly targetId: string }): ReactElement | null {
  const { store } = useControls();
  const service = useApp((state) => state.serviceName);
  const known = useApp((state) =>
    state.services.some(
      ({ name, processes, labels, pushed }) =>
        name === service &&
        (processes !== undefined || (state.source === 'agent' && labels['runtime'] === 'python' && pushed !== true)),
    ),
  );
  const open = useCallback(() => {
    if (service !== null) store.setState({ dialog: { kind: 'memory', targetId, service } });
  }, [store, targetId, service]);
  if (service === null || !known) return null;
  return (
    <Button tone="quiet" onClick={open}>
      Memory…
    </Button>
  );
}

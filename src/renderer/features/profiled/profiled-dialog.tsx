import { useCallback, useEffect, useMemo, useState, type ChangeEvent, type ReactElement } from 'react';
import { everything, isEverything, type RunningProcess } from '../../../contract/profiled.js';
import type { Failure } from '../../../contract/result.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { Segments } from '../../ui/fields.js';
import { Modal } from '../../ui/modal.js';
import { Name } from '../../ui/name.js';
import { choiceOf, choiceRows, choiceWords, filterRows, keysOf, type ChoiceRow } from './profiled-words.js';

const modes = ['everything', 'chosen'] as const;
const modeLabels = { everything: 'Everything', chosen: 'Only what is chosen' } as const;
/** More rows than anybody reads; the field above finds the others. */
const shownRows = 300;

/** What a running agent profiles: all, or chosen services, containers and processes. */
export function ProfiledDialog({ targetId }: { readonly targetId: string }): ReactElement {
  const { store, links } = useControls();
  const target = useApp((state) => state.targets.find((other) => other.config.id === targetId));
  const [begun] = useState(target?.agent.status?.choice ?? everything);
  const [mode, setMode] = useState<(typeof modes)[number]>(isEverything(begun) ? 'everything' : 'chosen');
  const [keys, setKeys] = useState(() => keysOf(begun));
  const [processes, setProcesses] = useState<readonly RunningProcess[] | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  useEffect(() => {
    const asking = new AbortController();
    const ask = async (): Promise<void> => {
      const result = await links.query('agent.processes', { targetId }, asking.signal);
      if (asking.signal.aborted) return;
      if (result.ok) setProcesses(result.value.processes);
      else setFailure(result.failure);
    };
    void ask(); // shows its own failure
    return () => {
      asking.abort();
    };
  }, [links, targetId]);
  const toggle = useCallback((key: string) => {
    setKeys((before) => {
      const after = new Set(before);
      if (!after.delete(key)) after.add(key);
      return after;
    });
  }, []);
  const apply = useCallback(() => {
    const run = async (): Promise<void> => {
      setBusy(true);
      const choice = mode === 'everything' ? everything : choiceOf(keys);
      const result = await links.call('agent.choose', { targetId, choice });
      setBusy(false);
      if (result.ok) close();
      else setFailure(result.failure);
    };
    void run(); // shows its own failure
  }, [close, keys, links, mode, targetId]);
  const chosen = mode === 'chosen';
  const name = visibleText(target?.config.name ?? '');
  const confirmWords =
    chosen && keys.size === 0 ? 'Nothing is chosen' : `Profile ${choiceWords(chosen ? choiceOf(keys) : everything)}`;
  return (
    <Modal
      title={`What is profiled on ${name}`}
      subtitle="Holds at once and until the agent ends. What is not chosen is passed over in the kernel, before its stack is walked."
      confirm={confirmWords}
      confirmDisabled={chosen && keys.size === 0}
      busy={busy}
      onConfirm={apply}
      onCancel={close}
    >
      <Segments label="What is profiled" values={modes} labels={modeLabels} value={mode} onChoose={setMode} wide />
      {chosen ? (
        <Choices processes={processes} keys={keys} onToggle={toggle} />
      ) : (
        <p className="field-hint">All containers, services and processes, the kernel’s threads and the agent itself.</p>
      )}
      {failure === null ? null : <FailureNotice failure={failure} />}
    </Modal>
  );
}

interface ChoicesProps {
  readonly processes: readonly RunningProcess[] | null;
  readonly keys: ReadonlySet<string>;
  readonly onToggle: (key: string) => void;
}

function Choices({ processes, keys, onToggle }: ChoicesProps): ReactElement {
  const [filter, setFilter] = useState('');
  const onFilter = useCallback((event: ChangeEvent<HTMLInputElement>) => {
    setFilter(event.target.value);
  }, []);
  // What was chosen when the list was made stays in it when it is given up.
  const rows = useMemo(() => (processes === null ? [] : choiceRows(processes, keys)), [processes, keys]);
  const found = useMemo(() => filterRows(rows, filter), [rows, filter]);
  if (processes === null) return <p className="field-hint">Looking at what runs there…</p>;
  const shown = found.slice(0, shownRows);
  return (
    <>
      <input
        className="input"
        type="search"
        placeholder="Filter services, containers and processes"
        aria-label="Filter services, containers and processes"
        value={filter}
        onChange={onFilter}
        spellCheck={false}
      />
      <div className="choices scroll">
        <Group title="Services" kind="service" rows={shown} keys={keys} onToggle={onToggle} />
        <Group title="Containers" kind="container" rows={shown} keys={keys} onToggle={onToggle} />
        <Group title="Processes" kind="process" rows={shown} keys={keys} onToggle={onToggle} />
        {found.length === 0 ? <p className="field-hint">Nothing there is called “{visibleText(filter)}”.</p> : null}
        {found.length > shown.length ? (
          <p className="field-hint">{found.length - shown.length} more: type a part of a name.</p>
        ) : null}
      </div>
      <p className="field-hint">
        A service stays chosen when its containers are made anew; a container that is made anew is another one. New
        processes of what is chosen are found within a second.
      </p>
    </>
  );
}

interface GroupProps {
  readonly title: string;
  readonly kind: ChoiceRow['kind'];
  readonly rows: readonly ChoiceRow[];
  readonly keys: ReadonlySet<string>;
  readonly onToggle: (key: string) => void;
}

function Group({ title, kind, rows, keys, onToggle }: GroupProps): ReactElement | null {
  const own = rows.filter((row) => row.kind === kind);
  if (own.length === 0) return null;
  return (
    <fieldset className="choice-group">
      <legend className="field-label">{title}</legend>
      {own.map((row) => (
        <Row key={row.key} row={row} checked={keys.has(row.key)} onToggle={onToggle} />
      ))}
    </fieldset>
  );
}

interface RowProps {
  readonly row: ChoiceRow;
  readonly checked: boolean;
  readonly onToggle: (key: string) => void;
}

function Row({ row, checked, onToggle }: RowProps): ReactElement {
  const change = useCallback(() => {
    onToggle(row.key);
  }, [onToggle, row.key]);
  return (
    <label className="check choice">
      <input type="checkbox" checked={checked} onChange={change} />
      <Name text={row.name} />
      <Name text={row.note} className="choice-note" />
    </label>
  );
}

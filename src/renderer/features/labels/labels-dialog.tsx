import { useCallback, useEffect, useMemo, useState, type ChangeEvent, type ReactElement } from 'react';
import type { LabelRow, LabelTable } from '../../../contract/decoder.js';
import type { Failure } from '../../../contract/result.js';
import { useApp, useControls } from '../../app/workbench.js';
import { formatShare, formatValue } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import { addOperation } from '../../state/operations-control.js';
import { Button } from '../../ui/button.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { Modal } from '../../ui/modal.js';
import { Name } from '../../ui/name.js';
import { labelGroups, mergeLabels, type LabelGroup } from './label-rows.js';

/** More rows than anybody reads; the field above finds the others. */
const shownRows = 300;

/** The labels that the samples on the screen carry, and what was measured with each: to keep one of them, or to leave it out. */
export function LabelsDialog(): ReactElement {
  const { store, decoder } = useControls();
  const source = useApp((state) => state.viewSource);
  const [table, setTable] = useState<LabelTable | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  useEffect(() => {
    if (source === null) return undefined;
    const asking = new AbortController();
    const { valueIndex } = source;
    const profileIds = source.kind === 'flame' ? [source.profileId] : [source.baselineId, source.comparisonId];
    const ask = async (): Promise<void> => {
      const tables: LabelTable[] = [];
      for (const profileId of profileIds) {
        const result = await decoder.query('profile.labels', { profileId, valueIndex }, asking.signal);
        if (asking.signal.aborted) return;
        if (!result.ok) {
          setFailure(result.failure);
          return;
        }
        tables.push(result.value);
      }
      setTable(mergeLabels(tables));
    };
    void ask(); // shows its own failure
    return () => {
      asking.abort();
    };
  }, [decoder, source]);
  return (
    <Modal
      title="Filter by label"
      subtitle="Labels are what the profiler wrote beside samples: threads, processes, requests. Of the profile as it was measured, before other operations."
      confirm="Close"
      cancel=""
      onConfirm={close}
      onCancel={close}
    >
      {failure === null ? null : <FailureNotice failure={failure} />}
      {failure === null && table === null ? <p className="field-hint">Looking at the samples…</p> : null}
      {table === null ? null : <Labels table={table} close={close} />}
    </Modal>
  );
}

function Labels({ table, close }: { readonly table: LabelTable; readonly close: () => void }): ReactElement {
  const unit = useApp((state) => state.viewHeader?.sampleType.unit ?? '');
  const whole = useApp((state) =>
    state.viewSummaries.reduce((sum, { totals }) => sum + (totals[state.viewSource?.valueIndex ?? 0] ?? 0), 0),
  );
  const [filter, setFilter] = useState('');
  const onFilter = useCallback((event: ChangeEvent<HTMLInputElement>) => {
    setFilter(event.target.value);
  }, []);
  const groups = useMemo(() => labelGroups(table, filter), [table, filter]);
  const hidden = groups.reduce((sum, { rows }) => sum + Math.max(0, rows.length - shownRows), 0) + table.leftOut;
  return (
    <>
      <input
        className="input"
        type="search"
        placeholder="Filter labels"
        aria-label="Filter labels"
        value={filter}
        onChange={onFilter}
        spellCheck={false}
      />
      <div className="labels scroll">
        {groups.map((group) => (
          <Group key={group.key} group={group} unit={unit} whole={whole} close={close} />
        ))}
        {groups.length === 0 ? <p className="field-hint">No label has “{visibleText(filter)}” in it.</p> : null}
      </div>
      <p className="field-hint">
        {table.unlabelled > 0
          ? `${formatValue(table.unlabelled, unit)} carry no label. `
          : 'Every sample carries a label. '}
        {hidden > 0 ? `${hidden.toLocaleString('en')} more: type a part of one.` : ''}
      </p>
    </>
  );
}

interface GroupProps {
  readonly group: LabelGroup;
  readonly unit: string;
  readonly whole: number;
  readonly close: () => void;
}

function Group({ group, unit, whole, close }: GroupProps): ReactElement {
  return (
    <section aria-label={visibleText(group.key)}>
      <h3 className="field-label">
        <Name text={group.key} />
      </h3>
      <ul>
        {group.rows.slice(0, shownRows).map((row) => (
          <Row key={`${row.value} ${row.unit}`} row={row} unit={unit} whole={whole} close={close} />
        ))}
      </ul>
    </section>
  );
}

interface RowProps {
  readonly row: LabelRow;
  readonly unit: string;
  readonly whole: number;
  readonly close: () => void;
}

function Row({ row, unit, whole, close }: RowProps): ReactElement {
  const controls = useControls();
  const { key, value, unit: labelUnit, total } = row;
  const choose = useCallback(
    (kind: 'keep-label' | 'drop-label') => {
      addOperation(controls, { kind, label: { key, value, unit: labelUnit } });
      close();
    },
    [controls, key, value, labelUnit, close],
  );
  const keep = useCallback(() => {
    choose('keep-label');
  }, [choose]);
  const drop = useCallback(() => {
    choose('drop-label');
  }, [choose]);
  const name = labelUnit === '' ? value : `${value} ${labelUnit}`;
  return (
    <li className="label-row">
      <Name text={name} />
      <span className="label-value">{formatValue(total, unit)}</span>
      <span className="label-value mute">{whole > 0 ? formatShare(total / whole) : ''}</span>
      <Button tone="quiet" onClick={keep} aria-label={`Only ${visibleText(name)}`}>
        Only
      </Button>
      <Button tone="quiet" onClick={drop} aria-label={`Without ${visibleText(name)}`}>
        Without
      </Button>
    </li>
  );
}

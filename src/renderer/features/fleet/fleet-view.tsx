import { useCallback, useMemo, useState, type ChangeEvent, type KeyboardEvent, type ReactElement } from 'react';
import type { TargetState } from '../../../contract/target.js';
import { useNow } from '../../app/use-now.js';
import { useApp, useControls } from '../../app/workbench.js';
import { formatCores, formatShare } from '../../format/numbers.js';
import { formatSpan } from '../../format/times.js';
import { visibleText } from '../../format/visible-text.js';
import { chooseTarget } from '../../state/selection-control.js';
import { actOnTarget } from '../../state/targets-control.js';
import { Button } from '../../ui/button.js';
import { Name } from '../../ui/name.js';
import { StateDot } from '../targets/state-dot.js';
import { arrangeTargets } from '../targets/target-rows.js';
import { versionWords } from '../targets/version-words.js';
import { fleetRow, sortFleet, type FleetColumn, type FleetRow } from './fleet-rows.js';
import { useLoads } from './use-loads.js';

const columns: readonly { readonly id: FleetColumn; readonly label: string; readonly numeric: boolean }[] = [
  { id: 'name', label: 'Target', numeric: false },
  { id: 'state', label: 'State', numeric: false },
  { id: 'kernel', label: 'Kernel', numeric: false },
  { id: 'version', label: 'Agent', numeric: false },
  { id: 'services', label: 'Services', numeric: true },
  { id: 'cores', label: 'CPU', numeric: true },
  { id: 'overhead', label: 'Overhead', numeric: true },
  { id: 'windowAgeMs', label: 'Last window', numeric: true },
];

/** Every target at once: sorted, filtered, each row the way to its target. */
export function FleetView(): ReactElement {
  const { store } = useControls();
  const targets = useApp((state) => state.targets);
  const nowMs = useNow();
  const loads = useLoads();
  const [filter, setFilter] = useState('');
  const [sort, setSort] = useState<{ readonly by: FleetColumn; readonly descending: boolean }>({
    by: 'name',
    descending: false,
  });
  const groups = useMemo(() => {
    const arranged = arrangeTargets(targets, filter).map(({ name, targets: members }) => ({
      name,
      rows: members.map((target) => fleetRow(target, loads.get(target.config.id), nowMs)),
    }));
    // Groups stand by themselves; any other order goes over all of them.
    if (sort.by !== 'name') arranged.splice(0, Infinity, { name: '', rows: arranged.flatMap(({ rows }) => rows) });
    return arranged.map(({ name, rows }) => ({ name, rows: sortFleet(rows, sort.by, sort.descending) }));
  }, [targets, filter, loads, nowMs, sort]);
  const sortBy = useCallback((by: FleetColumn) => {
    const numeric = columns.some(({ id, numeric: isNumber }) => id === by && isNumber);
    setSort((before) => ({ by, descending: before.by === by ? !before.descending : numeric }));
  }, []);
  const onFilter = useCallback((event: ChangeEvent<HTMLInputElement>) => {
    setFilter(event.target.value);
  }, []);
  const close = useCallback(() => {
    store.setState({ fleetOpen: false });
  }, [store]);
  return (
    <section className="fleet" aria-label="Fleet overview">
      <header className="fleet-bar">
        <h1>Fleet</h1>
        <span className="fleet-note" role="status">
          {summary(targets)}
        </span>
        <input
          className="input slim"
          type="search"
          placeholder="Filter by name, host, user or group"
          aria-label="Filter the fleet"
          value={filter}
          onChange={onFilter}
          spellCheck={false}
        />
        <ConnectAll />
        <Button onClick={close}>Close</Button>
      </header>
      <div className="fleet-scroll scroll">
        <table className="fleet-table" onKeyDown={moveBetweenRows}>
          <thead>
            <tr>
              {columns.map(({ id, label, numeric }) => (
                <HeadCell
                  key={id}
                  column={id}
                  label={label}
                  numeric={numeric}
                  order={sort.by !== id ? 'none' : sort.descending ? 'descending' : 'ascending'}
                  onSort={sortBy}
                />
              ))}
            </tr>
          </thead>
          {groups.map(({ name, rows }) => (
            <tbody key={name}>
              {name === '' ? null : (
                <tr className="fleet-group">
                  <th scope="rowgroup" colSpan={columns.length}>
                    <Name text={name} />
                  </th>
                </tr>
              )}
              {rows.map((row) => (
                <Row key={row.target.config.id} row={row} />
              ))}
            </tbody>
          ))}
        </table>
        {groups.length === 0 ? (
          <p className="fleet-empty">
            {filter === '' ? 'No targets yet: add a server.' : `No target has “${visibleText(filter)}”.`}
          </p>
        ) : null}
      </div>
    </section>
  );
}

function summary(targets: readonly TargetState[]): string {
  const connected = targets.filter(({ link }) => link.state === 'connected').length;
  const profiling = targets.filter(({ agent }) => agent.state === 'profiling').length;
  const failed = targets.filter(({ link, agent }) => link.state === 'failed' || agent.state === 'failed').length;
  return `${connected} of ${targets.length} connected, ${profiling} profiling${failed === 0 ? '' : `, ${failed} failed`}`;
}

/** Connects to every server that is not. */
function ConnectAll(): ReactElement {
  const controls = useControls();
  const targets = useApp((state) => state.targets);
  const apart = targets.filter(({ link }) => link.state === 'disconnected' || link.state === 'failed');
  const connect = useCallback(() => {
    for (const { config } of apart) void actOnTarget(controls, 'link.connect', config.id); // shows its own failure
  }, [apart, controls]);
  return (
    <Button onClick={connect} disabled={apart.length === 0}>
      Connect all
    </Button>
  );
}

interface HeadCellProps {
  readonly column: FleetColumn;
  readonly label: string;
  readonly numeric: boolean;
  readonly order: 'none' | 'ascending' | 'descending';
  readonly onSort: (column: FleetColumn) => void;
}

function HeadCell({ column, label, numeric, order, onSort }: HeadCellProps): ReactElement {
  const sort = useCallback(() => {
    onSort(column);
  }, [column, onSort]);
  return (
    <th scope="col" aria-sort={order} className={numeric ? 'number' : undefined}>
      <button type="button" onClick={sort}>
        {label}
        {order === 'none' ? '' : order === 'ascending' ? ' ↑' : ' ↓'}
      </button>
    </th>
  );
}

/** Arrow keys go from row to row. */
function moveBetweenRows(event: KeyboardEvent<HTMLTableElement>): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step === 0) return;
  const buttons = [...event.currentTarget.querySelectorAll<HTMLButtonElement>('.fleet-name')];
  const at = buttons.findIndex((button) => button === document.activeElement);
  const next = buttons[at === -1 ? 0 : at + step];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}

function Row({ row }: { readonly row: FleetRow }): ReactElement {
  const controls = useControls();
  const { target, words, kernel, version, services, cores, cpuCount, overhead, windowAgeMs } = row;
  const { config } = target;
  const choose = useCallback(() => {
    chooseTarget(controls, config.id);
  }, [controls, config.id]);
  const other = versionWords(target);
  return (
    <tr onClick={choose} data-mark={config.kind === 'ssh' ? config.colour : undefined}>
      <th scope="row">
        <button type="button" className="fleet-name">
          <StateDot shape={words.shape} />
          <Name text={config.name} />
        </button>
      </th>
      <td className={words.shape === 'failed' ? 'bad clip' : 'clip'} title={visibleText(words.message)}>
        {words.state}
      </td>
      <td className="clip">{kernel === undefined ? '–' : visibleText(kernel)}</td>
      <td className={other === undefined ? 'clip' : 'clip other'} title={other?.sentence ?? version}>
        {version === undefined ? '–' : visibleText(version.split('+')[0] ?? '')}
        {target.agent.replacement === undefined || other === undefined ? '' : `, ${target.agent.replacement.running}`}
      </td>
      <td className="number">{services ?? '–'}</td>
      <td className="number">{cores === undefined ? '–' : `${formatCores(cores)} of ${cpuCount ?? '?'}`}</td>
      <td className="number">{overhead === undefined ? '–' : formatShare(overhead)}</td>
      <td className="number">{windowAgeMs === undefined ? '–' : `${formatSpan(windowAgeMs)} ago`}</td>
    </tr>
  );
}

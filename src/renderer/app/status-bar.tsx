import { useCallback, type ReactElement } from 'react';
import { visibleText } from '../format/visible-text.js';
import { toggleTimeZone } from '../state/settings-control.js';
import { currentTarget } from '../state/targets-control.js';
import { statusItems, type StatusItem } from './status-words.js';
import { watchSummary } from '../features/watches/watch-words.js';
import { useNow } from './use-now.js';
import { useApp, useControls } from './workbench.js';

/** Link, agent, window, losses, Pyroscope: whether what is shown can be trusted. */
export function StatusBar(): ReactElement {
  const { store } = useControls();
  const target = useApp(currentTarget);
  const nowMs = useNow();
  const showKeys = useCallback(() => {
    store.setState({ dialog: { kind: 'keys' } });
  }, [store]);
  const items = target === undefined ? [] : statusItems(target, nowMs);
  return (
    <footer className="status" aria-label="Status">
      {items.map((item) => (
        <Item key={item.key} item={item} />
      ))}
      <WatchButton />
      <TimeZoneButton />
      <button type="button" className="status-keys" onClick={showKeys}>
        ? keys
      </button>
    </footer>
  );
}

/** How what is watched is; leads to the list. */
function WatchButton(): ReactElement | null {
  const { store } = useControls();
  const rules = useApp((state) => state.settings.watches);
  const states = useApp((state) => state.watchStates);
  const open = useCallback(() => {
    store.setState({ dialog: { kind: 'watches' } });
  }, [store]);
  const summary = watchSummary(rules, states);
  if (summary === undefined) return null;
  return (
    <button type="button" className="status-watch" title="Watch list" onClick={open}>
      {summary.above ? <b className="danger">▲ {summary.text}</b> : summary.text}
    </button>
  );
}

/** Says by which clock times are said, and changes it. */
function TimeZoneButton(): ReactElement {
  const controls = useControls();
  const utc = useApp((state) => state.settings.timeZone === 'utc');
  const toggle = useCallback(() => {
    toggleTimeZone(controls);
  }, [controls]);
  return (
    <button
      type="button"
      className="status-zone"
      title={
        utc ? 'Times are in UTC. Press for the clock of this computer' : 'Times are of this computer. Press for UTC'
      }
      onClick={toggle}
    >
      {utc ? 'UTC' : 'local time'}
    </button>
  );
}

function Item({ item }: { readonly item: StatusItem }): ReactElement {
  const { before, value, after, tone, title } = item;
  return (
    <span
      className="status-item"
      data-key={item.key}
      title={title === undefined ? undefined : title.split('\n').map(visibleText).join('\n')}
    >
      {visibleText(before)} <b className={tone}>{visibleText(value)}</b>
      {after}
    </span>
  );
}

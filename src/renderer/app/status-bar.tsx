import { useCallback, type ReactElement } from 'react';
import { visibleText } from '../format/visible-text.js';
import { currentTarget } from '../state/targets-control.js';
import { statusItems, type StatusItem } from './status-words.js';
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
      <button type="button" className="status-keys" onClick={showKeys}>
        ? keys
      </button>
    </footer>
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

import { useCallback, type ReactElement } from 'react';
import type { LabelKey } from '../../contract/operations.js';
import { setOfQuery } from '../../core/operations/query-set.js';
import { useControls } from '../app/workbench.js';
import { visibleText } from '../format/visible-text.js';
import { addOperation } from '../state/operations-control.js';
import { filterSelection } from '../state/selection-control.js';
import { MenuItem } from '../ui/menu.js';
import { Submenu } from '../ui/submenu.js';
import { patternActions } from './frame-actions.js';
import { useFilterLabels, type FilterLabel } from './filter-labels.js';

interface EntriesProps {
  /** Closes all of the menu. */
  readonly close: () => void;
}

/** What is done with the frames that the search finds. */
export function PatternItems({ close }: EntriesProps): ReactElement {
  const controls = useControls();
  const main = controls.operationsOn ?? controls;
  const search = main.store((state) => state.search);
  const mode = main.store((state) => state.searchMode);
  const found = setOfQuery(search, mode);
  const add = (kind: (typeof patternActions)[number][0]) => () => {
    if (found !== undefined) addOperation(main, { kind, frames: found });
  };
  return (
    <>
      {patternActions.map(([kind, title]) => (
        <MenuItem
          key={kind}
          close={close}
          onChoose={add(kind)}
          disabled={found === undefined}
          {...(found === undefined ? { hint: 'search first' } : {})}
        >
          {title}
        </MenuItem>
      ))}
    </>
  );
}

/** Filters: by the labels that there are, threads and processes first, and by what the search finds. */
export function FilterMenu({ close }: EntriesProps): ReactElement {
  return (
    <Submenu title="Filter">
      <LabelEntries close={close} />
      <hr />
      <PatternItems close={close} />
    </Submenu>
  );
}

/** Labels are asked for once the menu is open. */
function LabelEntries({ close }: EntriesProps): ReactElement {
  const controls = useControls();
  const main = controls.operationsOn ?? controls;
  const labels = useFilterLabels(main);
  const showAll = useCallback(() => {
    if (labels.kind === 'source') document.querySelector<HTMLElement>('.readout.selector')?.click();
    else main.store.setState({ dialog: { kind: 'labels' } });
  }, [main, labels]);
  const choose = useCallback(
    (label: LabelKey, keep: boolean) => {
      if (labels.kind === 'source') filterSelection(main, label, keep);
      else addOperation(main, { kind: keep ? 'keep-label' : 'drop-label', label });
    },
    [main, labels],
  );
  if (labels.keys.length === 0) {
    return (
      <MenuItem close={close} onChoose={close} disabled hint={labels.words}>
        By label
      </MenuItem>
    );
  }
  return (
    <>
      {[true, false].map((keep) =>
        labels.keys.map((label) => (
          <LabelMenu key={`${String(keep)} ${label.key}`} label={label} keep={keep} onChoose={choose} close={close} />
        )),
      )}
      <MenuItem close={close} onChoose={showAll} {...(labels.kind === 'source' ? { hint: 'write a selector' } : {})}>
        Other labels…
      </MenuItem>
    </>
  );
}

interface LabelMenuProps extends EntriesProps {
  readonly label: FilterLabel;
  readonly keep: boolean;
  readonly onChoose: (label: LabelKey, keep: boolean) => void;
}

function LabelMenu({ label, keep, onChoose, close }: LabelMenuProps): ReactElement {
  return (
    <Submenu title={visibleText(`${keep ? 'Only' : 'Without'} ${label.key}`)}>
      {label.values.map((value) => (
        <MenuItem
          key={`${value.value} ${value.unit}`}
          close={close}
          onChoose={() => {
            onChoose(value, keep);
          }}
          {...(value.share === undefined ? {} : { hint: value.share })}
        >
          {visibleText(value.unit === '' ? value.value : `${value.value} ${value.unit}`)}
        </MenuItem>
      ))}
      {label.more === 0 ? null : (
        <MenuItem close={close} onChoose={close} disabled>
          {`${label.more.toLocaleString('en')} more under Other labels`}
        </MenuItem>
      )}
    </Submenu>
  );
}

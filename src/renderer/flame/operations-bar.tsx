import { useCallback, type ReactElement } from 'react';
import type { Operation } from '../../contract/operations.js';
import { useApp, useControls } from '../app/workbench.js';
import { hasLabels, removeOperation, removeOperations } from '../state/operations-control.js';
import { ChevronIcon, CloseIcon } from '../ui/icons.js';
import { MenuItem, Popover } from '../ui/menu.js';
import { wholeActions } from './frame-actions.js';
import { PatternItems } from './filter-menu.js';
import { ActionItem } from './frame-menu.js';
import { operationWords } from './operation-words.js';

/** What is done to the profiles before they are shown, in order; each can be taken out again, and more be done. */
export function OperationsBar(): ReactElement {
  const operations = useApp((state) => state.operations);
  return (
    <div className="operations">
      <OperationsMenu />
      {operations.length === 0 ? null : (
        <ul aria-label="Operations">
          {operations.map((operation, index) => (
            <OperationCrumb key={index} operation={operation} index={index} />
          ))}
        </ul>
      )}
    </div>
  );
}

function OperationCrumb({ operation, index }: { readonly operation: Operation; readonly index: number }): ReactElement {
  const controls = useControls();
  const remove = useCallback(() => {
    removeOperation(controls, index);
  }, [controls, index]);
  const words = operationWords(operation);
  return (
    <li>
      <button
        type="button"
        className="operation"
        title={`${words}\nClick to take it out`}
        aria-label={`Remove: ${words}`}
        onClick={remove}
      >
        <span className="clip">{words}</span>
        <CloseIcon />
      </button>
    </li>
  );
}

function OperationsMenu(): ReactElement {
  const controls = useControls();
  const some = useApp((state) => state.operations.length > 0);
  const removeAll = useCallback(() => {
    removeOperations(controls);
  }, [controls]);
  const labelled = useApp(hasLabels);
  const chooseLabel = useCallback(() => {
    controls.store.setState({ dialog: { kind: 'labels' } });
  }, [controls]);
  return (
    <Popover
      label="Operations"
      button={(props) => (
        <button type="button" className="crumb" title="What is done to the profile before it is shown" {...props}>
          Operations <ChevronIcon />
        </button>
      )}
    >
      {(close) => (
        <>
          {wholeActions.map((action) => (
            <ActionItem key={action.title} action={action} close={close} />
          ))}
          <hr />
          <MenuItem
            close={close}
            onChoose={chooseLabel}
            disabled={!labelled}
            hint={labelled ? 'thread, process …' : 'its samples carry none'}
          >
            Filter by label…
          </MenuItem>
          <hr />
          <PatternItems close={close} />
          {some ? (
            <>
              <hr />
              <MenuItem close={close} onChoose={removeAll}>
                Show the profile as it is
              </MenuItem>
            </>
          ) : null}
        </>
      )}
    </Popover>
  );
}

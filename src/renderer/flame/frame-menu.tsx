import { useCallback, useLayoutEffect, useRef, type ReactElement } from 'react';
import { useControls } from '../app/workbench.js';
import { useCell } from '../state/cell.js';
import { removeOperations } from '../state/operations-control.js';
import type { AppState } from '../state/store.js';
import { ContextMenu } from '../ui/context-menu.js';
import { shownFigures } from '../features/guidance/node-figures.js';
import type { FigureSet } from '../features/guidance/figures.js';
import { MenuItem } from '../ui/menu.js';
import { Submenu } from '../ui/submenu.js';
import { FilterMenu } from './filter-menu.js';
import { frameActions, wholeEntries, type FrameAction, type MenuEntry } from './frame-actions.js';
import type { FlameModel } from './model.js';

/** A frame whose menu is open, and where in the window. */
export interface MenuPlace {
  readonly node: number;
  readonly xPx: number;
  readonly yPx: number;
  /** Those of the row that was clicked at; absent: the frame's own. */
  readonly figures?: FigureSet;
}

interface FrameMenuProps {
  readonly place: MenuPlace;
  readonly onClose: () => void;
}

/** What can be done with a frame, and then to the whole; of the root the whole alone. */
export function FrameMenu({ place, onClose }: FrameMenuProps): ReactElement | null {
  const controls = useControls();
  const { flame, operationsOn } = controls;
  const model = useCell(flame);
  const { node, xPx, yPx } = place;
  // The number of a node means another frame once the view is another, as while Live goes on, or all of it is there.
  const stage = model?.stage;
  const opened = useRef({ model, stage });
  useLayoutEffect(() => {
    if (opened.current.model !== model || opened.current.stage !== stage) onClose();
  }, [model, stage, onClose]);
  if (model === null || node >= model.graph.count) return null;
  const main = operationsOn ?? controls;
  const state = main.store.getState();
  const ofFrame = node <= 0 ? [] : frameActions(model, node, operationsOn !== undefined);
  return (
    <ContextMenu label={`Actions for ${model.label(Math.max(0, node))}`} xPx={xPx} yPx={yPx} onClose={onClose}>
      {place.figures === undefined ? null : (
        <>
          <ExplainItem place={place} model={model} close={onClose} />
          <hr />
        </>
      )}
      <Entries entries={ofFrame} state={state} close={onClose} />
      {place.figures === undefined ? <ExplainItem place={place} model={model} close={onClose} /> : null}
      {place.figures !== undefined && ofFrame.length === 0 ? null : <hr />}
      <div role="group" aria-label="The whole profile">
        <div className="menu-part" aria-hidden="true">
          The whole profile
        </div>
        <Entries entries={wholeEntries} state={state} close={onClose} />
        <FilterMenu close={onClose} />
        {state.operations.length === 0 ? null : (
          <MenuItem
            close={onClose}
            onChoose={() => {
              removeOperations(main);
            }}
          >
            Show it as it is
          </MenuItem>
        )}
      </div>
    </ContextMenu>
  );
}

interface ExplainItemProps {
  readonly place: MenuPlace;
  readonly model: FlameModel;
  readonly close: () => void;
}

/** Explains the number that was clicked at, or those of the frame. */
function ExplainItem({ place, model, close }: ExplainItemProps): ReactElement {
  const controls = useControls();
  const explain = useCallback(() => {
    const { node, xPx, yPx, figures } = place;
    controls.explaining.set({ set: figures ?? shownFigures(controls, model, Math.max(0, node)), xPx, yPx });
  }, [controls, place, model]);
  return (
    <MenuItem close={close} onChoose={explain} hint="E">
      {place.figures === undefined ? 'Explain its numbers' : 'Explain this number'}
    </MenuItem>
  );
}

interface EntriesProps {
  readonly entries: readonly MenuEntry[];
  readonly state: AppState;
  readonly close: () => void;
}

function Entries({ entries, state, close }: EntriesProps): ReactElement {
  const possible = entries.filter((entry) => entry === null || 'actions' in entry || entry.enabled?.(state) !== false);
  return (
    <>
      {possible.map((entry, index) => {
        if (entry === null) return <hr key={index} />;
        if (!('actions' in entry)) return <ActionItem key={index} action={entry} close={close} />;
        const { title, hint, actions } = entry;
        return (
          <Submenu key={index} title={title} {...(hint === undefined ? {} : { hint })}>
            {actions.map((action) => (
              <ActionItem key={action.title} action={action} close={close} short />
            ))}
          </Submenu>
        );
      })}
    </>
  );
}

interface ActionItemProps {
  readonly action: FrameAction;
  readonly close: () => void;
  /** Below a title that says the rest. */
  readonly short?: boolean;
}

/** One entry of such a menu. */
export function ActionItem({ action, close, short = false }: ActionItemProps): ReactElement {
  const controls = useControls();
  const { title, hint, run } = action;
  const choose = useCallback(() => {
    run(controls);
  }, [run, controls]);
  return (
    <MenuItem close={close} onChoose={choose} {...(hint === undefined ? {} : { hint })}>
      {short ? (action.short ?? title) : title}
    </MenuItem>
  );
}

import { useCallback, type ReactElement } from 'react';
import { useControls } from '../app/workbench.js';
import { useCell } from '../state/cell.js';
import { ContextMenu } from '../ui/context-menu.js';
import { shownFigures } from '../features/guidance/node-figures.js';
import type { FigureSet } from '../features/guidance/figures.js';
import { MenuItem } from '../ui/menu.js';
import type { FlameModel } from './model.js';
import { frameActions, wholeActions, type FrameAction } from './frame-actions.js';

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

/** What can be done with a frame; with the root, what can be done to the whole. */
export function FrameMenu({ place, onClose }: FrameMenuProps): ReactElement | null {
  const controls = useControls();
  const { flame, operationsOn } = controls;
  const model = useCell(flame);
  const { node, xPx, yPx } = place;
  if (model === null || node >= model.graph.count) return null;
  const actions = node <= 0 ? wholeActions : frameActions(model, node, operationsOn !== undefined);
  const state = (operationsOn ?? controls).store.getState();
  const possible = actions.filter((action) => action?.enabled?.(state) !== false);
  return (
    <ContextMenu label={`Actions for ${model.label(Math.max(0, node))}`} xPx={xPx} yPx={yPx} onClose={onClose}>
      {place.figures === undefined ? null : (
        <>
          <ExplainItem place={place} model={model} close={onClose} />
          <hr />
        </>
      )}
      {possible.map((action, index) =>
        action === null ? <hr key={index} /> : <ActionItem key={index} action={action} close={onClose} />,
      )}
      {place.figures === undefined ? (
        <>
          <hr />
          <ExplainItem place={place} model={model} close={onClose} />
        </>
      ) : null}
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

interface ActionItemProps {
  readonly action: FrameAction;
  readonly close: () => void;
}

/** One entry of such a menu. */
export function ActionItem({ action, close }: ActionItemProps): ReactElement {
  const controls = useControls();
  const { title, hint, run } = action;
  const choose = useCallback(() => {
    run(controls);
  }, [run, controls]);
  return (
    <MenuItem close={close} onChoose={choose} {...(hint === undefined ? {} : { hint })}>
      {title}
    </MenuItem>
  );
}

import { useCallback, type ReactElement } from 'react';
import { useControls } from '../app/workbench.js';
import { useCell } from '../state/cell.js';
import { ContextMenu } from '../ui/context-menu.js';
import { MenuItem } from '../ui/menu.js';
import { frameActions, wholeActions, type FrameAction } from './frame-actions.js';

/** A frame whose menu is open, and where in the window. */
export interface MenuPlace {
  readonly node: number;
  readonly xPx: number;
  readonly yPx: number;
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
      {possible.map((action, index) =>
        action === null ? <hr key={index} /> : <ActionItem key={index} action={action} close={onClose} />,
      )}
    </ContextMenu>
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

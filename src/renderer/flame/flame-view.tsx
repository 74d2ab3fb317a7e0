import { useCallback, useId, useRef, useState, type KeyboardEvent, type ReactElement, type RefObject } from 'react';
import { useApp, useControls } from '../app/workbench.js';
import { useBoxSize } from '../features/timeline/use-box-size.js';
import { useFigures, type FigurePlace } from '../features/guidance/find-figures.js';
import { shownFigures } from '../features/guidance/node-figures.js';
import { useCell } from '../state/cell.js';
import type { Context } from '../state/context.js';
import { FlameCanvas, type Hover } from './flame-canvas.js';
import { flameCommand, type FlameCommand } from './flame-keys.js';
import { FlameMatches, FlameRows, rowId, useCurrentNode, useRows } from './flame-mirror.js';
import { FlameTooltip } from './flame-tooltip.js';
import { FrameMenu, type MenuPlace } from './frame-menu.js';
import { followPointer } from './flame-pointer.js';
import { Minimap, wantsMinimap } from './minimap.js';
import { StickyCallers } from './sticky-callers.js';
import { TimeRuler } from './time-ruler.js';

const panStepPx = 80;

interface FlameViewProps {
  readonly label?: string;
  /** Whether a graph that does not fit gets a picture of the whole above it. */
  readonly withMinimap?: boolean;
}

/**
 * The flame graph of what is on the screen: canvas, tooltip, menu, keys; and the same as a tree grid for those who do not see it. The
 * grid has the focus and the keys, and its active row is the selected frame.
 */
export function FlameView({ label = 'Flame graph', withMinimap = false }: FlameViewProps): ReactElement {
  const controls = useControls();
  const gridId = useId();
  const model = useCell(controls.flame);
  const [flame, setFlame] = useState<FlameCanvas | null>(null);
  const [hover, setHover] = useState<Hover | null>(null);
  const [menu, setMenu] = useState<MenuPlace | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const mapped = useMinimap(box, withMinimap);
  const timed = (model?.header?.time?.perMs ?? 0) > 0;
  const node = useCurrentNode(flame);
  const { rows, rowCount } = useRows(model, node);
  const figuresAt = useCallback(
    ({ target, point }: FigurePlace) => {
      const shown = flame?.model ?? null;
      const bounds = box.current?.querySelector('canvas')?.getBoundingClientRect();
      if (flame === null || shown === null || bounds === undefined || target.closest('.flame-grid') === null)
        return null;
      const at = point === undefined ? node : flame.nodeAt(point.xPx - bounds.left, point.yPx - bounds.top);
      if (at < 0 || at >= shown.graph.count) return null;
      const { xPx, yPx } = flame.placeOf(at);
      return { ...shownFigures(controls, shown, at), at: { xPx: bounds.left + xPx, yPx: bounds.top + yPx } };
    },
    [flame, controls, node],
  );
  useFigures(box, figuresAt);
  const closeMenu = useCallback(() => {
    setMenu(null);
  }, []);
  const attach = useCallback(
    (canvas: HTMLCanvasElement) => {
      const created = new FlameCanvas(canvas, controls, setHover, closeMenu);
      const end = followPointer(canvas, created, setMenu);
      setFlame(created);
      return () => {
        end();
        setFlame(null);
        created.dispose();
      };
    },
    [controls, closeMenu],
  );
  const onKeyDown = useCallback(
    (event: KeyboardEvent<HTMLDivElement>) => {
      const shown = flame?.model ?? null;
      if (flame === null || shown === null || event.ctrlKey || event.metaKey || event.altKey) return;
      const { singleKeys, orientation } = controls.store.getState().settings;
      const press = { key: event.key, shiftKey: event.shiftKey, singleKeys, up: orientation === 'flame' };
      const command = flameCommand(press, shown, flame.selected, flame.zoomNode);
      if (command === null) return;
      event.preventDefault();
      if (command.kind !== 'menu') carryOut(command, flame, controls, event.repeat);
      else {
        const { left, top } = event.currentTarget.getBoundingClientRect();
        const { xPx, yPx } = flame.placeOf(command.node);
        setMenu({ node: command.node, xPx: left + xPx, yPx: top + yPx });
      }
    },
    [controls, flame],
  );

  return (
    <div className="flame" ref={box}>
      {mapped && flame !== null ? <Minimap flame={flame} /> : null}
      {timed && flame !== null ? <TimeRuler flame={flame} /> : null}
      <div className="flame-stage">
        <div
          className="flame-grid"
          role="treegrid"
          aria-label={label}
          aria-rowcount={rowCount + 1}
          aria-activedescendant={rows.length === 0 ? undefined : rowId(gridId, node)}
          data-hint="flame"
          tabIndex={0}
          onKeyDown={onKeyDown}
        >
          <canvas ref={attach} data-state="empty" data-total="0" data-nodes="0" aria-hidden="true" />
          <FlameRows gridId={gridId} model={model} node={node} rows={rows} />
        </div>
        {flame === null ? null : <StickyCallers flame={flame} />}
        {hover === null || menu !== null ? null : <FlameTooltip hover={hover} />}
        {menu === null ? null : <FrameMenu place={menu} onClose={closeMenu} />}
        <FlameMatches />
      </div>
    </div>
  );
}

/** Whether there is a picture of the whole: from the view's header on, so that nothing moves when the graph is there. */
function useMinimap(box: RefObject<HTMLElement | null>, wanted: boolean): boolean {
  const { heightPx } = useBoxSize(box);
  const shown = useApp((state) => state.settings.minimap);
  const depth = useApp((state) => state.viewHeader?.depth ?? 0);
  const nodeCount = useApp((state) => state.viewHeader?.nodeCount ?? 0);
  return wanted && shown && wantsMinimap(depth, nodeCount, heightPx);
}

function carryOut(
  command: Exclude<FlameCommand, { kind: 'menu' }>,
  flame: FlameCanvas,
  controls: Context,
  held: boolean,
): void {
  switch (command.kind) {
    case 'select':
      flame.select(command.node, held);
      break;
    case 'zoom':
      flame.zoom(command.node);
      break;
    case 'magnify':
      flame.zoomAround(command.factor);
      break;
    case 'pan':
      flame.pan(command.right * panStepPx, command.down * panStepPx);
      break;
    case 'page':
      flame.scrollPage(command.down);
      break;
    case 'reset':
      flame.showWhole();
      break;
    case 'copy':
      void controls.shell.call('clipboard.write', { text: command.text }); // nothing to say when it fails
      break;
  }
}

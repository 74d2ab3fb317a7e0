import { useCallback, useEffect, useRef, useState, type KeyboardEvent, type ReactElement, type RefObject } from 'react';
import { useControls } from '../app/workbench.js';
import type { Context } from '../state/context.js';
import { FlameCanvas, type Hover } from './flame-canvas.js';
import { flameCommand, type FlameCommand } from './flame-keys.js';
import { FlameMirror } from './flame-mirror.js';
import { FlameTooltip } from './flame-tooltip.js';
import { FrameMenu, type MenuPlace } from './frame-menu.js';
import { followPointer } from './flame-pointer.js';

const panStepPx = 80;

/** The flame graph of what is on the screen: canvas, tooltip, menu, keys, and a tree for those who do not see it. */
export function FlameView({ label = 'Flame graph' }: { readonly label?: string }): ReactElement {
  const controls = useControls();
  const canvas = useRef<HTMLCanvasElement>(null);
  const flame = useRef<FlameCanvas | null>(null);
  const [hover, setHover] = useState<Hover | null>(null);
  const [menu, setMenu] = useState<MenuPlace | null>(null);
  useFlameCanvas(canvas, flame, controls, setHover, setMenu);
  const closeMenu = useCallback(() => {
    setMenu(null);
  }, []);

  const onKeyDown = useCallback(
    (event: KeyboardEvent<HTMLDivElement>) => {
      const current = flame.current;
      const model = current?.model ?? null;
      if (current === null || model === null || event.ctrlKey || event.metaKey || event.altKey) return;
      const { singleKeys, orientation } = controls.store.getState().settings;
      const press = { key: event.key, shiftKey: event.shiftKey, singleKeys, up: orientation === 'flame' };
      const command = flameCommand(press, model, current.selected, current.zoomNode);
      if (command === null) return;
      event.preventDefault();
      if (command.kind !== 'menu') carryOut(command, current, controls);
      else {
        const box = event.currentTarget.getBoundingClientRect();
        const { xPx, yPx } = current.placeOf(command.node);
        setMenu({ node: command.node, xPx: box.left + xPx, yPx: box.top + yPx });
      }
    },
    [controls],
  );

  return (
    <div className="flame" role="group" aria-label={label} data-hint="flame" tabIndex={0} onKeyDown={onKeyDown}>
      <canvas ref={canvas} data-state="empty" data-total="0" data-nodes="0" aria-hidden="true" />
      {hover === null || menu !== null ? null : <FlameTooltip hover={hover} />}
      {menu === null ? null : <FrameMenu place={menu} onClose={closeMenu} />}
      <FlameMirror />
    </div>
  );
}

function carryOut(command: Exclude<FlameCommand, { kind: 'menu' }>, flame: FlameCanvas, controls: Context): void {
  switch (command.kind) {
    case 'select':
      flame.select(command.node);
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
    case 'reset':
      flame.showWhole();
      break;
    case 'copy':
      void controls.shell.call('clipboard.write', { text: command.text }); // nothing to say when it fails
      break;
  }
}

function useFlameCanvas(
  canvasRef: RefObject<HTMLCanvasElement | null>,
  flameRef: RefObject<FlameCanvas | null>,
  controls: Context,
  onHover: (hover: Hover | null) => void,
  onMenu: (place: MenuPlace) => void,
): void {
  useEffect(() => {
    const element = canvasRef.current;
    if (element === null) return undefined;
    const created = new FlameCanvas(element, controls, onHover);
    flameRef.current = created;
    const end = followPointer(element, created, onMenu);
    return () => {
      end();
      flameRef.current = null;
      created.dispose();
    };
  }, [canvasRef, flameRef, controls, onHover, onMenu]);
}

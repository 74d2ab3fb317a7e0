import {
  useCallback,
  useEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type MouseEvent,
  type ReactElement,
  type RefObject,
} from 'react';
import { useControls } from '../app/workbench.js';
import type { Context } from '../state/context.js';
import { FlameCanvas, type Hover } from './flame-canvas.js';
import { flameCommand } from './flame-keys.js';
import { FlameMirror } from './flame-mirror.js';
import { FlameTooltip } from './flame-tooltip.js';

/** The flame graph of what is on the screen: canvas, tooltip, keys, and a tree for those who do not see it. */
export function FlameView(): ReactElement {
  const controls = useControls();
  const canvas = useRef<HTMLCanvasElement>(null);
  const flame = useRef<FlameCanvas | null>(null);
  const [hover, setHover] = useState<Hover | null>(null);
  useFlameCanvas(canvas, flame, controls, setHover);

  const onMove = useCallback((event: MouseEvent<HTMLCanvasElement>) => {
    flame.current?.hover(event.nativeEvent.offsetX, event.nativeEvent.offsetY);
  }, []);
  const onLeave = useCallback(() => {
    flame.current?.leave();
  }, []);
  const onClick = useCallback((event: MouseEvent<HTMLCanvasElement>) => {
    const current = flame.current;
    current?.select(current.nodeAt(event.nativeEvent.offsetX, event.nativeEvent.offsetY));
  }, []);
  const onDoubleClick = useCallback((event: MouseEvent<HTMLCanvasElement>) => {
    const current = flame.current;
    current?.zoom(current.nodeAt(event.nativeEvent.offsetX, event.nativeEvent.offsetY));
  }, []);
  const onKeyDown = useCallback(
    (event: KeyboardEvent<HTMLDivElement>) => {
      const current = flame.current;
      const model = current?.model ?? null;
      if (current === null || model === null || event.ctrlKey || event.metaKey || event.altKey) return;
      const command = flameCommand(event.key, model, current.selected, current.zoomNode);
      if (command === null) return;
      event.preventDefault();
      switch (command.kind) {
        case 'select':
          current.select(command.node);
          break;
        case 'zoom':
          current.zoom(command.node);
          break;
        case 'reset':
          controls.store.setState({ zoomPath: [], selectedPath: [] });
          break;
        case 'copy':
          void controls.shell.call('clipboard.write', { text: command.text }); // nothing to say when it fails
          break;
      }
    },
    [controls],
  );

  return (
    <div className="flame" role="group" aria-label="Flame graph" data-hint="flame" tabIndex={0} onKeyDown={onKeyDown}>
      <canvas
        ref={canvas}
        data-state="empty"
        data-total="0"
        data-nodes="0"
        aria-hidden="true"
        onMouseMove={onMove}
        onMouseLeave={onLeave}
        onClick={onClick}
        onDoubleClick={onDoubleClick}
      />
      {hover === null ? null : <FlameTooltip hover={hover} />}
      <FlameMirror />
    </div>
  );
}

function useFlameCanvas(
  canvasRef: RefObject<HTMLCanvasElement | null>,
  flameRef: RefObject<FlameCanvas | null>,
  controls: Context,
  onHover: (hover: Hover | null) => void,
): void {
  useEffect(() => {
    const element = canvasRef.current;
    if (element === null) return undefined;
    const created = new FlameCanvas(element, controls, onHover);
    flameRef.current = created;
    const onWheel = (event: WheelEvent): void => {
      if (event.ctrlKey || event.deltaY === 0) return;
      event.preventDefault();
      created.scroll(event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 19 : event.deltaY);
    };
    // Not by React: its wheel listeners are passive and can not keep the page from scrolling.
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => {
      element.removeEventListener('wheel', onWheel);
      flameRef.current = null;
      created.dispose();
    };
  }, [canvasRef, flameRef, controls, onHover]);
}

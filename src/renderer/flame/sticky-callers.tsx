import { useCallback, useEffect, useRef, useState, type CSSProperties, type ReactElement, type RefObject } from 'react';
import { plural } from '../format/numbers.js';
import { toCss } from '../../core/flame/oklch.js';
import type { FlameCanvas, ShownPart } from './flame-canvas.js';
import { followWheel } from './flame-pointer.js';
import { stickyCallers } from './sticky.js';
import { sidePaddingPx } from './viewport.js';

/** A caller at the edge as it is drawn. */
interface StickyRow {
  readonly node: number;
  readonly label: string;
  readonly leftPx: number;
  readonly widthPx: number;
  readonly fill: string;
  readonly text: string;
}

interface Sticky {
  readonly rows: readonly StickyRow[];
  readonly skipped: number;
  readonly up: boolean;
}

const nothing: Sticky = { rows: [], skipped: 0, up: false };

/** Callers that are scrolled out of sight, at the edge that the root is at. A click goes back to one. */
export function StickyCallers({ flame }: { readonly flame: FlameCanvas }): ReactElement | null {
  const [sticky, setSticky] = useState<Sticky>(nothing);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let shown = '';
    return flame.follow((part) => {
      const next = part === null ? nothing : stickyOf(part);
      const key = JSON.stringify(next);
      if (key === shown) return;
      shown = key;
      setSticky(next);
    });
  }, [flame]);
  const some = sticky.rows.length > 0;
  useWheel(box, flame, some);
  const toRoot = useCallback(() => {
    flame.select(0);
    flame.scrollToRoot();
  }, [flame]);
  if (!some) return null;
  return (
    <div className={sticky.up ? 'flame-sticky up' : 'flame-sticky'} ref={box} aria-hidden="true">
      {sticky.rows.map((row) => (
        <StickyButton key={row.node} row={row} flame={flame} />
      ))}
      {sticky.skipped === 0 ? null : (
        <button type="button" className="flame-sticky-more" tabIndex={-1} onClick={toRoot}>
          {plural(sticky.skipped, 'caller', 'callers')} more
        </button>
      )}
    </div>
  );
}

function StickyButton({ row, flame }: { readonly row: StickyRow; readonly flame: FlameCanvas }): ReactElement {
  const { node, label, leftPx, widthPx, fill, text } = row;
  const style: CSSProperties = { marginLeft: leftPx, width: widthPx, background: fill, color: text };
  const select = useCallback(() => {
    flame.select(node);
  }, [flame, node]);
  const zoom = useCallback(() => {
    flame.zoom(node);
  }, [flame, node]);
  return (
    <button
      type="button"
      className="flame-sticky-row clip"
      tabIndex={-1}
      style={style}
      title={label}
      onClick={select}
      onDoubleClick={zoom}
    >
      {label}
    </button>
  );
}

function useWheel(box: RefObject<HTMLElement | null>, flame: FlameCanvas, there: boolean): void {
  useEffect(() => (box.current === null ? undefined : followWheel(box.current, flame)), [box, flame, there]);
}

function stickyOf({ model, viewport, widthPx, up, palette }: ShownPart): Sticky {
  const { graph } = model;
  const { nodes, skipped } = stickyCallers(graph, viewport);
  const { from, to } = viewport;
  const innerPx = widthPx - 2 * sidePaddingPx;
  const place = (x: number): number => Math.max(0, Math.min(innerPx, Math.round(((x - from) / (to - from)) * innerPx)));
  const rows = nodes.map((node): StickyRow => {
    const left = place(graph.x0[node] ?? 0);
    return {
      node,
      label: model.label(node),
      leftPx: left,
      widthPx: Math.max(1, place(graph.x1[node] ?? 0) - left),
      fill: toCss(palette.fill(node)),
      text: palette.text(node),
    };
  });
  return { rows, skipped, up };
}

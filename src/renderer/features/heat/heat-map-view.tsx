import {
  useCallback,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type PointerEvent,
  type ReactElement,
} from 'react';
import {
  cellsWithin,
  samplesOfCells,
  spansOfBrush,
  type Brush,
  type BrushKind,
  type Cell,
} from '../../../core/heat-map/brush.js';
import type { HeatMap } from '../../../core/heat-map/heat-map.js';
import { useApp, useControls } from '../../app/workbench.js';
import { readTokens } from '../../flame/theme-colours.js';
import { comparedSpans } from '../../state/sides.js';
import { compareWithRest, keepTimes, keptTimes } from '../../state/times-control.js';
import { Button } from '../../ui/button.js';
import { Segments } from '../../ui/fields.js';
import { useFigures, type FigurePlace } from '../guidance/find-figures.js';
import { useBoxSize } from '../timeline/use-box-size.js';
import { drawHeat } from './draw-heat.js';
import { shownHeatColours } from './heat-colours.js';
import { figuresOfCell } from './heat-figures.js';
import { heatCommand } from './heat-keys.js';
import { boxOfCell, cellAt, plotOf } from './heat-plot.js';
import { brushedWords, cellWords, lengthWords, mapWords, ownWords } from './heat-words.js';
import { useFunctionHeat } from './use-function-heat.js';

const brushKinds = ['region', 'run'] as const;
const brushLabels = { region: 'Region', run: 'From–to' } as const;
const firstCell: Cell = { column: 0, row: 0 };

/** The grid of samples by time: a drag, or arrows with Shift, brush a part of it, which becomes what is looked at. */
export function HeatMapView({ map }: { readonly map: HeatMap }): ReactElement {
  const controls = useControls();
  const theme = useApp((state) => state.shownTheme);
  const kept = useApp(keptTimes);
  const keysId = useId();
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const pressed = useRef<Cell | null>(null);
  const { widthPx, heightPx } = useBoxSize(box);
  const [kind, setKind] = useState<BrushKind>('region');
  const [draft, setDraft] = useState<Brush | null>(null);
  const [cursor, setCursor] = useState<Cell | null>(null);
  const [note, setNote] = useState('');
  const scale = useMemo(() => shownHeatColours(theme), [theme]);
  const spans = useMemo(() => (draft === null ? kept : spansOfBrush(map, draft)), [map, draft, kept]);
  const marked = useMemo(() => (spans === null ? null : cellsWithin(map, spans)), [map, spans]);
  const selected = useFunctionHeat();
  const own = selected?.counts.length === map.counts.length ? selected : null;

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d', { alpha: false });
    if (element === null || context === null || context === undefined || widthPx === 0) return;
    element.width = Math.round(widthPx * devicePixelRatio);
    element.height = Math.round(heightPx * devicePixelRatio);
    const tokens = readTokens(document.documentElement, ['bg', 'pane', 'mute', 'accent', 'text']);
    drawHeat(
      context,
      { widthPx, heightPx, ratio: devicePixelRatio, map, marked, own: own?.counts ?? null, cursor },
      {
        background: tokens.bg.css,
        ground: tokens.pane.css,
        label: tokens.mute.css,
        edge: tokens.accent.css,
        cursor: tokens.text.css,
        scale,
      },
    );
  }, [widthPx, heightPx, map, marked, own, cursor, scale]);

  const choose = useCallback(
    (brush: Brush) => {
      const chosen = spansOfBrush(map, brush);
      setDraft(null);
      if (samplesOfCells(map, cellsWithin(map, chosen)) === 0) setNote('There are no samples: nothing was chosen.');
      else keepTimes(controls, chosen);
    },
    [controls, map],
  );
  const cellOf = useCallback(
    ({ nativeEvent: { offsetX, offsetY } }: PointerEvent) =>
      cellAt(map, plotOf(map, widthPx, heightPx), offsetX, offsetY),
    [map, widthPx, heightPx],
  );
  const onDown = useCallback(
    (event: PointerEvent<HTMLCanvasElement>) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      pressed.current = cellOf(event);
      setNote('');
    },
    [cellOf],
  );
  const onMove = useCallback(
    (event: PointerEvent<HTMLCanvasElement>) => {
      const cell = cellOf(event);
      const from = pressed.current;
      setCursor(cell);
      setDraft((before) => {
        if (from === null) return before;
        const moved = before !== null || cell.column !== from.column || cell.row !== from.row;
        return moved ? { kind, from, to: cell } : null;
      });
    },
    [cellOf, kind],
  );
  const onUp = useCallback(
    (event: PointerEvent<HTMLCanvasElement>) => {
      const from = pressed.current;
      pressed.current = null;
      if (from === null) return;
      const to = cellOf(event);
      // A click beside what is chosen lets it go, as in the timeline.
      if (draft === null && to.column === from.column && to.row === from.row) keepTimes(controls, null);
      else choose({ kind, from, to });
    },
    [controls, cellOf, kind, draft, choose],
  );
  const onLeave = useCallback(() => {
    if (pressed.current === null) setCursor(null);
  }, []);
  const onBlur = useCallback(() => {
    setCursor(null);
    setDraft(null);
  }, []);
  const onCancel = useCallback(() => {
    pressed.current = null;
    setDraft(null);
  }, []);
  const onKeyDown = useCallback(
    (event: KeyboardEvent<HTMLDivElement>) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const at = cursor ?? firstCell;
      const command = heatCommand(event, map, at);
      if (command === null) return;
      event.preventDefault();
      setNote('');
      switch (command.kind) {
        case 'move':
          setCursor(command.to);
          setDraft(command.brush ? { kind, from: draft?.from ?? at, to: command.to } : null);
          break;
        case 'use':
          choose(draft ?? { kind, from: at, to: at });
          break;
        case 'let-go':
          if (draft === null) keepTimes(controls, null);
          else setDraft(null);
      }
    },
    [controls, map, cursor, draft, kind, choose],
  );

  const figuresAt = useCallback(
    ({ point }: FigurePlace) => {
      const bounds = canvas.current?.getBoundingClientRect();
      if (bounds === undefined) return null;
      const plot = plotOf(map, widthPx, heightPx);
      const cell =
        point === undefined
          ? (cursor ?? firstCell)
          : cellAt(map, plot, point.xPx - bounds.left, point.yPx - bounds.top);
      const { left, bottom } = boxOfCell(map, plot, cell, devicePixelRatio);
      const at = { xPx: bounds.left + left, yPx: bounds.top + bottom };
      return { ...figuresOfCell(controls.store.getState(), map, cell, own), at };
    },
    [controls, map, widthPx, heightPx, cursor, own],
  );
  useFigures(box, figuresAt);

  let words = 'Drag over a part: the graph shows just that.';
  if (note !== '') words = note;
  else if (draft !== null) words = brushedWords(map, spansOfBrush(map, draft));
  else if (cursor !== null) words = cellWords(map, cursor, own);
  else if (kept !== null) words = brushedWords(map, kept);
  else if (own !== null) words = ownWords(map, own);
  return (
    <section className="heat-map" aria-label="When samples were taken">
      <div className="heat-head">
        <Legend map={map} scale={scale} />
        <p className="heat-words clip" role="status">
          {words}
        </p>
        <RestButton />
        <Segments label="Brush" values={brushKinds} labels={brushLabels} value={kind} onChoose={setKind} />
      </div>
      <div
        className="heat-box"
        ref={box}
        role="group"
        aria-label={mapWords(map)}
        aria-describedby={keysId}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onBlur={onBlur}
      >
        <canvas
          ref={canvas}
          aria-hidden="true"
          data-columns={map.columns}
          data-marked={own?.name ?? ''}
          onPointerDown={onDown}
          onPointerMove={onMove}
          onPointerUp={onUp}
          onPointerCancel={onCancel}
          onPointerLeave={onLeave}
        />
        <p id={keysId} className="hidden-visually">
          Arrow keys move from cell to cell, with Shift they brush. Enter shows what is brushed in the graph, Escape
          lets it go.
        </p>
      </div>
    </section>
  );
}

/** Compares what is brushed with the rest of the recording. */
function RestButton(): ReactElement | null {
  const controls = useControls();
  const kept = useApp((state) => keptTimes(state) !== null);
  const alone = useApp((state) => state.baseline?.kind !== 'document');
  const compared = useApp((state) => comparedSpans(state) !== null);
  const toggle = useCallback(() => {
    compareWithRest(controls, !compared);
  }, [controls, compared]);
  if (!kept || !alone) return null;
  return (
    <Button aria-pressed={compared} onClick={toggle} title="A is the rest of the recording, B what is brushed">
      Compare with the rest
    </Button>
  );
}

/** From which colour to which, and how many samples the last one stands for. */
function Legend({ map, scale }: { readonly map: HeatMap; readonly scale: readonly string[] }): ReactElement {
  const most = map.counts.reduce((highest, count) => Math.max(highest, count), 0);
  return (
    <p className="heat-legend">
      <span>1</span>
      <span
        className="heat-scale"
        aria-hidden="true"
        style={{ background: `linear-gradient(90deg, ${scale.join()})` }}
      />
      <span>
        {most} samples in {lengthWords(map.columnMs / map.rows)}
      </span>
    </p>
  );
}

import { afterAll, describe, expect, it } from 'vitest';
import type { HeatMap } from '../../../core/heat-map/heat-map.js';
import { setTimeZone } from '../../format/times.js';
import { drawHeat, type HeatContext, type HeatScene } from './draw-heat.js';
import { heatCommand } from './heat-keys.js';
import { boxOfCell, cellAt, plotOf } from './heat-plot.js';
import { brushedWords, cellWords, lengthWords, mapWords, ownWords } from './heat-words.js';

/** Two seconds of four rows. */
const map: HeatMap = {
  startMs: Date.parse('2026-03-04T12:00:00Z'),
  columnMs: 1000,
  columns: 2,
  rows: 4,
  counts: Uint32Array.of(1, 0, 0, 9, 0, 4, 0, 0),
};
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');
setTimeZone('utc');
afterAll(() => {
  setTimeZone('local'); // other files share the process
});

describe('the plot of a heat map', () => {
  const plot = plotOf(map, 400, 124);

  it('has columns that are no wider than they need be, and rows that go up', () => {
    expect(plot).toEqual({ left: 52, top: 4, width: 56, height: 100 });
    expect(boxOfCell(map, plot, { column: 1, row: 0 }, 1)).toEqual({ left: 80, right: 108, top: 79, bottom: 104 });
    expect(plotOf({ ...map, columns: 600 }, 400, 124).width).toBe(336);
  });

  it('finds the cell at a place, and the nearest one beside the plot', () => {
    expect(cellAt(map, plot, 81, 103)).toEqual({ column: 1, row: 0 });
    expect(cellAt(map, plot, 52, 4)).toEqual({ column: 0, row: 3 });
    expect(cellAt(map, plot, 0, 300)).toEqual({ column: 0, row: 0 });
    expect(cellAt(map, plot, 399, 0)).toEqual({ column: 1, row: 3 });
  });
});

describe('keys in a heat map', () => {
  const press = (key: string, shiftKey = false): ReturnType<typeof heatCommand> =>
    heatCommand({ key, shiftKey }, map, { column: 0, row: 1 });

  it('move within the map, and brush with Shift', () => {
    expect(press('ArrowUp')).toEqual({ kind: 'move', to: { column: 0, row: 2 }, brush: false });
    expect(press('ArrowRight', true)).toEqual({ kind: 'move', to: { column: 1, row: 1 }, brush: true });
    expect(press('ArrowLeft')).toMatchObject({ to: { column: 0, row: 1 } });
    expect(press('PageUp')).toMatchObject({ to: { column: 0, row: 3 } });
    expect(press('End')).toMatchObject({ to: { column: 1, row: 1 } });
    expect(press('Home')).toMatchObject({ to: { column: 0, row: 1 } });
  });

  it('use what is brushed and let it go; others are not meant', () => {
    expect(press('Enter')).toEqual({ kind: 'use' });
    expect(press('Escape')).toEqual({ kind: 'let-go' });
    expect(press('x')).toBeNull();
  });
});

describe('words of a heat map', () => {
  it('say times, lengths and samples', () => {
    expect(plain(mapWords(map))).toBe('Heat map, 2 s from 12:00:00.000');
    expect(plain(cellWords(map, { column: 0, row: 3 }, null))).toBe('12:00:00.750, 9 samples in 250 ms');
    const own = { name: 'price_rules', counts: Uint32Array.of(0, 0, 0, 7, 0, 0, 0, 0) };
    expect(plain(cellWords(map, { column: 0, row: 3 }, own))).toBe(
      '12:00:00.750, 9 samples in 250 ms, 7 of them in price_rules',
    );
    expect(plain(ownWords(map, own))).toBe('Marked: price_rules, 7 samples (50.0 %)');
    const span = { fromMs: map.startMs + 750, toMs: map.startMs + 1500 };
    expect(plain(brushedWords(map, [span]))).toBe('12:00:00.750 to 12:00:01.500, 750 ms: 13 samples (92.9 %)');
    expect(plain(lengthWords(2500))).toBe('2.5 s');
  });
});

describe('drawHeat', () => {
  /** What a context holds as a colour here is text. */
  const colour = (style: string | CanvasGradient | CanvasPattern): string => (typeof style === 'string' ? style : '');

  /** What is drawn of a scene, in words. */
  function drawn(changed: Partial<HeatScene>): readonly string[] {
    const calls: string[] = [];
    const context: HeatContext = {
      setTransform: () => undefined,
      fillRect: (...box) => {
        calls.push(`${colour(context.fillStyle)}${context.globalAlpha === 1 ? '' : ' faded'} ${box.join(' ')}`);
      },
      strokeRect: (...box) => {
        calls.push(`stroke ${colour(context.strokeStyle)} ${box.join(' ')}`);
      },
      fillText: (text, x, y) => {
        calls.push(`text ${plain(text)} ${x} ${y}`);
      },
      font: '',
      textAlign: 'left',
      textBaseline: 'top',
      fillStyle: '',
      strokeStyle: '',
      lineWidth: 1,
      globalAlpha: 1,
    };
    const scale = Array.from({ length: 24 }, (_, step) => `s${step}`);
    const colours = { background: 'bg', ground: 'ground', label: 'label', edge: 'edge', cursor: 'cursor', scale };
    const scene = { widthPx: 400, heightPx: 124, ratio: 1, map, marked: null, own: null, cursor: null };
    drawHeat(context, { ...scene, ...changed }, colours);
    return calls;
  }

  it('draws cells by their samples, fades what is not brushed, and puts a line around what is', () => {
    const marked = Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 0);
    expect(drawn({ marked, cursor: { column: 1, row: 1 } })).toEqual([
      'bg 0 0 400 124',
      'ground 52 4 56 100',
      's0 faded 52 79 27 25',
      's23 52 4 27 25',
      's9 faded 80 54 27 25',
      'edge 51.25 4 1.5 25',
      'edge 79.25 4 1.5 25',
      'edge 52 3.25 28 1.5',
      'edge 52 28.25 28 1.5',
      'stroke cursor 79 53 30 27',
      'text 0 46 104',
      'text 500 ms 46 54',
      'text 1 s 46 4',
      'text 12:00:00 52 118',
    ]);
  });

  it('marks the cells of a function by its own samples, and fades the others', () => {
    const own = Uint32Array.of(0, 0, 0, 1, 0, 4, 0, 0);
    expect(drawn({ own }).slice(2, 5)).toEqual(['s0 faded 52 79 27 25', 's0 52 4 27 25', 's9 80 54 27 25']);
  });
});

import { describe, expect, it } from 'vitest';
import type { FlameHeader, ProfileSummary, ViewSource } from '../../../contract/decoder.js';
import type { Selection } from '../../../contract/selection.js';
import { smallDiff, smallHeader, smallModel } from '../../testing/small-model.js';
import { noCertainty } from '../../testing/no-certainty.js';
import { initialState, type AppState } from '../../state/store.js';
import { chosenColumns } from '../table/columns.js';
import { judgeTable } from '../table/judged-table.js';
import { figuresOfRow } from '../table/table-figures.js';
import { figuresOfTime, timeOfKeys } from '../timeline/timeline-figures.js';
import { figuresOfCell } from '../heat/heat-figures.js';
import { figuresOfLine } from '../tree/tree-figures.js';
import { figuresOfSourceLine } from '../source/source-figures.js';
import { figuresOfService } from '../services/service-figures.js';
import { changeFigure, originOf, type Figure, type FigureSet } from './figures.js';
import { figuresOfNode } from './node-figures.js';
import { figuresOfPart } from './summary-figures.js';
import { figuresOfWhole } from './whole-figures.js';

const summary: ProfileSummary = {
  profileId: 'a',
  format: 'pprof',
  sampleTypes: [{ type: 'samples', unit: 'count' }],
  defaultValueIndex: 0,
  totals: [10],
  periods: [1],
  sampleCount: 4,
  functionCount: 4,
  timeMs: 0,
  durationMs: 60_000,
  comments: [],
  labelKeys: [],
  warnings: [],
  decodedBy: '',
};
const selection: Selection = {
  targetId: 'local',
  source: 'agent',
  profileType: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
  selector: '{service_name="web"}',
  startMs: 0,
  endMs: 60_000,
};
const profile = { profileId: 'a', title: 'web' } as AppState['viewProfiles'][number];

function stateOf(viewHeader: FlameHeader, sides: readonly (Selection | null)[]): AppState {
  return {
    ...initialState(120_000),
    viewHeader,
    viewSummaries: sides.map(() => summary),
    viewProfiles: sides.map(() => profile),
    viewSides: sides,
    targetId: 'local',
  };
}

const single = stateOf(smallHeader, [selection]);
const scaling = { by: 'absolute', factor: 2, error: 0 } as const;
const diffHeader: FlameHeader = { ...smallHeader, baselineTotal: 4, comparisonTotal: 12, scaling };
const compared = stateOf(diffHeader, [selection, { ...selection, startMs: 60_000, endMs: 120_000 }]);

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');
const shownOf = ({ figures }: FigureSet): readonly string[] =>
  figures.map(({ label, shown }) => plain(`${label} ${shown}`));
const howOf = ({ how = [] }: Figure): readonly string[] => how.map(({ label, text }) => plain(`${label}: ${text}`));
const valuesOf = ({ measured }: Figure): readonly number[] => measured.map(({ value }) => value);
const at = ({ figures, chosen }: FigureSet, place = chosen): Figure => {
  const figure = figures[place];
  if (figure === undefined) throw new Error(`there is no figure ${place}`);
  return figure;
};

describe('figures of a frame', () => {
  it('are its numbers, each with its share and what it is a sum of', () => {
    const set = figuresOfNode(single, smallModel(), 1);
    expect([set.of, ...shownOf(set)]).toEqual(['a', 'total 6', 'self 4']);
    expect(howOf(at(set))).toEqual(['of all: 60.0 % of 10']);
    expect(set.figures.map(valuesOf)).toEqual([[6], [4]]);
    expect(at(set).measured[0]?.origin.selection).toBe(selection);
  });

  it('of an inverted graph are of the function next to the root', () => {
    const viewSource: ViewSource = { kind: 'flame', profileId: 'a', valueIndex: 0, operations: [{ kind: 'invert' }] };
    const set = figuresOfNode({ ...single, viewSource }, smallModel(), 1);
    expect(at(set).measured[0]?.meaning).toMatch(/^the function next to the root alone/);
  });

  it('of a comparison are measured as they were before A was scaled', () => {
    const set = figuresOfNode(compared, smallDiff(), 1);
    const change = set.figures.find(({ label }) => label === 'change');
    if (change === undefined) throw new Error('there is one');
    expect(valuesOf(change)).toEqual([4, 4]); // A is 8, times 2
    expect(change.measured.map(({ origin }) => origin.selection?.startMs)).toEqual([0, 60_000]);
    expect(howOf(change)).toEqual([
      'B less A: 4 less 8 is −4; more in B is +',
      'that is: −50.0 % of A',
      'certain: not judged yet',
      'A is: 4 times 2.00, to be comparable with B',
      'because: Absolute, samples a second',
    ]);
    expect(howOf(at(set, 0))).toEqual([
      'of all: 100.0 % of 8',
      'A is: 4 times 2.00, to be comparable with B',
      'because: Absolute, samples a second',
    ]);
  });
});

describe('changeFigure', () => {
  const change = { label: 'change', shown: '', before: 8, after: 4, meaning: '' };
  const certain = (judged: Parameters<typeof changeFigure>[1]['judged'], state = compared): readonly string[] =>
    howOf(changeFigure(state, { ...change, judged })).filter((text) => /^(95|certain|judged)/.test(text));

  it('says the interval, what follows of it and by what windows', () => {
    const by = { windows: [59, 60], history: { used: true, pairs: 24, widening: 1 } } as const;
    expect(certain({ state: 2, margin: 3, by })).toEqual([
      '95 %: −7 to −1',
      'certain: yes: no change at all lies outside of these 95 %',
      'judged by: 59 windows of A and 60 of B, and 24 earlier pairs of ranges',
    ]);
    expect(certain({ state: 1, margin: 5, by: undefined })).toEqual([
      '95 %: −9 to +1',
      'certain: no: no change at all lies in these 95 %',
    ]);
    expect(certain({ state: 1, margin: 3, by: undefined })[1]).toMatch(/^certain: no: the windows are too few/);
    expect(certain({ state: 0, margin: undefined, by: undefined })).toEqual(['certain: too few samples to judge']);
  });

  it('says why nothing was judged', () => {
    expect(certain('never')).toEqual(['certain: not judged: only totals of functions are']);
    const why = { phase: 'without-windows', why: { kind: 'file' } } as const;
    expect(certain(undefined, { ...compared, certainty: why })).toEqual([
      'certain: not judged: there are no windows to judge it by',
    ]);
  });
});

describe('figures of a table', () => {
  const table = {
    functionIndex: Uint32Array.of(1),
    self: Float64Array.of(4),
    total: Float64Array.of(6),
    callers: Uint32Array.of(2),
  };
  it('are those of a row, beginning at the cell', () => {
    const rows = { viewId: 'v', names: ['all', 'a'], table };
    const columns = chosenColumns(false, ['self', 'total', 'callers', 'file']);
    const set = figuresOfRow(single, rows, 0, columns, smallModel(), columns[1]);
    expect([set.of, ...shownOf(set)]).toEqual(['a', 'Self 4 (40.0 %)', 'Total 6 (60.0 %)', 'Callers 2']);
    expect(at(set).label).toBe('Total');
    expect(figuresOfRow(single, rows, 0, columns, smallModel(), columns[3]).chosen).toBe(0);
  });

  it('of a comparison say how changes came about, and their certainty', () => {
    const sides = { baselineSelf: Float64Array.of(2), baselineTotal: Float64Array.of(8) };
    const functions = {
      functionIndex: Uint32Array.of(1),
      before: Float64Array.of(8),
      after: Float64Array.of(6),
      margin: Float64Array.of(1),
      certain: Uint8Array.of(1),
    };
    const judged = judgeTable({ ...table, ...sides }, { ...noCertainty, functions });
    const rows = { viewId: 'v', names: ['all', 'a'], table: judged };
    const columns = chosenColumns(true, [], true);
    const set = figuresOfRow(compared, rows, 0, columns, smallDiff(), columns[2]);
    expect(shownOf(set).slice(0, 3)).toEqual(['Before 8', 'After 6', 'Change −2']);
    expect(valuesOf(at(set))).toEqual([4, 6]);
    expect(howOf(at(set))).toContain('95 %: −3 to −1');
    expect(at(set, 4)).toMatchObject({ label: 'Certainty', shown: 'certain' });
  });
});

describe('figures of a call tree', () => {
  const line = { kind: 'row', path: [1], self: 4, total: 6, baselineTotal: undefined, childCount: 1 } as const;
  const row = { ...line, open: false, position: 1, setSize: 1 };
  it('are those of a row, beginning at the cell', () => {
    const set = figuresOfLine(single, row, smallModel(), 'callees', undefined, 2);
    expect(shownOf(set)).toEqual(['Self 4', 'Total 6', 'Of all 60.0 %']);
    expect(at(set).label).toBe('Of all');
    const compare = figuresOfLine(compared, { ...row, baselineTotal: 8 }, smallDiff(), 'callees', undefined, 2);
    expect(shownOf(compare)).toEqual(['Self 4', 'Total 6', 'Change −2']);
    expect(valuesOf(at(compare))).toEqual([4, 6]);
  });
});

describe('figures of source lines', () => {
  const column = { self: Float64Array.of(1), total: Float64Array.of(5), fileSelf: 1, fileTotal: 5, unknownSelf: 0 };
  const table = {
    ...{ file: 'a.py', functionName: 'a', line: Uint32Array.of(7), owner: Uint32Array.of(0), functions: ['a'] },
    ...{ columns: [column], wholes: [10], operationCount: 0 },
  };
  it('are the costs of a line', () => {
    const set = figuresOfSourceLine(single, table, 0, 'a.py:7', 1);
    expect([set.of, ...shownOf(set)]).toEqual(['a.py:7', 'Self 1', 'Total 5', 'Of all 50.0 %']);
    expect(howOf(at(set))).toEqual(['of all: 50.0 % of 10']);
  });

  it('of a comparison have both sides', () => {
    const set = figuresOfSourceLine(compared, { ...table, columns: [column, column] }, 0, 'a.py:7', 2);
    expect(shownOf(set)).toEqual(['A 5', 'B 5', 'Change 0']);
    expect(valuesOf(at(set))).toEqual([2.5, 5]);
  });
});

describe('figures of a timeline', () => {
  const timeline = { startMs: 0, stepMs: 15_000, unit: 'cores', values: Float64Array.of(1.5, Number.NaN, 0.5) };
  const state: AppState = { ...single, selector: '{service_name="web"}', serviceName: 'web' };

  it('are the time of a step, and the request for just that', () => {
    const set = figuresOfTime(state, timeline, null, 14_000, [], -1);
    if (set === null) throw new Error('there is one');
    expect(shownOf(set)).toEqual(['use 1.50 cores']);
    expect(howOf(at(set))).toEqual(['rate: 22.5 s in 15 s']);
    expect(at(set).measured[0]).toMatchObject({
      value: 22.5e9,
      origin: { unit: 'nanoseconds', selection: { ...selection, startMs: 0, endMs: 15_000 } },
    });
    expect(figuresOfTime(state, timeline, null, 16_000, [], -1)).toBeNull(); // a gap
    const filtered = { ...state, selector: '{pid="7"}', serviceName: null };
    expect(figuresOfTime(filtered, timeline, null, 14_000, [], -1)?.of).toMatch(/^\{pid="7"\}, /);
  });

  it('begin by keyboard at the last data of the range', () => {
    expect(timeOfKeys(state, timeline)).toBe(37_500);
    expect(timeOfKeys({ ...state, range: { startMs: 0, endMs: 30_000 } }, timeline)).toBe(7_500);
    expect(timeOfKeys(state, { ...timeline, values: Float64Array.of(Number.NaN) })).toBeUndefined();
  });
});

it('figures of a heat map are samples of a cell, and those of the marked function', () => {
  const map = { startMs: 0, columnMs: 1000, columns: 1, rows: 2, counts: Uint32Array.of(3, 1) };
  const own = { name: 'a', counts: Uint32Array.of(1, 0) };
  const set = figuresOfCell(single, map, { column: 0, row: 0 }, own);
  expect(shownOf(set)).toEqual(['samples 3 samples', 'marked 1 sample']);
  expect(howOf(at(set)).at(-1)).toBe('of all: 75.0 % of 4');
  expect(howOf(at(set, 1)).at(-1)).toBe('of the cell: 33.3 % of 3');
});

it('figures of a summary are the values behind their shares', () => {
  const part = { kind: 'gc', value: 2.5, share: 0.25, query: 'is:gc', mode: 'plain' } as const;
  const set = figuresOfPart(single, part);
  expect([set.of, ...shownOf(set)]).toEqual(['garbage collection', 'share 25.0 %']);
  expect([...howOf(at(set)), ...valuesOf(at(set))]).toEqual(['of all: 25.0 % of 10', 2.5]);
});

it('figures of a service are a mean, and what it was asked for by', () => {
  const row = { name: 'web', labels: {}, selector: '{service_name="web"}', cpuCores: 2 };
  const set = figuresOfService({ ...single, services: [row], extentEndMs: 900_000 }, row, 0);
  expect(shownOf(set)).toEqual(['CPU 2.00']);
  expect(at(set).measured[0]?.origin.selection).toMatchObject({ selector: row.selector, startMs: 0, endMs: 900_000 });
  expect(figuresOfService({ ...single, services: [row] }, null, 0).of).toBe('All services');
});

it('figures of the whole of a comparison are what stands above the graph, not what their profiles hold', () => {
  const set = figuresOfWhole(compared, 'B');
  if (set === null) throw new Error('there is one');
  expect(shownOf(set)).toEqual(['A 4', 'B 12']);
  expect(set.figures.map(valuesOf)).toEqual([[4], [12]]);
  expect(at(set).label).toBe('B');
});

it('an origin is unknown while there is no view', () => {
  expect(originOf(initialState(0), 0)).toBeUndefined();
});

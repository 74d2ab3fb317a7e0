import { describe, expect, it } from 'vitest';
import type { ProfileSummary } from '../../contract/decoder.js';
import { testContext } from '../testing/test-context.js';
import { addOperation, hasLabels, removeOperation } from './operations-control.js';
import type { AppState } from './store.js';
import { comparedSpans, isComparing, sidesOf } from './sides.js';
import { compareWithRest, followTimes, hasTimes, keepTimes, keptTimes } from './times-control.js';
import { viewRequestOf } from './view-request.js';

const first = [{ fromMs: 1000, toMs: 2000 }];
const second = [{ fromMs: 3000, toMs: 3500 }];

describe('times that are kept', () => {
  it('take the place of those before, keep the zoom, and are taken out like any operation', () => {
    const context = testContext();
    const { store } = context;
    keepTimes(context, first);
    addOperation(context, { kind: 'invert' });
    store.setState({ zoomPath: ['main'] });
    keepTimes(context, second);
    expect(store.getState()).toMatchObject({
      operations: [{ kind: 'keep-times', spans: second }, { kind: 'invert' }],
      zoomPath: ['main'],
    });
    expect(keptTimes(store.getState())).toEqual(second);
    keepTimes(context, null);
    expect(store.getState()).toMatchObject({ operations: [{ kind: 'invert' }], zoomPath: ['main'] });
    expect(keptTimes(store.getState())).toBeNull();
    keepTimes(context, first);
    removeOperation(context, 1);
    expect(store.getState()).toMatchObject({ operations: [{ kind: 'invert' }], zoomPath: ['main'] });
  });
});

describe('a region against the rest', () => {
  const document = {
    kind: 'profiles',
    documentId: 'd',
    origin: 'recording',
    title: 'a recording',
    notes: '',
    profiles: [{ profileId: 'p', byteLength: 1, title: 'a recording' }],
  } as const;

  it('is two sides of one recording, as long as something is brushed', () => {
    const context = testContext();
    const { store } = context;
    store.setState({ document, documents: [document] });
    compareWithRest(context, true);
    expect(isComparing(store.getState())).toBe(false);
    addOperation(context, { kind: 'invert' });
    keepTimes(context, first);
    expect(comparedSpans(store.getState())).toEqual(first);
    expect(isComparing(store.getState())).toBe(true);
    expect(sidesOf(store.getState())).toHaveLength(2);
    // What is brushed is a side, and no filter of both.
    expect(viewRequestOf(store.getState())).toMatchObject({ operations: [{ kind: 'invert' }], spans: first });
    compareWithRest(context, false);
    expect(sidesOf(store.getState())).toHaveLength(1);
    expect(viewRequestOf(store.getState())).toMatchObject({
      operations: [{ kind: 'invert' }, { kind: 'keep-times', spans: first }],
      spans: null,
    });
  });

  it('keeps the heat map on the screen', () => {
    const state = testContext().store.getState();
    const viewSummaries = [{ labelKeys: ['end_timestamp_ns'] } as unknown as ProfileSummary];
    const diff = {
      kind: 'diff',
      baselineId: 'p',
      comparisonId: 'p',
      valueIndex: 0,
      scale: { by: 'auto' },
    } as const;
    expect(hasTimes({ ...state, viewSummaries, viewSource: { ...diff, spans: first } })).toBe(true);
    expect(hasTimes({ ...state, viewSummaries, viewSource: diff })).toBe(false);
  });
});

describe('the heat map', () => {
  const withKeys = (...labelKeys: readonly string[]): Partial<AppState> => ({
    viewPhase: 'ready',
    viewSource: { kind: 'flame', profileId: 'p', valueIndex: 0 },
    viewSummaries: [{ labelKeys } as unknown as ProfileSummary],
  });
  const stateOf = (...labelKeys: readonly string[]): AppState => ({
    ...testContext().store.getState(),
    ...withKeys(...labelKeys),
  });

  it('is of a profile whose samples have times', () => {
    expect(hasTimes(stateOf('pid', 'end_timestamp_ns'))).toBe(true);
    expect(hasTimes(stateOf('pid'))).toBe(false);
    expect(hasTimes({ ...stateOf('end_timestamp_ns'), viewSource: null })).toBe(false);
  });

  it('needs no other label, and times are none to filter by', () => {
    expect(hasLabels(stateOf('end_timestamp_ns'))).toBe(false);
    expect(hasLabels(stateOf('end_timestamp_ns', 'pid'))).toBe(true);
  });

  it('gives way to the graph when another profile has none, whichever pane it is in', () => {
    const { store } = testContext();
    const end = followTimes({ ...testContext(), store });
    const show = (...keys: readonly string[]): void => {
      store.setState(withKeys(...keys));
    };
    store.setState({ tab: 'heat' });
    show('end_timestamp_ns');
    expect(store.getState().tab).toBe('heat');
    show('pid');
    expect(store.getState()).toMatchObject({ tab: 'flame', split: null });
    store.setState({ tab: 'table', split: { other: 'heat', focus: 'left' } });
    show();
    expect(store.getState()).toMatchObject({ tab: 'table', split: { other: 'flame', focus: 'left' } });
    store.setState({ tab: 'heat', split: { other: 'flame', focus: 'right' } });
    show();
    expect(store.getState()).toMatchObject({ tab: 'flame', split: null });
    end();
  });
});

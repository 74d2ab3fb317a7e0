import { afterEach, describe, expect, it } from 'vitest';
import type { ServiceRow } from '../../contract/links.js';
import type { TargetState } from '../../contract/target.js';
import { inventStatus } from '../testing/fake-links.js';
import { testContext } from '../testing/test-context.js';
import { compareWithBefore, compareWithDocument, endComparison, swapSides } from './comparison-control.js';
import type { Context } from './context.js';
import { closeDocument } from './documents-control.js';
import { switchTo, switchToSelection } from './document-switch.js';
import { canGoBack, canGoForward, followHistory, goBack, goForward, withoutStep } from './history-control.js';
import { addOperation } from './operations-control.js';
import {
  chooseComparison,
  chooseRange,
  chooseService,
  chooseSource,
  chooseTarget,
  filterSelection,
  setLive,
  showTime,
} from './selection-control.js';
import type { AppState, ProfilesDocument } from './store.js';

const nowMs = 1_000_000_000;

function targetOf(id: string, pyroscope: TargetState['pyroscope'] = { state: 'none' }): TargetState {
  return {
    config: { kind: 'docker', id, name: id, address: 'unix:///run/docker.sock' },
    link: { state: 'connected' },
    agent: { state: 'profiling', recording: true, status: inventStatus() },
    pyroscope,
  };
}

function serviceOf(name: string): ServiceRow {
  return { name, labels: { service_name: name }, selector: `{service_name="${name}"}` };
}

const document: ProfilesDocument = {
  kind: 'profiles',
  documentId: 'd',
  origin: 'file',
  title: 'a file',
  notes: '',
  profiles: [{ profileId: 'd', byteLength: 1, title: 'a file' }],
};

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

function start(change: Partial<AppState> = {}): Context {
  const context = testContext(nowMs);
  context.store.setState({ targets: [targetOf('one'), targetOf('two')], targetId: 'one', ...change });
  ends.push(followHistory(context));
  return context;
}

const stepsOf = ({ store }: Context): number => store.getState().past.length;
const range = { startMs: nowMs - 60_000, endMs: nowMs - 30_000 };
const later = { startMs: nowMs - 30_000, endMs: nowMs };

describe('the way back', () => {
  it('goes over service, ranges, zoom, selection and operations, and forward again', () => {
    const context = start();
    const { store } = context;
    const seen: AppState[] = [];
    const acts: readonly (() => void)[] = [
      () => {
        chooseService(context, serviceOf('web'));
      },
      () => {
        chooseRange(context, range);
      },
      () => {
        store.setState({ selectedPath: ['main', 'serve'] });
      },
      () => {
        store.setState({ zoomPath: ['main'] });
      },
      () => {
        addOperation(context, { kind: 'hide', frames: { by: 'interpreter' } });
      },
      () => {
        chooseComparison(context, later);
      },
      () => {
        chooseService(context, serviceOf('worker'));
      },
      () => {
        endComparison(context);
      },
    ];
    for (const act of acts) {
      seen.push(store.getState());
      act();
    }
    const last = store.getState();
    expect(stepsOf(context)).toBe(acts.length);
    const placeOf = (state: AppState): Partial<AppState> => {
      const { targetId, selector, serviceName, range: chosen, comparison, live } = state;
      const { operations, zoomPath, selectedPath } = state;
      return { targetId, selector, serviceName, range: chosen, comparison, live, operations, zoomPath, selectedPath };
    };
    for (const before of seen.toReversed()) {
      goBack(context);
      expect(placeOf(store.getState())).toEqual(placeOf(before));
    }
    expect(canGoBack(store.getState())).toBe(false);
    for (const after of [...seen.slice(1), last]) {
      goForward(context);
      expect(placeOf(store.getState())).toEqual(placeOf(after));
    }
    expect(canGoForward(store.getState())).toBe(false);
  });

  it('restores a place in one change of the state', () => {
    const context = start();
    chooseService(context, serviceOf('web'));
    chooseRange(context, range);
    context.store.setState({ zoomPath: ['main'] });
    chooseService(context, serviceOf('worker'));
    let changes = 0;
    ends.push(
      context.store.subscribe(() => {
        changes += 1;
      }),
    );
    goBack(context);
    expect(changes).toBe(1);
    expect(context.store.getState()).toMatchObject({ serviceName: 'web', range, zoomPath: ['main'] });
  });

  it('is cut off ahead by something new', () => {
    const context = start();
    chooseService(context, serviceOf('web'));
    chooseRange(context, range);
    goBack(context);
    expect(canGoForward(context.store.getState())).toBe(true);
    chooseRange(context, later);
    expect(canGoForward(context.store.getState())).toBe(false);
    goBack(context);
    expect(context.store.getState()).toMatchObject({ serviceName: 'web', range: null });
  });

  it('takes a key that is held down for one step', () => {
    const context = start();
    chooseRange(context, range);
    for (let byMs = 1000; byMs <= 20_000; byMs += 1000) {
      chooseRange(context, { startMs: range.startMs + byMs, endMs: range.endMs + byMs }, true);
    }
    expect(stepsOf(context)).toBe(1);
    goBack(context);
    expect(context.store.getState()).toMatchObject({ range: null, live: true });
    goForward(context);
    expect(context.store.getState().range?.startMs).toBe(range.startMs + 20_000);
  });

  it('takes nothing that Live does for a step, and goes back to the newest', () => {
    const context = start();
    const { store } = context;
    for (let byMs = 15_000; byMs <= 60_000; byMs += 15_000) store.setState({ extentEndMs: nowMs + byMs });
    expect(stepsOf(context)).toBe(0);
    chooseService(context, serviceOf('web'));
    store.setState({ extentEndMs: nowMs + 75_000 });
    goBack(context);
    expect(store.getState()).toMatchObject({ selector: null, live: true, extentEndMs: nowMs + 75_000 });
    setLive(context, false);
    showTime(context, { startMs: nowMs - 300_000, endMs: nowMs - 200_000 });
    expect(stepsOf(context)).toBe(2);
    goBack(context);
    expect(store.getState()).toMatchObject({ live: false, spanMs: null });
    goBack(context);
    expect(store.getState().live).toBe(true);
  });

  it('leaves out what is done by itself, and keeps what was ahead', () => {
    const context = start();
    const { store } = context;
    chooseService(context, serviceOf('web'));
    goBack(context);
    store.setState((state) => withoutStep(state, { profileType: 'memory:alloc_space:bytes:space:bytes' }));
    expect(stepsOf(context)).toBe(0);
    expect(canGoForward(store.getState())).toBe(true);
    // How it is looked at.
    store.setState({ search: 'main', tab: 'table', frameWidth: 'comparison' });
    expect(stepsOf(context)).toBe(0);
  });

  it('goes over targets and sources, and passes over those that are gone', () => {
    const context = start({
      targets: [targetOf('one', { state: 'ok' }), targetOf('two'), targetOf('three')],
    });
    const { store } = context;
    chooseSource(context, 'pyroscope');
    chooseTarget(context, 'two');
    chooseTarget(context, 'three');
    goBack(context);
    expect(store.getState()).toMatchObject({ targetId: 'two' });
    goForward(context);
    store.setState({ targets: store.getState().targets.filter(({ config }) => config.id !== 'two') });
    goBack(context);
    expect(store.getState()).toMatchObject({ targetId: 'one', source: 'pyroscope' });
    // Its Pyroscope is taken away: what was asked of it cannot be.
    goForward(context);
    store.setState({ targets: [targetOf('one'), targetOf('three')] });
    goBack(context);
    expect(store.getState()).toMatchObject({ targetId: 'one', source: 'agent' });
    expect(canGoBack(store.getState())).toBe(false);
  });

  it('leads nowhere where only a file that was closed was compared with', () => {
    const context = start({ documents: [document] });
    const { store } = context;
    chooseRange(context, range);
    compareWithDocument(context, document.documentId);
    closeDocument(context, document.documentId);
    goBack(context);
    expect(store.getState()).toMatchObject({ range: null, baseline: null });
    goForward(context);
    expect(store.getState()).toMatchObject({ range, baseline: null });
    expect(canGoForward(store.getState())).toBe(false);
  });

  it('begins with the first target', () => {
    const context = start({ targetId: null });
    chooseTarget(context, 'one');
    expect(stepsOf(context)).toBe(0);
  });

  it('restores a swap with what it is scaled by', () => {
    const context = start();
    const { store } = context;
    compareWithBefore(context);
    const work = { by: 'work', baseline: 10, comparison: 20 } as const;
    store.setState({ scale: work });
    swapSides(context);
    expect(store.getState().scale).toMatchObject({ baseline: 20, comparison: 10 });
    goBack(context);
    expect(store.getState().scale).toEqual(work);
    goBack(context);
    expect(store.getState().scale).toEqual({ by: 'auto' });
  });

  it('filters a source by a label without letting go of the zoom, and takes that back', () => {
    const context = start();
    const { store } = context;
    chooseService(context, serviceOf('web'));
    store.setState({ zoomPath: ['main'] });
    filterSelection(context, { key: 'pid', value: '7', unit: '' }, true);
    expect(store.getState()).toMatchObject({ selector: '{service_name="web",pid="7"}', zoomPath: ['main'] });
    filterSelection(context, { key: 'pid', value: '8', unit: '' }, false);
    expect(store.getState().selector).toBe('{service_name="web",pid="7",pid!="8"}');
    goBack(context);
    goBack(context);
    expect(store.getState()).toMatchObject({ selector: '{service_name="web"}', serviceName: 'web' });
  });
});

describe('histories of open profiles', () => {
  it('are their own, and that of the selection is there again', () => {
    const context = start({ documents: [document] });
    const { store } = context;
    chooseService(context, serviceOf('web'));
    store.setState((state) => switchTo(state, document));
    expect(canGoBack(store.getState())).toBe(false);
    addOperation(context, { kind: 'invert' });
    expect(canGoBack(store.getState())).toBe(true);
    store.setState(switchToSelection);
    expect(store.getState()).toMatchObject({ serviceName: 'web', operations: [] });
    goBack(context);
    expect(store.getState().serviceName).toBeNull();
    store.setState((state) => switchTo(state, document));
    goBack(context);
    expect(store.getState().operations).toEqual([]);
    expect(store.getState().document).toBe(document);
  });

  it('remember the selection that is left from an open profile', () => {
    const context = start({ documents: [document] });
    const { store } = context;
    chooseService(context, serviceOf('web'));
    store.setState({ zoomPath: ['main'] });
    store.setState((state) => switchTo(state, document));
    chooseService(context, serviceOf('worker'));
    expect(store.getState()).toMatchObject({ serviceName: 'worker', zoomPath: [] });
    goBack(context);
    expect(store.getState()).toMatchObject({ serviceName: 'web', zoomPath: ['main'], document: { kind: 'selection' } });
  });
});

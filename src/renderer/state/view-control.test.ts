import { afterEach, describe, expect, it, vi } from 'vitest';
import type { TargetState } from '../../contract/target.js';
import { inventStatus, serveFakeLinks, type Scenario } from '../testing/fake-links.js';
import { FlameModel } from '../flame/model.js';
import { serveFakeDecoder, type FakeDecoderSettings } from '../testing/fake-decoder.js';
import { portPair } from '../testing/port-pair.js';
import { testContext } from '../testing/test-context.js';
import type { Context } from './context.js';
import { followLive } from './live-control.js';
import { followHistory } from './history-control.js';
import { addOperation } from './operations-control.js';
import { chooseComparison, chooseRange, chooseService, currentExtent } from './selection-control.js';
import { followServices } from './services-control.js';
import { followTargets } from './targets-control.js';
import { ViewControl } from './view-control.js';

const target: TargetState = {
  config: { kind: 'local', id: 'local', name: 'This computer' },
  link: { state: 'connected' },
  agent: { state: 'profiling', recording: true, status: inventStatus() },
  pyroscope: { state: 'none' },
};
const scenario: Scenario = { targets: [target], snapshots: [], fetchMs: 0, fetchFails: false, hostile: false };

const isInverted: FakeDecoderSettings['hangs'] = (of) =>
  typeof of === 'object' && of.operations?.some(({ kind }) => kind === 'invert') === true;

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

function attachLinks(context: Context, change: Partial<Scenario> = {}): ReturnType<typeof serveFakeLinks> {
  const [near, far] = portPair();
  const server = serveFakeLinks(far, { ...scenario, ...change });
  context.links.attach(near);
  return server;
}

function attachDecoder(context: Context, empty = false, hangs: FakeDecoderSettings['hangs'] = () => false): void {
  const [near, far] = portPair();
  serveFakeDecoder(far, { nodes: 300, hostile: false, empty, hangs });
  context.decoder.attach(near);
}

function start(
  change: Partial<Scenario> = {},
  empty = false,
  hangs: FakeDecoderSettings['hangs'] = () => false,
): { context: Context; view: ViewControl; links: ReturnType<typeof serveFakeLinks> } {
  const context = testContext();
  ends.push(followTargets(context), followServices(context), followLive(context));
  const view = new ViewControl(context);
  ends.push(() => {
    view.dispose();
  });
  const links = attachLinks(context, change);
  attachDecoder(context, empty, hangs);
  return { context, view, links };
}

function whole(context: Context): Promise<void> {
  return vi.waitFor(() => {
    expect(context.flame.get()?.complete).toBe(true);
    expect(context.store.getState().viewPhase).toBe('ready');
  });
}

describe('the view', () => {
  it('shows what is selected once there is somebody to ask', async () => {
    const { context } = start();
    await whole(context);
    expect(context.store.getState()).toMatchObject({ targetId: 'local', viewTitle: 'all services on web-1' });
    expect(context.flame.get()?.graph.count).toBeGreaterThan(100);
  });

  it('keeps what is on the screen until the new is there', async () => {
    const { context } = start();
    await whole(context);
    const before = context.flame.get();
    const seen: unknown[] = [];
    ends.push(
      context.flame.subscribe(() => {
        seen.push(context.flame.get());
      }),
    );
    chooseService(context, { name: 'redis', labels: {}, selector: '{service_name="redis"}' });
    expect(context.flame.get()).toBe(before);
    await vi.waitFor(() => {
      expect(context.store.getState().viewTitle).toBe('redis on web-1');
    });
    expect(seen).not.toContain(null);
  });

  it('follows new windows while Live is on, and stands still when a range is chosen', async () => {
    const { context, links } = start();
    await whole(context);
    const first = context.flame.get();
    const { endMs } = currentExtent(context.store.getState());
    links.emit('window.stored', { targetId: 'local', endMs: endMs + 15_000 });
    await vi.waitFor(() => {
      expect(context.flame.get()).not.toBe(first);
    });
    chooseRange(context, { startMs: endMs - 60_000, endMs });
    await whole(context);
    const chosen = context.store.getState();
    links.emit('window.stored', { targetId: 'local', endMs: endMs + 30_000 });
    await Promise.resolve();
    expect(context.store.getState().extentEndMs).toBe(chosen.extentEndMs);
    expect(context.store.getState().live).toBe(false);
  });

  it('compares two ranges as a diff', async () => {
    const { context } = start();
    await whole(context);
    const { endMs } = currentExtent(context.store.getState());
    chooseComparison(context, { startMs: endMs - 60_000, endMs });
    await vi.waitFor(() => {
      expect(context.store.getState().viewSource?.kind).toBe('diff');
    });
    expect(context.store.getState().range).toEqual({ startMs: endMs - 120_000, endMs: endMs - 60_000 });
    expect(context.flame.get()?.isDiff).toBe(true);
  });

  it('opens its profiles again when the decoder was restarted, with the same zoom', async () => {
    const { context } = start();
    await whole(context);
    const model = context.flame.get();
    const zoomPath = [model?.nameOf(model.functionOf(1)) ?? ''];
    context.store.setState({ zoomPath });
    attachDecoder(context);
    await vi.waitFor(() => {
      expect(context.flame.get()).not.toBe(model);
      expect(context.flame.get()?.complete).toBe(true);
    });
    expect(context.store.getState().zoomPath).toEqual(zoomPath);
  });

  it('says what failed, and tries again when asked or when links was restarted', async () => {
    const { context } = start({ fetchFails: true });
    await vi.waitFor(() => {
      expect(context.store.getState().viewFailure?.code).toBe('pyroscope-error');
    });
    attachLinks(context);
    await whole(context);
    expect(context.store.getState().viewFailure).toBeNull();
  });

  it('says how far a long operation is, and is as before when it is cancelled', async () => {
    const { context, view } = start({}, false, isInverted);
    ends.push(followHistory(context));
    await whole(context);
    const before = context.flame.get();
    addOperation(context, { kind: 'invert' });
    await vi.waitFor(() => {
      expect(context.store.getState()).toMatchObject({ viewStep: 'Computing', viewShare: 0.5 });
    });
    view.cancel();
    expect(context.store.getState()).toMatchObject({ viewPhase: 'ready', operations: [], viewShare: null });
    expect(context.store.getState().past).toEqual([]);
    expect(context.flame.get()).toBe(before);
  });

  it('ends an operation that a newer one supersedes', async () => {
    const { context } = start({}, false, isInverted);
    await whole(context);
    addOperation(context, { kind: 'invert' });
    await vi.waitFor(() => {
      expect(context.store.getState().viewShare).toBe(0.5);
    });
    addOperation(context, { kind: 'invert' });
    expect(context.store.getState()).toMatchObject({ viewPhase: 'ready', operations: [] });
    addOperation(context, { kind: 'group', by: 'package' });
    await vi.waitFor(() => {
      expect(context.store.getState().viewSource?.operations).toEqual([{ kind: 'group', by: 'package' }]);
    });
  });

  it('takes the last step of a drag from the screen when its range is let go before it is there', async () => {
    const { context } = start();
    await whole(context);
    const { flame, store } = context;
    const before = flame.get();
    const { viewHeader: header } = store.getState();
    const { endMs } = currentExtent(store.getState());
    chooseRange(context, { startMs: endMs - 60_000, endMs });
    // As a drag leaves it.
    flame.set(new FlameModel('step'));
    store.setState({ viewHeader: null });
    chooseRange(context, null);
    expect(flame.get()).toBe(before);
    expect(store.getState()).toMatchObject({ viewPhase: 'ready', viewHeader: header });
  });

  it('says that loading was cancelled where nothing was there before', async () => {
    const { context, view } = start({}, false, () => true);
    await vi.waitFor(() => {
      expect(context.store.getState()).toMatchObject({ viewStep: 'Decoding', viewShare: 0.42 });
    });
    view.cancel();
    expect(context.store.getState()).toMatchObject({ viewPhase: 'failed', viewFailure: { code: 'cancelled' } });
  });

  it('is ready and empty when nothing was sampled', async () => {
    const { context } = start({}, true);
    await vi.waitFor(() => {
      expect(context.store.getState().viewPhase).toBe('ready');
    });
    expect(context.store.getState().viewHeader?.total).toBe(0);
  });
});

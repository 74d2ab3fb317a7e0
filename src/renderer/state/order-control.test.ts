import { describe, expect, it } from 'vitest';
import type { DecoderCalls, DecoderEvents, TimedThread } from '../../contract/decoder.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { testContext } from '../testing/test-context.js';
import type { Context } from './context.js';
import { chooseThread, showLeftHeavy, showTimeOrder, switchOrder } from './order-control.js';
import type { ProcessClient } from './process-client.js';
import { leftHeavy, shownOf, viewRequestOf } from './view-request.js';

const tid = (value: string): TimedThread['thread'] => ({ key: 'tid', value, unit: '' });
const busiest: TimedThread = { thread: tid('7'), name: 'io', service: 'shop', total: 9 };

/** A context that shows a profile, and a decoder that answers with threads once it is let. */
function contextOf(answer: Result<readonly TimedThread[]>, before: Promise<void> = Promise.resolve()): Context {
  const query = async (): Promise<unknown> => {
    await before;
    return answer;
  };
  const decoder = { ...testContext().decoder, query } as unknown as ProcessClient<DecoderCalls, DecoderEvents>;
  const context = { ...testContext(), decoder };
  context.store.setState({ viewSource: { kind: 'flame', profileId: 'p', valueIndex: 0 }, zoomPath: ['main'] });
  return context;
}

describe('the order of frames', () => {
  it('in time is of the busiest thread, and of another one when that is chosen', async () => {
    const context = contextOf(ok([busiest]));
    context.store.setState({ tab: 'table' });
    await showTimeOrder(context);
    expect(context.store.getState()).toMatchObject({ timeOrder: { thread: tid('7') }, zoomPath: [], tab: 'flame' });
    chooseThread(context, tid('8'));
    expect(context.store.getState().timeOrder).toEqual({ thread: tid('8') });
    await switchOrder(context);
    expect(context.store.getState().timeOrder).toBeNull();
    await switchOrder(context);
    expect(context.store.getState().timeOrder).toEqual({ thread: tid('7') });
    showLeftHeavy(context);
    expect(context.store.getState().timeOrder).toBeNull();
  });

  it('in time is of all samples where they do not say their thread', async () => {
    const context = contextOf(ok([]));
    await showTimeOrder(context);
    expect(context.store.getState().timeOrder).toEqual({ thread: null });
  });

  it('stays when threads can not be told, and when something else was chosen meanwhile', async () => {
    const failing = contextOf(fail('internal', 'Broken.'));
    await showTimeOrder(failing);
    expect(failing.store.getState()).toMatchObject({ timeOrder: null, toasts: [{ message: 'Broken.' }] });
    let release = (): void => undefined;
    const late = contextOf(
      ok([busiest]),
      new Promise((resolve) => {
        release = resolve;
      }),
    );
    const asked = showTimeOrder(late);
    late.store.setState({ viewSource: { kind: 'flame', profileId: 'q', valueIndex: 0 } });
    release();
    await asked;
    expect(late.store.getState().timeOrder).toBeNull();
  });

  it('asks for the thread first, and for nothing in time beside the graph', () => {
    const { store } = testContext();
    const profile = { profileId: 'p', byteLength: 1, title: 'p' };
    store.setState({
      document: { kind: 'profiles', documentId: 'p', origin: 'recording', title: '', notes: '', profiles: [profile] },
      operations: [{ kind: 'invert' }],
      timeOrder: { thread: tid('7') },
    });
    const request = viewRequestOf(store.getState());
    if (request === null) throw new Error('a document is asked for');
    const shown = shownOf(request);
    expect(shown).toEqual({
      operations: [{ kind: 'keep-label', label: tid('7') }, { kind: 'invert' }],
      order: 'time',
    });
    const source = { kind: 'flame', profileId: 'p', valueIndex: 0, ...shown } as const;
    expect(leftHeavy(source)).toEqual({
      kind: 'flame',
      profileId: 'p',
      valueIndex: 0,
      operations: shown.operations,
    });
  });
});

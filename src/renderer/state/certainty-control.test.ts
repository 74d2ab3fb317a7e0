import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Certainty } from '../../contract/certainty.js';
import { decoderCalls, type DecoderCalls, type DecoderEvents } from '../../contract/decoder.js';
import { linksCalls, type LinksCalls, type LinksEvents } from '../../contract/links.js';
import { fail, ok } from '../../contract/result.js';
import { serve, type Handlers, type Server } from '../../contract/rpc.js';
import type { Selection } from '../../contract/selection.js';
import { noCertainty } from '../testing/no-certainty.js';
import { portPair } from '../testing/port-pair.js';
import { smallDiff } from '../testing/small-model.js';
import { testContext } from '../testing/test-context.js';
import { CertaintyControl } from './certainty-control.js';
import type { Context } from './context.js';

const minuteMs = 60_000;
const later: Selection = {
  ...{ targetId: 'local', source: 'agent', profileType: 'cpu', selector: '{service_name="web"}' },
  startMs: 1_010 * minuteMs,
  endMs: 1_020 * minuteMs,
};
const before: Selection = { ...later, startMs: 1_000 * minuteMs, endMs: 1_010 * minuteMs };
const earlier = `${1_000 - 24 * 20}..1000`;

let context: Context;
let control: CertaintyControl;
/** What was asked, in order. */
let asked: string[];
/** How many slices earlier windows take. */
let requests: number;
let abstains: boolean;
/** What part of each side its windows hold. */
let told: readonly [number, number];
/** Whether a source tells its windows. */
let silent: boolean;
/** Set: earlier windows come only when it is called. */
let arrive: (() => void) | undefined;
let waits: boolean;

beforeEach(() => {
  [asked, requests, abstains, waits, arrive] = [[], 0, false, false, undefined];
  [told, silent] = [[1, 1], false];
  context = testContext();
  attachLinks();
  attachDecoder();
  control = new CertaintyControl(context);
});
afterEach(() => {
  control.dispose();
});

const rangeOf = ({ startMs, endMs }: Selection): string => `${startMs / minuteMs}..${endMs / minuteMs}`;

function attachLinks(): void {
  const [near, far] = portPair();
  let next = 0;
  const handlers: Partial<Handlers<LinksCalls>> = {
    'windows.cost': ({ selection }) =>
      silent
        ? fail('agent-not-running', 'No agent runs there.')
        : ok({ windows: 40, requests: rangeOf(selection) === earlier ? requests : 0, windowMs: 15_000 }),
    'windows.fetch': async ({ requestId, selection, windowMs }, signal) => {
      asked.push(`${rangeOf(selection)}${windowMs === undefined ? '' : ` by ${windowMs / 1000} s`}`);
      if (rangeOf(selection) === earlier && waits) {
        server.emit('windows.progress', { requestId, done: 12 });
        await new Promise<void>((resolve) => {
          arrive = resolve;
          signal.addEventListener('abort', () => {
            resolve();
          });
        });
        if (signal.aborted) return fail('cancelled', 'Cancelled.');
      }
      return ok({ windowsId: `w-${++next}`, windows: 40 });
    },
    'profile.release': () => ok(null),
  };
  const server: Server<LinksEvents> = serve<LinksCalls, LinksEvents>(
    far,
    linksCalls,
    handlers as Handlers<LinksCalls>,
    (error) => {
      throw error;
    },
  );
  context.links.attach(near);
}

function attachDecoder(): void {
  const [near, far] = portPair();
  const handlers: Partial<Handlers<DecoderCalls>> = {
    'view.certainty': ({ baselineWindows, comparisonWindows, earlierWindows }) => {
      asked.push(`judged by ${[baselineWindows, comparisonWindows, earlierWindows].filter(Boolean).join()}`);
      const judged: Certainty = {
        ...noCertainty,
        told,
        ...(abstains ? { abstained: 'few-windows' } : {}),
        ...(earlierWindows === undefined ? {} : { history: { used: true, pairs: 24, widening: 1.2 } }),
      };
      return ok(judged);
    },
  };
  serve<DecoderCalls, DecoderEvents>(far, decoderCalls, handlers as Handlers<DecoderCalls>, (error) => {
    throw error;
  });
  context.decoder.attach(near);
}

/** `saved`: by side whether it is a snapshot. */
function show(sides: readonly (Selection | null)[], saved: readonly boolean[] = []): void {
  context.store.setState({
    viewWindows: sides,
    viewSides: sides.map((side, at) => (saved[at] === true ? null : side)),
  });
  context.flame.set(smallDiff());
}
const phases = (): readonly string[] => {
  const { certainty, earlier: of } = context.store.getState();
  return [certainty.phase, of.phase];
};
const settles = (certainty: string, of: string): Promise<void> =>
  vi.waitFor(() => {
    expect(phases()).toEqual([certainty, of]);
  });

describe('the judgement of a diff', () => {
  it('is shown by the windows of both sides, and then by those before them too', async () => {
    show([before, later]);
    await settles('ready', 'ready');
    expect(asked).toEqual([
      '1000..1010',
      '1010..1020',
      'judged by w-1,w-2',
      `${earlier} by 15 s`,
      'judged by w-1,w-2,w-3',
    ]);
    expect(context.certainty.get()?.value.history).toEqual({ used: true, pairs: 24, widening: 1.2 });
    // Another view of the same sides is judged by what is here.
    asked.length = 0;
    context.flame.set(smallDiff());
    await settles('ready', 'ready');
    expect(asked).toEqual(['judged by w-1,w-2,w-3']);
  });

  it('does not look at earlier windows where it makes no sense, and says why', async () => {
    show([{ ...before, selector: '{service_name="api"}' }, later]);
    await settles('ready', 'none');
    expect(context.store.getState().earlier).toEqual({ phase: 'none', why: 'other-sides' });
    show([{ ...before, startMs: before.startMs - 60 * minuteMs }, later]);
    await vi.waitFor(() => {
      expect(context.store.getState().earlier).toEqual({ phase: 'none', why: 'too-long' });
    });
    abstains = true;
    show([before, later]);
    await settles('ready', 'idle');
    show([null, later]);
    await settles('without-windows', 'idle');
    expect(context.store.getState().certainty).toEqual({ phase: 'without-windows', why: { kind: 'file' } });
  });

  it('is by the windows that the source of a snapshot still has, and says when it has them no more', async () => {
    show([before, later], [true, false]);
    await settles('ready', 'ready');
    const why = async (kind: string): Promise<unknown> => {
      await vi.waitFor(() => {
        expect(context.store.getState().certainty).toMatchObject({ phase: 'without-windows', why: { kind } });
      });
      expect(context.certainty.get()).toBeNull();
      const { certainty } = context.store.getState();
      return certainty.phase === 'without-windows' ? certainty.why : undefined;
    };
    told = [0.4, 1];
    show([{ ...before, startMs: before.startMs + 1 }, later], [true, false]);
    expect(await why('left')).toEqual({ kind: 'left', share: 0.4 });
    // What comes live is what it is.
    show([{ ...before, startMs: before.startMs + 2 }, later], [false, true]);
    await settles('ready', 'ready');
    silent = true;
    show([{ ...before, startMs: before.startMs + 3 }, later], [true, false]);
    expect(await why('not-told')).toMatchObject({ failure: { code: 'agent-not-running' } });
    show([{ ...before, startMs: before.startMs + 4 }, later], [false, false]);
    await vi.waitFor(() => {
      expect(context.store.getState().certainty.phase).toBe('failed');
    });
  });

  it('asks before it asks a source many times', async () => {
    requests = 1600;
    show([before, later]);
    await settles('ready', 'cost');
    expect(context.store.getState().earlier).toEqual({
      phase: 'cost',
      cost: { windows: 40, requests: 1600, windowMs: 15_000 },
    });
    control.measureEarlier();
    await settles('ready', 'ready');
    expect(asked.at(-1)).toBe('judged by w-1,w-2,w-3');
  });

  it('stands while earlier windows come, and when somebody cancels them', async () => {
    waits = true;
    show([before, later]);
    await vi.waitFor(() => {
      expect(context.store.getState().earlier).toEqual({ phase: 'loading', done: 12, of: 40 });
    });
    expect(context.certainty.get()?.value.history).toBeUndefined();
    control.cancelEarlier();
    await settles('ready', 'none');
    expect(context.certainty.get()).not.toBeNull();
    expect(context.store.getState().earlier).toEqual({ phase: 'none', why: 'cancelled' });
    control.measureEarlier();
    await vi.waitFor(() => {
      expect(context.store.getState().earlier).toEqual({ phase: 'loading', done: 12, of: 40 });
    });
    arrive?.();
    await settles('ready', 'ready');
  });
});

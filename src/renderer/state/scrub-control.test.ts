import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decoderCalls, type DecoderCalls, type DecoderEvents } from '../../contract/decoder.js';
import { linksCalls, type LinksCalls, type LinksEvents } from '../../contract/links.js';
import { fail, ok } from '../../contract/result.js';
import { serve, type Handlers, type Server } from '../../contract/rpc.js';
import type { TargetState } from '../../contract/target.js';
import { portPair } from '../testing/port-pair.js';
import { smallHeader, smallModel, smallPiece } from '../testing/small-model.js';
import { testContext } from '../testing/test-context.js';
import type { Context } from './context.js';
import { ScrubControl } from './scrub-control.js';
import { WindowColumns } from './window-columns.js';

const target: TargetState = {
  config: { kind: 'local', id: 'local', name: 'This computer' },
  link: { state: 'connected' },
  agent: { state: 'profiling', recording: true },
  pyroscope: { state: 'none' },
};

let context: Context;
let scrub: ScrubControl;
/** What was asked, in order; a range by its length. */
let asked: string[];
let requests: number;
/** Set: ranges wait until they are let go. */
let held: (() => void)[] | undefined;

beforeEach(() => {
  asked = [];
  requests = 0;
  held = undefined;
  context = testContext();
  const columns = new WindowColumns(context);
  scrub = new ScrubControl(context, columns);
  attachLinks();
  attachDecoder();
  context.flame.set(smallModel());
  context.store.setState({
    targets: [target],
    targetId: 'local',
    viewPhase: 'ready',
    viewHeader: smallHeader,
    viewSource: { kind: 'flame', profileId: 'p', valueIndex: 0 },
  });
});
afterEach(() => {
  scrub.dispose();
});

function attachLinks(): void {
  const [near, far] = portPair();
  const handlers: Partial<Handlers<LinksCalls>> = {
    'windows.cost': () => ok({ windows: 60, requests, windowMs: 15_000 }),
    'windows.fetch': () => {
      asked.push('windows');
      return ok({ windowsId: 'w', windows: 60 });
    },
  };
  serve<LinksCalls, LinksEvents>(far, linksCalls, handlers as Handlers<LinksCalls>, (error) => {
    throw error;
  });
  context.links.attach(near);
}

function attachDecoder(): void {
  const [near, far] = portPair();
  const handlers: Partial<Handlers<DecoderCalls>> = {
    'view.range': async ({ viewId, startMs, endMs, named }) => {
      asked.push(`${(endMs - startMs) / 1000} s${named ? '' : ' with names'}`);
      const wait = held;
      if (wait !== undefined) await new Promise<void>((resolve) => wait.push(resolve));
      setTimeout(() => {
        server.emit('view.piece', { ...smallPiece, viewId });
      }, 0);
      return ok({ ...smallHeader, viewId, total: endMs - startMs });
    },
    'view.close': ({ viewId }) => {
      asked.push(`close ${viewId}`);
      return ok(null);
    },
  };
  const server: Server<DecoderEvents> = serve<DecoderCalls, DecoderEvents>(
    far,
    decoderCalls,
    handlers as Handlers<DecoderCalls>,
    (error) => {
      throw error;
    },
  );
  context.decoder.attach(near);
}

const range = (seconds: number): { readonly startMs: number; readonly endMs: number } => ({
  startMs: 0,
  endMs: 1000 * seconds,
});
const shows = (total: number): Promise<void> =>
  vi.waitFor(() => {
    expect(context.flame.get()?.total).toBe(total);
    expect(context.store.getState().viewHeader?.total).toBe(total);
  });

describe('a drag over the timeline', () => {
  it('is followed from windows that are fetched once, with names once', async () => {
    scrub.prepare();
    scrub.follow(range(15));
    await shows(15_000);
    scrub.follow(range(30));
    await shows(30_000);
    expect(asked.filter((each) => !each.startsWith('close'))).toEqual(['windows', '15 s with names', '30 s']);
  });

  it('makes the last of the steps that come while one is on its way', async () => {
    held = [];
    scrub.follow(range(15));
    await vi.waitFor(() => {
      expect(held?.length).toBe(1);
    });
    for (const seconds of [30, 45, 60]) scrub.follow(range(seconds));
    const waiting = held;
    held = undefined;
    for (const go of waiting) go();
    await shows(60_000);
    expect(asked).not.toContain('30 s');
    expect(asked).not.toContain('45 s');
  });

  it('that chose nothing leaves what was there', async () => {
    const before = context.flame.get();
    scrub.follow(range(15));
    await shows(15_000);
    scrub.end();
    expect(context.flame.get()).toBe(before);
    expect(context.store.getState().viewHeader).toBe(smallHeader);
  });

  it('stays on the screen until what it chose is there, and is let go then', async () => {
    scrub.follow(range(15));
    await shows(15_000);
    const step = context.flame.get();
    context.store.setState({ viewPhase: 'loading' });
    scrub.end();
    expect(context.flame.get()).toBe(step);
    context.flame.set(smallModel());
    await vi.waitFor(() => {
      expect(asked).toContain(`close ${step?.viewId ?? ''}`);
    });
  });

  it('is not followed where every window would be a request, nor asked about at each step', async () => {
    requests = 60;
    const cost = vi.spyOn(context.links, 'query');
    const before = context.flame.get();
    scrub.follow(range(15));
    await vi.waitFor(() => {
      expect(cost).toHaveBeenCalledTimes(1);
    });
    await Promise.resolve();
    await new Promise((resolve) => setTimeout(resolve, 0));
    scrub.follow(range(30));
    expect(cost).toHaveBeenCalledTimes(1);
    expect(context.flame.get()).toBe(before);
  });

  it('is followed again after the decoder was restarted in the middle of a step', async () => {
    held = [];
    scrub.follow(range(15));
    await vi.waitFor(() => {
      expect(held?.length).toBe(1);
    });
    held = undefined;
    attachDecoder();
    await vi.waitFor(() => {
      scrub.follow(range(30));
      expect(asked.some((each) => each.startsWith('30 s'))).toBe(true);
    });
    await shows(30_000);
  });
});

it('answers a failure of the decoder by not following', async () => {
  const before = context.flame.get();
  const [near, far] = portPair();
  const refuse: Partial<Handlers<DecoderCalls>> = {
    'view.range': () => fail('not-found', 'gone'),
    'view.close': () => ok(null),
  };
  serve<DecoderCalls, DecoderEvents>(far, decoderCalls, refuse as Handlers<DecoderCalls>, (error) => {
    throw error;
  });
  context.decoder.attach(near);
  scrub.follow(range(15));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(context.flame.get()).toBe(before);
});

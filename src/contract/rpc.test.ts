import * as v from 'valibot';
import { describe, expect, it, vi } from 'vitest';
import { call } from './calls.js';
import { fail, ok } from './result.js';
import { connect, serve, type Handlers, type Port } from './rpc.js';

const calls = {
  double: call(v.object({ value: v.number() }))<number>(),
  wait: call(v.object({}))<null>(),
  bug: call(v.object({}))<null>(),
  sum: call(v.object({ values: v.array(v.number()) }))<number>(),
} as const;
type Calls = typeof calls;
interface Events extends Record<string, unknown> {
  tick: { readonly count: number };
}

/** Two ports in this process; a message crosses as a structured clone. */
function portPair(): [Port, Port] {
  const listeners: ((message: unknown) => void)[] = [];
  const closers: (() => void)[] = [];
  const end = (self: number): Port => ({
    postMessage: (message) => {
      const copy: unknown = structuredClone(message);
      queueMicrotask(() => listeners[1 - self]?.(copy));
    },
    onMessage: (listener) => {
      listeners[self] = listener;
    },
    onClose: (listener) => closers.push(listener),
    close: () => {
      for (const closer of closers) closer();
    },
  });
  return [end(0), end(1)];
}

function start(overrides: Partial<Handlers<Calls>> = {}) {
  const [a, b] = portPair();
  const onBug = vi.fn();
  const handlers: Handlers<Calls> = {
    double: ({ value }) => ok(value * 2),
    wait: (_params, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          resolve(fail('cancelled', 'stopped'));
        });
      }),
    bug: () => {
      throw new Error('no');
    },
    sum: ({ values }) => ok(values.length),
    ...overrides,
  };
  const server = serve<Calls, Events>(a, calls, handlers, onBug);
  return { server, client: connect<Calls, Events>(b), raw: b, onBug };
}

describe('rpc', () => {
  it('answers calls and delivers events', async () => {
    const { server, client } = start();
    expect(await client.call('double', { value: 21 })).toEqual(ok(42));
    const ticks: number[] = [];
    const end = client.on('tick', ({ count }) => ticks.push(count));
    server.emit('tick', { count: 1 });
    await Promise.resolve();
    end();
    server.emit('tick', { count: 2 });
    await Promise.resolve();
    expect(ticks).toEqual([1]);
  });

  it('sends an answer that is there before what happens after it', async () => {
    const { server, raw } = start({
      double: ({ value }) => {
        queueMicrotask(() => {
          server.emit('tick', { count: value });
        });
        return ok(value);
      },
    });
    const order: unknown[] = [];
    raw.onMessage((message) => order.push((message as { kind: string }).kind));
    raw.postMessage({ kind: 'call', id: 1, name: 'double', params: { value: 2 } });
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(order).toEqual(['answer', 'event']);
  });

  it('refuses parameters that the schema does not know', async () => {
    const { client } = start();
    const result = await client.call('double', { value: 'x' } as never);
    expect(result).toMatchObject({ ok: false, failure: { code: 'invalid-input' } });
  });

  it('says in a few words what is wrong with a hundred thousand elements', async () => {
    const { client } = start();
    const result = await client.call('sum', { values: Array.from({ length: 100_000 }, () => 'x') } as never);
    expect(result).toMatchObject({ ok: false, failure: { code: 'invalid-input' } });
    expect(JSON.stringify(result).length).toBeLessThan(500);
  });

  it('can end all that it runs, also where an id is used twice', async () => {
    const ended = vi.fn();
    const { server, raw } = start({
      wait: (_params, signal) =>
        new Promise(() => {
          signal.addEventListener('abort', ended);
        }),
    });
    raw.postMessage({ kind: 'call', id: 1, name: 'wait', params: {} });
    raw.postMessage({ kind: 'call', id: 1, name: 'double', params: { value: 1 } });
    await new Promise((resolve) => setTimeout(resolve, 1));
    server.dispose();
    expect(ended).toHaveBeenCalledOnce();
  });

  it.each(['constructor', '__proto__', 'missing'])('has no call "%s"', async (name) => {
    const { client } = start();
    expect(await client.call(name as 'double', { value: 1 })).toMatchObject({
      ok: false,
      failure: { code: 'invalid-input' },
    });
  });

  it('drops what is no message of ours', async () => {
    const { client, raw } = start();
    for (const junk of [null, 7, 'x', {}, { kind: 'call' }, { kind: 'cancel', id: 'x' }]) raw.postMessage(junk);
    expect(await client.call('double', { value: 2 })).toEqual(ok(4));
  });

  it('answers a handler that throws as a bug', async () => {
    const { client, onBug } = start();
    expect(await client.call('bug', {})).toMatchObject({ ok: false, failure: { code: 'internal' } });
    expect(onBug).toHaveBeenCalledOnce();
  });

  it('cancels at both ends', async () => {
    const seen = vi.fn();
    const { client } = start({
      wait: (_params, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            seen();
            resolve(ok(null));
          });
        }),
    });
    const controller = new AbortController();
    const answer = client.call('wait', {}, controller.signal);
    await Promise.resolve();
    controller.abort();
    expect(await answer).toMatchObject({ ok: false, failure: { code: 'cancelled' } });
    await Promise.resolve();
    expect(seen).toHaveBeenCalledOnce();
  });

  it('asks nothing for a caller that gave up before, and leaves its signal alone afterwards', async () => {
    const asked = vi.fn(() => ok(1));
    const { client } = start({ double: asked });
    expect(await client.call('double', { value: 1 }, AbortSignal.abort())).toMatchObject({
      ok: false,
      failure: { code: 'cancelled' },
    });
    expect(asked).not.toHaveBeenCalled();
    const { signal } = new AbortController();
    const removed = vi.spyOn(signal, 'removeEventListener');
    await client.call('double', { value: 1 }, signal);
    expect(removed).toHaveBeenCalledOnce();
  });

  it('answers open and later calls when the other end is gone', async () => {
    const { client } = start();
    const answer = client.call('wait', {});
    client.dispose();
    const lost = { ok: false, failure: { code: 'process-restarted' } };
    expect(await answer).toMatchObject(lost);
    expect(await client.call('double', { value: 1 })).toMatchObject(lost);
  });
});

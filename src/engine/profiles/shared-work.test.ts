import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SharedWork } from './shared-work.js';
import type { Watch } from './watch.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Work that ends when it is told to, and what became of it. */
function start(): {
  readonly work: SharedWork<string>;
  readonly watch: () => Watch;
  readonly finish: (value: string) => void;
  readonly left: boolean[];
} {
  let given: Watch = {};
  let finish: (value: string) => void = () => undefined;
  const left: boolean[] = [];
  const work = new SharedWork(
    (watch) =>
      new Promise<string>((resolve, reject) => {
        given = watch;
        finish = resolve;
        watch.signal?.addEventListener('abort', () => {
          reject(new Error('ended'));
        });
      }),
    (ended) => left.push(ended),
  );
  return {
    work,
    watch: () => given,
    finish: (value) => {
      finish(value);
    },
    left,
  };
}

describe('shared work', () => {
  it('goes on for those who still wait', async () => {
    const { work, watch, finish } = start();
    const impatient = new AbortController();
    const one = work.wait({ signal: impatient.signal });
    const other = work.wait();
    impatient.abort(new Error('too long'));
    await expect(one).rejects.toThrow('too long');
    await vi.advanceTimersByTimeAsync(1000);
    expect(watch().signal?.aborted).toBe(false);
    finish('done');
    expect(await other).toBe('done');
  });

  it('ends a moment after the last one gave up', async () => {
    const { work, watch, left } = start();
    const controller = new AbortController();
    const only = work.wait({ signal: controller.signal });
    controller.abort(new Error('too long'));
    await expect(only).rejects.toThrow('too long');
    expect(watch().signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1000);
    expect(watch().signal?.aborted).toBe(true);
    expect(work.running).toBe(false);
    expect(left).toEqual([true]);
  });

  it('is taken over by who asks in time', async () => {
    const { work, watch, finish, left } = start();
    const controller = new AbortController();
    const before = work.wait({ signal: controller.signal });
    controller.abort(new Error('superseded'));
    const after = work.wait();
    await expect(before).rejects.toThrow('superseded');
    await vi.advanceTimersByTimeAsync(1000);
    expect(watch().signal?.aborted).toBe(false);
    finish('done');
    expect(await after).toBe('done');
    expect(left).toEqual([]);
  });

  it('says when it was done before it could be ended', async () => {
    const { work, finish, left } = start();
    const controller = new AbortController();
    const only = work.wait({ signal: controller.signal });
    controller.abort(new Error('too long'));
    await expect(only).rejects.toThrow('too long');
    finish('done');
    await vi.advanceTimersByTimeAsync(1000);
    expect(left).toEqual([false]);
    expect(await work.wait()).toBe('done');
  });

  it('tells each how far it is, and who comes later where it stands', async () => {
    const { work, watch, finish } = start();
    const [one, other] = [vi.fn(), vi.fn()];
    const first = work.wait({ onStep: one });
    watch().onStep?.('decoding', 0.5);
    const second = work.wait({ onStep: other });
    watch().onStep?.('decoding', 0.75);
    expect(one.mock.calls).toEqual([
      ['decoding', 0.5],
      ['decoding', 0.75],
    ]);
    expect(other.mock.calls).toEqual(one.mock.calls);
    finish('done');
    await Promise.all([first, second]);
  });
});

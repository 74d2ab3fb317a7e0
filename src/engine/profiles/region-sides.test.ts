import { describe, expect, it } from 'vitest';
import type { ViewSource } from '../../contract/decoder.js';
import type { TimeSpan } from '../../core/profile/sample-times.js';
import { cpuPprof, period, type StackSamples } from './testing/cpu-pprof.js';
import { serveEachTest } from './testing/served-window.js';

const startMs = 1_000_000;
/** A stack that is on top 97 times a second: in the first tenth of each second another one. */
const [usual, burst] = ['main;serve', 'main;collect'];

const bed = serveEachTest();

/** A recording of so many seconds, 97 samples in each with their times, of two threads by turns. */
function record(seconds: number): void {
  const samples = Array.from({ length: 97 * seconds }, (_, sample): StackSamples => {
    const atMs = startMs + (1000 * sample) / 97;
    return { stack: atMs % 1000 < 100 ? burst : usual, count: 1, atMs, thread: sample % 2 === 0 ? 'a' : 'b' };
  });
  bed.spool.put('p', cpuPprof(samples, { timeNs: startMs * 1e6, durationNs: seconds * 1e9 }));
}

const region = (spans: readonly TimeSpan[]): ViewSource => ({
  kind: 'diff',
  baselineId: 'p',
  comparisonId: 'p',
  valueIndex: 0,
  scale: { by: 'absolute' },
  spans: [...spans],
});
/** The first tenth of each of so many seconds. */
const tenths = (seconds: number): readonly TimeSpan[] =>
  Array.from({ length: seconds }, (_, second) => ({
    fromMs: startMs + 1000 * second,
    toMs: startMs + 1000 * second + 100,
  }));

describe('a region of a recording against the rest', () => {
  it('has both sides in one profile, each as long as it is', async () => {
    record(20);
    const header = await bed.window.call('view.open', { viewId: 'v', source: region(tenths(20)) });
    if (!header.ok) throw new Error(header.failure.message);
    const { baselineTotal = 0, comparisonTotal = 0, scaling } = header.value;
    expect(comparisonTotal).toBe(20 * 10 * period);
    expect(baselineTotal).toBe(20 * 87 * period);
    // The region is a ninth of the rest.
    expect(scaling?.factor).toBeCloseTo(1 / 9, 6);
  });

  it('is judged by the seconds of both', async () => {
    record(20);
    await bed.window.call('view.open', { viewId: 'v', source: region(tenths(20)) });
    const judged = await bed.window.call('view.regionCertainty', { viewId: 'v' });
    if (!judged.ok) throw new Error(judged.failure.message);
    expect(judged.value.windows).toEqual([20, 20]);
    expect(judged.value.abstained).toBeUndefined();
    expect(judged.value.told[0]).toBeCloseTo(1, 6);
    expect(judged.value.told[1]).toBeCloseTo(1, 6);
    await expect.poll(() => bed.names.length).toBeGreaterThan(3);
    const causes = judged.value.causes.map(({ functionIndex, after, before }) => [
      bed.names[functionIndex],
      after > before ? 'more' : 'less',
    ]);
    expect(causes).toContainEqual(['collect', 'more']);
    expect(causes).toContainEqual(['serve', 'less']);
  });

  it('is judged by what a filter by label leaves of them', async () => {
    record(20);
    const ofA = { kind: 'keep-label', label: { key: 'thread', value: 'a', unit: '' } } as const;
    const filtered = { ...region(tenths(20)), operations: [ofA] };
    const header = await bed.window.call('view.open', { viewId: 'v', source: filtered });
    expect(header).toMatchObject({ ok: true, value: { comparisonTotal: 20 * 5 * period } });
    const judged = await bed.window.call('view.regionCertainty', { viewId: 'v' });
    if (!judged.ok) throw new Error(judged.failure.message);
    expect(judged.value.windows).toEqual([20, 20]);
    // All that is shown is in the windows, and no more.
    expect(judged.value.told.map((part) => part.toFixed(6))).toEqual(['1.000000', '1.000000']);
    await expect.poll(() => bed.names.length).toBeGreaterThan(3);
    const causes = judged.value.causes.map(({ functionIndex }) => bed.names[functionIndex]);
    expect(causes).toContain('collect');
  });

  it('is not judged by few seconds, and says so', async () => {
    record(20);
    await bed.window.call('view.open', { viewId: 'v', source: region(tenths(3)) });
    const judged = await bed.window.call('view.regionCertainty', { viewId: 'v' });
    expect(judged).toMatchObject({ ok: true, value: { abstained: 'few-windows', windows: [20, 3], causes: [] } });
  });

  it('is refused of other views, and of profiles without times', async () => {
    record(2);
    await bed.window.call('view.open', { viewId: 'v', source: { kind: 'flame', profileId: 'p', valueIndex: 0 } });
    const flame = await bed.window.call('view.regionCertainty', { viewId: 'v' });
    expect(flame).toMatchObject({ ok: false, failure: { code: 'invalid-input' } });
    expect(await bed.window.call('view.regionCertainty', { viewId: 'none' })).toMatchObject({
      failure: { code: 'not-found' },
    });
    bed.spool.put('p2', 'a;b 3\n');
    const source = { ...region(tenths(2)), baselineId: 'p2', comparisonId: 'p2' };
    expect(await bed.window.call('view.open', { viewId: 'v', source })).toMatchObject({
      failure: { code: 'unsupported' },
    });
    const none = { ...region([]) };
    expect(await bed.window.call('view.open', { viewId: 'v', source: none })).toMatchObject({
      failure: { code: 'invalid-input' },
    });
  });
});

import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { fail, ok, type Result } from '../../contract/result.js';
import { WindowSetSchema } from '../gen/agent/v1/agent_pb.js';
import type { Query } from './querier-client.js';
import { SliceCache, slicesOf } from './slices.js';

const query: Query = {
  profileType: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
  selector: '{}',
  startMs: 0,
  endMs: 150_000,
};
const full = new Uint8Array(100);

/** A server that notes what it is asked, how many at once, and has nothing before and after some time. */
function server(filled: (startMs: number) => boolean = () => true) {
  const asked: string[] = [];
  let running = 0;
  const noted = { asked, most: 0 };
  const mergeProfile = async ({ startMs, endMs }: Query): Promise<Result<Uint8Array>> => {
    asked.push(`${startMs}-${endMs}`);
    noted.most = Math.max(noted.most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running--;
    return ok(filled(startMs) ? full : new Uint8Array(20));
  };
  return { noted, client: { mergeProfile } };
}

const windowsIn = (result: Result<{ readonly bytes: Uint8Array }>): readonly string[] => {
  if (!result.ok) throw new Error(result.failure.message);
  return fromBinary(WindowSetSchema, result.value.bytes).profiles.map(({ start, end }) => `${start}-${end}`);
};

describe('slices of Pyroscope', () => {
  it('are whole, aligned to the clock, and longer where there would be more than 240', () => {
    expect(slicesOf({ startMs: 1, endMs: 60_000 })).toEqual([
      { startMs: 15_000, endMs: 30_000 },
      { startMs: 30_000, endMs: 45_000 },
      { startMs: 45_000, endMs: 60_000 },
    ]);
    expect(slicesOf({ startMs: 0, endMs: 14_999 })).toEqual([]);
    const day = slicesOf({ startMs: 0, endMs: 86_400_000 });
    expect(day.length).toBe(240);
    expect(day[1]).toEqual({ startMs: 360_000, endMs: 720_000 });
  });

  it('are as long as somebody wants them', async () => {
    expect(slicesOf({ startMs: 0, endMs: 86_400_000 }, 30_000).length).toBe(2880);
    const { noted, client } = server();
    const cache = new SliceCache(() => 1e9);
    expect(cache.cost(query, 50_000)).toEqual({ windows: 3, requests: 3, windowMs: 50_000 });
    expect(windowsIn(await cache.windows(client, { ...query, windowMs: 50_000 }, () => undefined))).toEqual([
      '0-50000',
      '50000-100000',
      '100000-150000',
    ]);
    expect(noted.asked.length).toBe(3);
  });

  it('are asked for four at once, told as they come, and not asked for twice', async () => {
    const { noted, client } = server();
    const cache = new SliceCache(() => 1e9);
    const done: number[] = [];
    expect(cache.cost(query)).toEqual({ windows: 10, requests: 10, windowMs: 15_000 });
    expect(windowsIn(await cache.windows(client, query, (count) => done.push(count))).length).toBe(10);
    expect(noted.most).toBe(4);
    // A profile on the border of two slices is in one of them.
    expect(noted.asked).toContain('15000-29999');
    expect(done).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const later = { ...query, startMs: 60_000, endMs: 180_000 };
    expect(cache.cost(later)).toEqual({ windows: 8, requests: 2, windowMs: 15_000 });
    await cache.windows(client, later, () => undefined);
    expect(noted.asked.length).toBe(12);
  });

  it('are asked for again while they may still grow', async () => {
    const { noted, client } = server();
    const cache = new SliceCache(() => 160_000);
    await cache.windows(client, query, () => undefined);
    expect(cache.cost(query).requests).toBe(4); // those that ended in the last minute
    expect(noted.asked.length).toBe(10);
  });

  it('leave out what lies before and behind all data, and keep a gap between as time without use', async () => {
    const { client } = server((startMs) => startMs === 30_000 || startMs === 75_000);
    const windows = windowsIn(await new SliceCache(() => 1e9).windows(client, query, () => undefined));
    expect(windows).toEqual(['30000-45000', '45000-60000', '60000-75000', '75000-90000']);
    const { client: silent } = server(() => false);
    expect(windowsIn(await new SliceCache(() => 1e9).windows(silent, query, () => undefined))).toEqual([]);
  });

  it('end with the first failure', async () => {
    let asked = 0;
    const client = {
      mergeProfile: (): Promise<Result<Uint8Array>> =>
        Promise.resolve(++asked === 3 ? fail('timeout', 'Too slow.') : ok(full)),
    };
    const result = await new SliceCache(() => 1e9).windows(client, query, () => undefined);
    expect(result).toMatchObject({ ok: false, failure: { code: 'timeout' } });
    expect(asked).toBeLessThanOrEqual(7);
  });
});

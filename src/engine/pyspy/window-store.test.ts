import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Profile } from 'pprof-format';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Result } from '../../contract/result.js';
import { cpuProfileType } from '../../contract/selection.js';
import { typeScriptDecoder } from '../profiles/decoder.js';
import { readWindows } from '../profiles/windows.js';
import { labelValues, mergeProfile, profileTypes, recordedServices, timeline, windowSet } from './query.js';
import { parseSelector } from './selector.js';
import { inventedWindow } from './testing/windows.js';
import { WindowStore } from './window-store.js';

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.failure.message);
  return result.value;
}

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pyrometer-windows-'));
});
afterEach(() => rm(folder, { recursive: true }));

const query = (selector: string, startMs = 0, endMs = 60_000) => ({
  profileType: cpuProfileType,
  selector,
  startMs,
  endMs,
});

async function total(store: WindowStore, selector: string, startMs?: number, endMs?: number): Promise<number> {
  const profile = Profile.decode(value(await mergeProfile(store, query(selector, startMs, endMs))));
  return profile.sample.reduce((sum, sample) => sum + Number(sample.value[0]), 0);
}

describe.each(['in a folder', 'in memory'])('windows %s', (where) => {
  const make = (limit?: number): WindowStore => new WindowStore(where === 'in memory' ? undefined : folder, limit);

  it('are merged by time and labels, of the window and of the sample', async () => {
    const store = make();
    value(await store.add(inventedWindow(0, 'web')));
    value(await store.add(inventedWindow(5000, 'web')));
    value(await store.add(inventedWindow(5000, 'beat', 1)));
    expect(await total(store, '{}')).toBe(63 * 1e7);
    expect(await total(store, '{service_name="web"}')).toBe(60 * 1e7);
    expect(await total(store, '{service_name="web",pid="7"}')).toBe(20 * 1e7);
    expect(await total(store, '{service_name="web"}', 5000)).toBe(30 * 1e7);
    expect(await total(store, '{service_name="none"}')).toBe(0);
    const profile = Profile.decode(value(await mergeProfile(store, query('{service_name="web"}'))));
    const text = (index: number | bigint): string => profile.stringTable.strings[Number(index)] ?? '';
    expect(profile.function.map((each) => [text(each.name), text(each.filename)])).toEqual([
      ['main', '/app/main.py'],
      ['work', '/app/work.py'],
    ]);
    expect(profile.location.flatMap((each) => each.line.map(({ line }) => Number(line))).sort()).toEqual([3, 4, 9]);
    expect(profile.sampleType.map((each) => [text(each.type), text(each.unit)])).toEqual([['cpu', 'nanoseconds']]);
    expect(
      profile.sample.map(({ label }) => Object.fromEntries(label.map(({ key, str }) => [text(key), text(str)]))),
    ).toMatchObject([
      { service_name: 'web', pid: '7' },
      { service_name: 'web', pid: '8' },
    ]);
  });

  it('give services and a course with gaps where nothing was sampled', async () => {
    const store = make();
    value(await store.add(inventedWindow(0, 'web')));
    value(await store.add(inventedWindow(5000, 'web')));
    value(await store.add(inventedWindow(5000, 'beat', 1)));
    const course = value(await timeline(store, query('{service_name="web"}'), 15_000));
    // 30 samples of 10 ms in 5 s, twice.
    expect([...course.values].map((each) => Number(each.toFixed(9)))).toEqual([
      0.06,
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ]);
    expect(course.unit).toBe('active threads');
    expect(value(await labelValues(store, query('{service_name="web"}')))).toEqual([
      { name: 'pid', values: ['7', '8'] },
    ]);
    const all = value(await timeline(store, query('{}'), 15_000));
    expect(all.values[0]).toBeCloseTo(0.066, 9);
    const rows = await recordedServices(store, { startMs: 0, endMs: 60_000 });
    expect(rows.map(({ name, cpuCores }) => [name, cpuCores])).toEqual([
      ['web', 0.06],
      ['beat', 0.006],
    ]);
    expect(await profileTypes(store, { startMs: 0, endMs: 60_000 })).toEqual([cpuProfileType]);
    expect(await profileTypes(store, { startMs: 10_000, endMs: 60_000 })).toEqual([]);
  });

  it('are windows to a comparison, those side by side as one, and one without samples of the selection', async () => {
    const store = make();
    value(await store.add(inventedWindow(0, 'web')));
    value(await store.add(inventedWindow(400, 'beat', 1)));
    value(await store.add(inventedWindow(5500, 'web', 20)));
    const rowsOf = async (selector: string) => {
      const { bytes, windows } = value(await windowSet(store, query(selector), () => undefined));
      const read = value(await readWindows(bytes, typeScriptDecoder('the test wants it')));
      expect(read.windowCount).toBe(windows);
      return read.parts.flatMap(({ rows }) =>
        rows.map(({ startMs, seconds, sample, value: values, period }) => [
          startMs,
          seconds,
          [...sample],
          [...values].map((each) => each / 1e7),
          period,
        ]),
      );
    };
    expect(await rowsOf('{}')).toEqual([
      [0, 5, [0, 1], [11, 22], 1e7],
      [5500, 5, [0, 1], [20, 40], 1e7],
    ]);
    expect(await rowsOf('{service_name="web",pid="8"}')).toEqual([
      [0, 5, [0], [20], 1e7],
      [5500, 5, [0], [40], 1e7],
    ]);
    value(await store.add({ ...inventedWindow(11_000, 'web'), stacks: [] }));
    expect((await rowsOf('{service_name="web"}')).at(-1)).toEqual([11_000, 5, [], [], 1e7]);
    expect(await rowsOf('{service_name="none"}')).toEqual([]);
  });

  it('are bounded: the oldest go', async () => {
    const store = make(10);
    for (let at = 0; at < 11; at++) value(await store.add(inventedWindow(at * 5000, 'web')));
    expect((await store.cards()).map(({ startMs }) => startMs)).toEqual(
      [2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => n * 5000),
    );
    expect(await total(store, '{}')).toBe(9 * 30 * 1e7);
    await store.clear();
    expect(await store.cards()).toEqual([]);
  });
});

describe('a folder of windows', () => {
  it('is there again after a restart, without a line that was cut short', async () => {
    const first = new WindowStore(folder, 10);
    value(await first.add(inventedWindow(5000, 'web')));
    await appendFile(join(folder, 'v1', 'index.jsonl'), '{"id":"1-0000');
    expect(await total(new WindowStore(folder), '{}')).toBe(30 * 1e7);
    const trimmed = new WindowStore(folder, 1);
    value(await trimmed.add(inventedWindow(10_000, 'web')));
    expect((await readdir(join(folder, 'v1'))).filter((name) => name.endsWith('.gz'))).toHaveLength(0);
  });

  it('says when its stacks are gone', async () => {
    const store = new WindowStore(folder);
    const card = value(await store.add(inventedWindow(0, 'web')));
    await rm(join(folder, 'v1', `${card.id}.json.gz`));
    expect(await mergeProfile(store, query('{}'))).toMatchObject({ ok: false, failure: { code: 'bad-profile' } });
  });
});

describe('parseSelector', () => {
  it.each([
    ['{}', true],
    ['{a="1"}', true],
    ['{ a = "1" , b != "x" }', true],
    ['{a="2"}', false],
    ['{a=~"[0-9]"}', true],
    ['{a=~"."}', true],
    ['{a!~"1|2"}', false],
    ['{c=""}', true],
    ['{d="quo\\"te\\n"}', true],
    ['{constructor=""}', true],
    ['{toString=~".+"}', false],
  ])('%s', (selector, expected) => {
    expect(value(parseSelector(selector))({ a: '1', b: '2', d: 'quo"te\n' })).toBe(expected);
  });

  it.each(['', 'a="1"', '{a}', '{a="1"', '{a=1}', '{a=~"("}', '{a="1" b="2"}'])('refuses %s', (selector) => {
    expect(parseSelector(selector)).toMatchObject({ ok: false, failure: { code: 'invalid-input' } });
  });

  it('refuses what would take seconds and gigabytes to look at', () => {
    expect(parseSelector(`{a=~"${'(?:x{0,1000})'.repeat(290)}"}`)).toMatchObject({
      ok: false,
      failure: { message: `The selector's pattern repeats too much: write it as {service_name="web"}.` },
    });
    expect(parseSelector(`{a=~"sha256:[0-9a-f]{64}|${'web|'.repeat(900)}"}`).ok).toBe(true);
  });
});

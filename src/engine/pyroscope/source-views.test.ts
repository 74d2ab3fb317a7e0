import { describe, expect, it } from 'vitest';
import { fail, ok, type Result } from '../../contract/result.js';
import { cpuProfileType } from '../../contract/selection.js';
import type { PointSeries, QuerierClient } from './querier-client.js';
import { labelsIn, sampleLabels, sourceTurnovers } from './source-changes.js';
import { courses } from './source-views.js';

const stepMs = 15_000;
const range = { profileType: cpuProfileType, selector: '{}', startMs: 0, endMs: 6 * stepMs };

/** A source that answers these series, and keeps what it was asked to group by. */
function sourceOf(series: readonly PointSeries[]) {
  const groups: string[][] = [];
  const client: Pick<QuerierClient, 'selectSeries'> = {
    selectSeries: (_query, _step, groupBy): Promise<Result<readonly PointSeries[]>> => {
      groups.push([...groupBy]);
      return Promise.resolve(ok(series));
    },
  };
  return { client, groups };
}

/** Points look back: that of step i lies on its last millisecond. */
const points = (...cores: readonly (number | null)[]): PointSeries['points'] =>
  cores.flatMap((each, step) =>
    each === null ? [] : [{ timeMs: (step + 1) * stepMs - 1, value: each * (stepMs / 1000) * 1e9 }],
  );

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.failure.message);
  return result.value;
}

describe('courses of services', () => {
  it('are in cores, the largest first, and the smallest are one', async () => {
    const small = Array.from({ length: 9 }, (_, at) => ({
      labels: { service_name: `small-${at}` },
      points: points(0.01, null),
    }));
    const { client, groups } = sourceOf([{ labels: { service_name: 'web' }, points: points(1, 2, null, 4) }, ...small]);
    const told = value(await courses(client, range, stepMs));
    expect(groups).toEqual([['service_name']]);
    expect(told).toMatchObject({ startMs: 0, stepMs, unit: 'cores', otherCount: 2 });
    expect(told.services.map(({ name }) => name).slice(0, 2)).toEqual(['web', 'small-0']);
    expect([...(told.services[0]?.values ?? [])]).toEqual([1, 2, NaN, 4, NaN, NaN]);
    expect(told.others[0]).toBeCloseTo(0.02);
  });
});

describe('labels', () => {
  it('of an agent’s samples are told beside those of series, as far as it tells them', async () => {
    const asked: unknown[] = [];
    const client: Pick<QuerierClient, 'labelValues'> = {
      labelValues: (_range, name, matchers) => {
        asked.push([name, matchers]);
        return Promise.resolve(name === 'pid' ? ok(['7', '8']) : fail('unsupported', 'not told'));
      },
    };
    const selector = '{service_name="web"}';
    expect(await sampleLabels(client, { ...range, selector })).toEqual([{ name: 'pid', values: ['7', '8'] }]);
    expect(asked).toEqual([
      ['pid', [selector]],
      ['thread', [selector]],
    ]);
  });

  it('are told with all their values, without those that are ours', () => {
    const sets = [
      { service_name: 'web', __profile_type__: 'x', pyrometer_origin: 'push', host: '' },
      { service_name: 'beat', host: 'a' },
      // Pushed under names that no selector can hold.
      { service_name: 'beat', 'host.name': 'a', 'x="",service_name': 'b' },
    ];
    expect(labelsIn(sets)).toEqual([
      { name: 'host', values: ['a'] },
      { name: 'service_name', values: ['beat', 'web'] },
    ]);
  });
});

describe('what happened to a service', () => {
  it('includes containers that started beside others', async () => {
    const series = (id: string, pid: string, from: number): PointSeries => ({
      labels: { service_name: 'web', container_id: id, container: `web-${id}`, pid },
      points: points(...Array.from({ length: 12 }, (_, step) => (step < from ? null : 1))),
    });
    const { client } = sourceOf([series('1', '10', 0), series('2', '20', 6), series('2', '21', 6)]);
    const told = value(await sourceTurnovers(client, { ...range, endMs: 12 * stepMs }));
    expect(told.turnovers).toEqual([]);
    expect(told.starts).toEqual([{ service: 'web', container: 'web-2', atMs: 6 * stepMs, again: false }]);
  });
});

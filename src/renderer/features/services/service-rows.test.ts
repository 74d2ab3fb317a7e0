import { describe, expect, it } from 'vitest';
import { sparklinePath } from '../../ui/sparkline.js';
import { arrangeServices, totalOf } from './service-rows.js';

const row = (name: string, cpuCores?: number, recentCores?: readonly number[]) => ({
  name,
  labels: {},
  selector: `{service_name="${name}"}`,
  ...(cpuCores === undefined ? {} : { cpuCores }),
  ...(recentCores === undefined ? {} : { recentCores }),
});

describe('services', () => {
  it('come by CPU, then by name, filtered without regard to case', () => {
    const services = [row('b', 1), row('a', 1), row('Web', 3), row('unknown')];
    expect(arrangeServices(services, '').map((each) => each.name)).toEqual(['Web', 'a', 'b', 'unknown']);
    expect(arrangeServices(services, ' wE ').map((each) => each.name)).toEqual(['Web']);
  });

  it('are found by labels, by all words', () => {
    const services = [
      { ...row('web'), labels: { service_name: 'web', container: 'shop_web_1', host: 'a' } },
      { ...row('beat'), labels: { service_name: 'beat', container: 'shop_beat_1', host: 'b' } },
    ];
    const found = (filter: string): readonly string[] => arrangeServices(services, filter).map(({ name }) => name);
    expect(found('container=shop')).toEqual(['beat', 'web']);
    expect(found('container=shop host=A')).toEqual(['web']);
    expect(found('shop_beat')).toEqual(['beat']);
    expect(found('service_name=web')).toEqual([]);
  });

  it('add up, aligned at the newest end, gaps where none has data', () => {
    const total = totalOf([row('a', 1, [1, Number.NaN, 3]), row('b', 2, [Number.NaN, 4])]);
    expect(total).toEqual({ cores: 3, recent: [1, Number.NaN, 7] });
    const pushed = { ...row('a', 5, [5, 5, 5]), pushed: true } as const;
    expect(totalOf([pushed, row('a', 1, [1])])).toEqual({ cores: 1, recent: [1] });
    expect(totalOf([row('a')])).toEqual({ cores: undefined, recent: undefined });
  });

  it('are drawn as a curve with gaps', () => {
    expect(sparklinePath([0, 1, Number.NaN, 1], 30, 12)).toBe('M0.0 11.0L10.0 1.0M30.0 1.0h1');
    expect(sparklinePath([], 30, 12)).toBe('');
  });
});

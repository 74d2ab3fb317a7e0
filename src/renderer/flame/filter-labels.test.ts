import { describe, expect, it } from 'vitest';
import { labelsOfSource, labelsOfTable } from './filter-labels.js';

describe('labels to filter by', () => {
  it('are threads and processes first, the largest values first, with their shares', () => {
    const row = (key: string, value: string, total: number) => ({ key, value, unit: '', total });
    const rows = [row('cpu', '0', 60), row('pid', '7', 50), row('thread', 'worker', 75), row('thread', 'main', 25)];
    const labels = labelsOfTable({ rows, leftOut: 0, unlabelled: 0 }, 100);
    expect(labels.map(({ key }) => key)).toEqual(['thread', 'pid', 'cpu']);
    expect(labels[0]?.values.map(({ value }) => value)).toEqual(['worker', 'main']);
    expect(labels[0]?.values[0]?.share).toMatch(/^75/);
  });

  it('say how many of them have no room', () => {
    const rows = Array.from({ length: 40 }, (_, index) => ({
      ...{ key: 'tid', value: String(index), unit: '' },
      total: 40 - index,
    }));
    const [tid] = labelsOfTable({ rows, leftOut: 0, unlabelled: 0 }, 0);
    expect(tid?.values).toHaveLength(16);
    expect(tid?.more).toBe(24);
    expect(tid?.values[0]?.share).toBeUndefined();
  });

  it('of a source are those that tell some from others', () => {
    const labels = labelsOfSource([
      { name: 'container', values: ['web-1', 'web-2'] },
      { name: 'host', values: ['a'] },
      { name: 'pid', values: ['1', '2'] },
      { name: 'service_name', values: ['web', 'worker'] },
    ]);
    expect(labels.map(({ key }) => key)).toEqual(['pid', 'container', 'service_name']);
    expect(labels[0]?.values[1]).toEqual({ key: 'pid', value: '2', unit: '' });
  });
});

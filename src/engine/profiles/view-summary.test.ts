import { describe, expect, it } from 'vitest';
import { serveEachTest } from './testing/served-window.js';

const served = serveEachTest();

const manyStacks = Array.from({ length: 60_000 }, (_, at) => `main;f${at % 997};g${at % 7919};h${at} 1`).join('\n');

describe('the summary of a view', () => {
  it('gives way to another view, and is whole afterwards', async () => {
    const { spool, window } = served;
    spool.put('p', manyStacks);
    const source = { kind: 'flame', profileId: 'p', valueIndex: 0 } as const;
    await window.call('view.open', { viewId: 'v1', source });
    const told: string[] = [];
    window.on('view.piece', ({ viewId, last }) => {
      if (viewId === 'v2' && last) told.push('v2');
    });
    const summary = window.call('view.summary', { viewId: 'v1' }).then((answer) => {
      told.push('summary');
      return answer;
    });
    await window.call('view.open', { viewId: 'v2', source: { ...source, operations: [{ kind: 'invert' }] } });
    expect(await summary).toMatchObject({ ok: true, value: [] });
    expect(told).toEqual(['v2', 'summary']);
  });

  it('ends with its view', async () => {
    const { spool, window } = served;
    spool.put('p', manyStacks);
    const source = { kind: 'flame', profileId: 'p', valueIndex: 0 } as const;
    await window.call('view.open', { viewId: 'v', source });
    const summary = window.call('view.summary', { viewId: 'v' });
    await window.call('view.close', { viewId: 'v' });
    expect(await summary).toMatchObject({ ok: false, failure: { code: 'cancelled' } });
  });
});

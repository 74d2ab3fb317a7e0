import { expect, test } from 'vitest';
import { inventStatus } from '../testing/fake-links.js';
import { pushItems } from './push-status.js';

const pushes = inventStatus().pushes.map((push) => ({
  ...push,
  windowsTooOld: 0,
  windowsRefused: 0,
  seriesForecast: 31,
}));
const [first, second] = pushes;
if (first === undefined || second === undefined) throw new Error('the invented agent pushes to two servers');

test('says nothing while the servers have everything and room for more', () => {
  expect(pushItems([])).toEqual([]);
  expect(pushItems([{ ...first, seriesForecast: 4000 }, second])).toEqual([]);
});

test('says which windows are only on the agent, and why', () => {
  const items = pushItems([
    { ...first, windowsTooOld: 40 },
    { ...second, windowsTooOld: 37, windowsRefused: 2 },
  ]);
  expect(items).toEqual([
    {
      key: 'unpushed',
      before: '',
      value: '40',
      after: ' windows only on the agent',
      tone: 'warn',
      title: [
        'http://localhost:4040: 40 were too old, 0 it refused for good',
        'https://profiles.example.com, tenant team-a: 37 were too old, 2 it refused for good',
      ].join('\n'),
    },
  ]);
  expect(pushItems([{ ...first, windowsRefused: 1 }])[0]?.after).toBe(' window only on the agent');
});

test('warns before a server refuses new series', () => {
  const [item] = pushItems([first, { ...second, series: 3010, seriesForecast: 4001 }]);
  expect(item).toMatchObject({ key: 'series', value: '4,001', after: ' series forecast', tone: 'warn' });
  expect(item?.title).toContain('tenant team-a: 3,010 series in the last hour');
});

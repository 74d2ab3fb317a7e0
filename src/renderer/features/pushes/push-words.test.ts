import { expect, test } from 'vitest';
import type { PushState } from '../../../contract/push.js';
import { pushAccess, pushLines, pushTitle } from './push-words.js';

const push: PushState = {
  url: 'http://p:4040',
  tenant: '',
  authentication: 'none',
  ownCa: false,
  error: '',
  windowsPushed: 10,
  windowsWaiting: 0,
  windowsTooOld: 0,
  windowsRefused: 0,
  lastSuccessAtMs: 1,
  series: 3,
  seriesForecast: 3,
  labelsLeftOut: [],
};
const said = (given: Partial<PushState>): readonly string[] =>
  pushLines({ ...push, ...given }).map(({ text, tone }) => (tone === undefined ? text : `${tone}: ${text}`));

test('says that all is well', () => {
  expect(said({})).toEqual(['in step; 10 windows pushed since the agent began', '3 series in the last hour']);
});

test.each<[Partial<PushState>, string]>([
  [{ windowsWaiting: 12, error: 'down' }, 'bad: down'],
  [{ windowsWaiting: 12 }, '12 windows wait; 10 windows pushed since the agent began'],
  [{ error: 'down', windowsPushed: 1 }, '1 window pushed since the agent began'],
  [{ windowsTooOld: 1 }, 'warn: 1 window only on the agent, for as long as it keeps them: too old for the server'],
  [{ windowsRefused: 2 }, 'warn: 2 windows only on the agent, for as long as it keeps them: refused for good'],
  [
    { series: 3010, seriesForecast: 4810 },
    'warn: 3,010 series in the last hour, 4,810 as new ones come: a server refuses new ones from 5,000 on. Leave out labels that change with every container.',
  ],
  [{ labelsLeftOut: ['a', 'b'] }, 'Left out, for a series has room for 12 labels: a, b'],
])('%j', (given, expected) => {
  expect(said(given)).toContain(expected);
});

test('names a server and how the agent gets in', () => {
  expect(pushTitle({ url: 'http://p', tenant: 't' })).toBe('http://p, tenant t');
  expect(pushAccess({ ...push, authentication: 'basic', ownCa: true })).toBe('user and password, own certificates');
  expect(pushAccess(push)).toBe('');
});

import { expect, it } from 'vitest';
import { cpuProfileType } from '../../contract/selection.js';
import { everything, pushedSelector, sampledOnly, serviceSelector } from '../pyroscope/selectors.js';
import { selectionTitle } from './titles.js';

it.each([
  [serviceSelector('revel_web'), 'revel_web'],
  [serviceSelector('a "b"'), 'a "b"'],
  [pushedSelector('sdk'), 'sdk (pushed)'],
  [serviceSelector('caf\ufffd'), 'caf\ufffd'],
  [everything, 'Everything'],
  ['{image=~"x.*"}', '{image=~"x.*"}'],
])('names %s', (selector, name) => {
  const range = { startMs: 0, endMs: 60_000 };
  const title = selectionTitle(
    { targetId: 't', source: 'agent', profileType: cpuProfileType, selector, ...range },
    'web-1',
  );
  expect(title).toMatch(/, \d\d:\d\d:00-\d\d:\d\d:00$/);
  expect(title.split(' on web-1')[0]).toBe(name);
});

it.each([
  [everything, '{pyrometer_origin=""}'],
  [serviceSelector('web'), '{service_name="web",pyrometer_origin=""}'],
  [pushedSelector('web'), pushedSelector('web')],
  // Others choose names: what is in one asks for no origin.
  [serviceSelector('pyrometer_origin'), '{service_name="pyrometer_origin",pyrometer_origin=""}'],
  ['{ a = "1", }', '{a="1",pyrometer_origin=""}'],
  ["{a='1'}", `{a='1',pyrometer_origin=""}`],
])('asks an agent for %s', (selector, asked) => {
  expect(sampledOnly(selector)).toBe(asked);
});

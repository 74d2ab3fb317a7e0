import { afterAll, describe, expect, it } from 'vitest';
import type { WatchRule } from '../../../contract/watching.js';
import type { WatchVerdict } from '../../../core/watch/watcher.js';
import { setTimeZone } from '../../format/times.js';
import { watchLine, watchSummary } from './watch-words.js';

setTimeZone('utc');
afterAll(() => {
  setTimeZone('local'); // other files share the process
});
const nowMs = Date.parse('2026-03-04T12:00:00Z');
const minuteMs = 60_000;
const rule: WatchRule = {
  id: 'a',
  targetId: 'local',
  source: 'agent',
  profileType: 'cpu',
  selector: '{}',
  service: 'web',
  function: { name: 'hash_cart', file: 'cart.py' },
  measure: 'share',
  most: 0.05,
  createdMs: 0,
};
const measured = { mean: 0.062, low: 0.054, high: 0.07, fromMs: nowMs - 30 * minuteMs, toMs: nowMs - minuteMs };
const verdict = (state: WatchVerdict['state'], more: Partial<WatchVerdict> = {}): WatchVerdict => ({
  state,
  windows: 90,
  needed: 84,
  ...more,
});
const said = (of: WatchVerdict, failure?: string): string =>
  watchLine(rule, { ruleId: 'a', verdict: of, ...(failure === undefined ? {} : { failure }) }, nowMs).text.replaceAll(
    '\u00a0',
    ' ',
  );

describe('a watched rule', () => {
  it('says what is certain, since when, and until when it was looked at', () => {
    expect(said(verdict('above', { measured, sinceMs: nowMs - 20 * minuteMs }))).toBe(
      'Above for certain since 11:40: 6.2 % (5.4 % to 7.0 %). Until 11:59.',
    );
    expect(said(verdict('fine', { measured }))).toBe('Fine: 6.2 % (5.4 % to 7.0 %). Until 11:59.');
    expect(said(verdict('open', { measured }))).toMatch(/^Above or below is not certain: 6.2 %/);
  });

  it('says what it waits for', () => {
    expect(said(verdict('waiting', { windows: 12 }))).toBe('Not enough windows: 12 of 84.');
    expect(watchLine(rule, undefined, nowMs).text).toBe('Not looked at yet.');
  });

  it('says a failure as long as nothing is known, with hostile text shown', () => {
    expect(said(verdict('waiting'), 'no agent\u202e')).toBe('no agent‹U+202E›');
    expect(said(verdict('fine', { measured }), 'no agent')).toMatch(/^Fine/);
  });
});

it('sums up for the status bar', () => {
  const state = (ruleId: string, of: WatchVerdict['state']) => ({ ruleId, verdict: verdict(of) });
  expect(watchSummary([], [])).toBeUndefined();
  expect(watchSummary([rule, rule], [state('a', 'fine')])).toEqual({ text: 'watching 2', above: false });
  expect(watchSummary([rule, rule], [state('a', 'above')])).toEqual({ text: '1 of 2 above', above: true });
});

import { describe, expect, it } from 'vitest';
import { defaultSettings, parseSettings } from './settings.js';
import { mostWatched } from './watching.js';

describe('settings', () => {
  it('come back as they were', () => {
    const chosen = { ...defaultSettings, theme: 'dark' as const, hintsSeen: ['timeline', 'of-a-later-version'] };
    expect(parseSettings(JSON.stringify(chosen))).toEqual(chosen);
  });

  it.each(['', '{', 'null', '[]', '{"version":2,"theme":"dark"}'])('begin afresh from %j', (text) => {
    expect(parseSettings(text)).toEqual(defaultSettings);
  });

  const rule = {
    id: 'watch-1',
    targetId: 'local',
    source: 'agent' as const,
    profileType: 'cpu',
    selector: '{}',
    service: '',
    measure: 'cores' as const,
    most: 2,
    createdMs: 1,
  };
  const watching = (watches: unknown): unknown =>
    parseSettings(JSON.stringify({ ...defaultSettings, theme: 'dark', watches })).watches;

  it('keep of what is watched what is understood', () => {
    const chosen = { ...defaultSettings, theme: 'dark' as const, watches: [rule] };
    expect(parseSettings(JSON.stringify(chosen))).toEqual(chosen);
    const other = { ...rule, id: 'watch-2', function: { name: 'f', file: '' } };
    for (const wrong of [
      { measure: 'share' },
      { most: 0 },
      { most: null },
      { most: '5' },
      { most: 1e300 },
      { targetId: '../x' },
      { id: '__proto__' },
      { source: 'file' },
      { selector: 'x'.repeat(5000) },
      { function: { name: '', file: '' } },
      { function: 'f' },
      { function: { name: 'x'.repeat(100_000), file: '' } },
      { createdMs: -1 },
      { createdMs: 0.5 },
      { createdMs: 1e300 },
    ]) {
      expect(watching([{ ...rule, ...wrong }, other]), JSON.stringify(wrong).slice(0, 100)).toEqual([other]);
    }
    for (const none of [null, 7, 'rules', {}, { length: 1 }]) expect(watching(none)).toEqual([]);
    expect(watching([null, 7, [], [rule], other])).toEqual([other]);
  });

  it('watch no more than a person looks after, and each rule once', () => {
    const many = Array.from({ length: 100_000 }, (_, at) => ({ ...rule, id: `watch-${at % 50_000}` }));
    expect(watching(many)).toEqual(many.slice(0, mostWatched));
    expect(watching([rule, { ...rule, most: 3 }])).toEqual([rule]);
  });

  it('fill what is missing or not understood, and keep the rest', () => {
    expect(parseSettings('{"version":1,"theme":"pink","diffPalette":"violet-yellow"}')).toEqual({
      ...defaultSettings,
      diffPalette: 'violet-yellow',
    });
  });
});

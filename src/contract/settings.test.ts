import { describe, expect, it } from 'vitest';
import { defaultSettings, parseSettings } from './settings.js';

describe('settings', () => {
  it('come back as they were', () => {
    const chosen = { ...defaultSettings, theme: 'dark' as const, hintsSeen: ['timeline', 'of-a-later-version'] };
    expect(parseSettings(JSON.stringify(chosen))).toEqual(chosen);
  });

  it.each(['', '{', 'null', '[]', '{"version":2,"theme":"dark"}'])('begin afresh from %j', (text) => {
    expect(parseSettings(text)).toEqual(defaultSettings);
  });

  it('fill what is missing or not understood, and keep the rest', () => {
    expect(parseSettings('{"version":1,"theme":"pink","diffPalette":"violet-yellow"}')).toEqual({
      ...defaultSettings,
      diffPalette: 'violet-yellow',
    });
  });
});

import { describe, expect, it } from 'vitest';
import { visibleText } from './visible-text.js';

describe('visibleText', () => {
  it('leaves honest text alone', () => {
    for (const text of ['handle_request', 'Größe.naïve', '関数', 'std::vector<int>::push_back', '🔥 hot', '']) {
      expect(visibleText(text)).toBe(text);
    }
  });

  it.each([
    ['a\u202Eb', 'a‹U+202E›b'],
    ['a\nb\tc', 'a‹U+000A›b‹U+0009›c'],
    ['\u0000', '‹U+0000›'],
    ['\u007f', '‹U+007F›'],
    ['\u0085', '‹U+0085›'],
    ['x\u200by', 'x‹U+200B›y'],
    ['\u2066evil\u2069', '‹U+2066›evil‹U+2069›'],
    ['\ufeffname', '‹U+FEFF›name'],
    ['\ud800', '‹U+D800›'],
    ['tag\u{e0041}', 'tag‹U+E0041›'],
  ])('shows what %j hides', (text, shown) => {
    expect(visibleText(text)).toBe(shown);
  });

  it('never leaves a hidden character behind, however often it is asked', () => {
    const text = 'a\u202E\u202Eb';
    expect(visibleText(text)).toBe(visibleText(text));
    expect(visibleText(visibleText(text))).toBe(visibleText(text));
  });
});

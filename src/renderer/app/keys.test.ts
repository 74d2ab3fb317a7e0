import { describe, expect, it } from 'vitest';
import { commands } from './commands.js';
import { keysWords, pressMatches, type KeyPress } from './keys.js';

function press(key: string, modifiers: Partial<Omit<KeyPress, 'key'>> = {}): KeyPress {
  return { key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...modifiers };
}

describe('pressMatches', () => {
  it('takes Ctrl for Mod, and Command on a Mac', () => {
    expect(pressMatches(press('k', { ctrlKey: true }), 'Mod+K', false)).toBe(true);
    expect(pressMatches(press('k', { metaKey: true }), 'Mod+K', false)).toBe(false);
    expect(pressMatches(press('k', { metaKey: true }), 'Mod+K', true)).toBe(true);
    expect(pressMatches(press('k'), 'Mod+K', false)).toBe(false);
  });

  it('wants Shift exactly where it is named, except for signs', () => {
    expect(pressMatches(press('L', { ctrlKey: true, shiftKey: true }), 'Mod+Shift+L', false)).toBe(true);
    expect(pressMatches(press('l', { ctrlKey: true }), 'Mod+Shift+L', false)).toBe(false);
    expect(pressMatches(press('L', { shiftKey: true }), 'L', false)).toBe(false);
    expect(pressMatches(press('?', { shiftKey: true }), '?', false)).toBe(true);
    expect(pressMatches(press('?'), '?', false)).toBe(true);
  });

  it('leaves Alt to others', () => {
    expect(pressMatches(press('1', { altKey: true }), '1', false)).toBe(false);
    expect(pressMatches(press('ArrowLeft', { altKey: true }), 'Alt+ArrowLeft', false)).toBe(true);
    expect(pressMatches(press('ArrowLeft'), 'Alt+ArrowLeft', false)).toBe(false);
  });
});

describe('commands', () => {
  it('have ids and keys of their own', () => {
    const ids = commands.map((command) => command.id);
    expect(new Set(ids).size).toBe(ids.length);
    const keys = commands.flatMap((command) => command.keys ?? []);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('are written for the machine', () => {
    expect(keysWords('Mod+Shift+L', false)).toBe('Ctrl+Shift+L');
    expect(keysWords('Mod+Shift+L', true)).toBe('⌘⇧L');
  });
});

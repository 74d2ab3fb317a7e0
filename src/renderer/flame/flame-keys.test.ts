import { describe, expect, it } from 'vitest';
import { smallModel } from '../testing/small-model.js';
import { FlameModel } from './model.js';
import { flameCommand } from './flame-keys.js';

describe('flameCommand', () => {
  const model = smallModel();
  it.each([
    ['ArrowDown', -1, 0, { kind: 'select', node: 1 }],
    ['ArrowDown', 1, 0, { kind: 'select', node: 3 }],
    ['ArrowDown', 3, 0, null],
    ['ArrowUp', 3, 0, { kind: 'select', node: 1 }],
    ['ArrowRight', 1, 0, { kind: 'select', node: 2 }],
    ['ArrowRight', 2, 0, null],
    ['ArrowLeft', 2, 0, { kind: 'select', node: 1 }],
    ['Enter', 2, 0, { kind: 'zoom', node: 2 }],
    ['Backspace', -1, 3, { kind: 'zoom', node: 1 }],
    ['Backspace', -1, 0, null],
    ['Escape', 2, 1, { kind: 'reset' }],
    ['Home', 2, 1, { kind: 'reset' }],
    ['c', 2, 0, { kind: 'copy', text: 'b' }],
    ['q', 2, 0, null],
  ])('%s with %d selected in %d', (key, selected, zoomed, command) => {
    expect(flameCommand(key, model, selected, zoomed)).toEqual(command);
  });

  it('does nothing without a graph', () => {
    expect(flameCommand('ArrowDown', new FlameModel('x'), -1, 0)).toBeNull();
  });
});

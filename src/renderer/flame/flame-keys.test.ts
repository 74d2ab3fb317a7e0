import { describe, expect, it } from 'vitest';
import { smallModel } from '../testing/small-model.js';
import { FlameModel } from './model.js';
import { flameCommand } from './flame-keys.js';

describe('flameCommand', () => {
  const model = smallModel();
  const press = { key: '', shiftKey: false, singleKeys: true, up: false };
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
    ['a', 2, 0, { kind: 'pan', right: -1, down: 0 }],
    ['s', 2, 0, { kind: 'pan', right: 0, down: 1 }],
    ['+', 2, 0, { kind: 'magnify', factor: 1.5 }],
    ['0', 2, 1, { kind: 'reset' }],
    ['ContextMenu', 2, 0, { kind: 'menu', node: 2 }],
  ])('%s with %d selected in %d', (key, selected, zoomed, command) => {
    expect(flameCommand({ ...press, key }, model, selected, zoomed)).toEqual(command);
  });

  it('goes up to the callees where the root is at the bottom', () => {
    expect(flameCommand({ ...press, key: 'ArrowUp', up: true }, model, 1, 0)).toEqual({ kind: 'select', node: 3 });
    expect(flameCommand({ ...press, key: 'ArrowDown', up: true }, model, 3, 0)).toEqual({ kind: 'select', node: 1 });
  });

  it('leaves letters and signs alone when single keys are off', () => {
    for (const key of ['w', 'a', 's', 'd', '+', '-', '0', 'c']) {
      expect(flameCommand({ ...press, key, singleKeys: false }, model, 1, 0)).toBeNull();
    }
    expect(flameCommand({ ...press, key: 'Enter', singleKeys: false }, model, 1, 0)).not.toBeNull();
  });

  it('does nothing without a graph', () => {
    expect(flameCommand({ ...press, key: 'ArrowDown' }, new FlameModel('x'), -1, 0)).toBeNull();
  });
});

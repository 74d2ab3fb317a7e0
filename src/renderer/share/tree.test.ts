import { expect, it } from 'vitest';
import { nestedTree } from './tree.js';

it('nests the columns, and shows what would hide in a name', () => {
  const tree = nestedTree({
    version: 1,
    title: 't',
    unit: 'count',
    names: ['all', 'evil\u202Ename'],
    files: ['', '/a\nb'],
    colours: ['#111', '#222'],
    parent: [0, 0],
    functionIndex: [0, 1],
    value: [3, 2],
    self: [1, 2],
  });
  expect(tree).toEqual({
    name: 'all',
    file: '',
    value: 3,
    self: 1,
    colour: '#111',
    children: [{ name: 'evil‹U+202E›name', file: '/a‹U+000A›b', value: 2, self: 2, colour: '#222', children: [] }],
  });
});

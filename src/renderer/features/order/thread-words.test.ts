import { expect, it } from 'vitest';
import type { TimedThread } from '../../../contract/decoder.js';
import { chosenWords, matchingThreads, threadWords } from './thread-words.js';

const thread = (value: string, name: string, service: string): TimedThread => ({
  thread: { key: 'tid', value, unit: '' },
  name,
  service,
  total: 1,
});
const threads = [thread('7', 'io', 'shop'), thread('8', 'io', 'cart'), thread('9', '', '')];

it('threads have a name and a number, or what there is of them', () => {
  expect(threads.map(threadWords)).toEqual(['io 7', 'io 8', '9']);
  expect(threadWords(thread('main', 'main', ''))).toBe('main');
  expect(threadWords(thread('7', 'a\u202eb', ''))).not.toContain('\u202e');
});

it('the chosen one is named also when it is not in the list', () => {
  expect(chosenWords(threads, { key: 'tid', value: '8', unit: '' })).toBe('io 8');
  expect(chosenWords(threads, { key: 'tid', value: '10', unit: '' })).toBe('10');
  expect(chosenWords(threads, null)).toBe('All threads');
});

it('they are found by name, number or service', () => {
  expect(matchingThreads(threads, ' IO ')).toEqual(threads.slice(0, 2));
  expect(matchingThreads(threads, '9')).toEqual(threads.slice(2));
  expect(matchingThreads(threads, 'cart')).toEqual(threads.slice(1, 2));
  expect(matchingThreads(threads, 'nobody')).toEqual([]);
});

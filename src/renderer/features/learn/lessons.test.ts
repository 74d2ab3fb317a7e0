import { describe, expect, it } from 'vitest';
import type { LessonId } from '../../state/learning.js';
import type { LearnFacts, SelectedFrame } from './facts.js';
import { lessons } from './lessons.js';

const frame: SelectedFrame = {
  name: 'work',
  path: ['main', 'work'],
  share: 0.3,
  self: 0,
  level: 2,
  wider: 0,
  growth: 0,
};
const found = { share: 0.2, widest: 0.1 };
const shares: Readonly<Record<string, number>> = { checkout_view: 0.5, catalogue_view: 0.3, report_view: 0.1 };

/** Whether a lesson takes its task for done; null where it says nothing. */
function replyOf(
  id: LessonId,
  selected: Partial<SelectedFrame> | null,
  facts: Partial<LearnFacts> = {},
): boolean | null {
  const whole: LearnFacts = {
    sandwich: false,
    search: '',
    found: null,
    levels: 50,
    selected: selected === null ? null : { ...frame, ...selected },
    shareOf: (name) => shares[name] ?? 0,
    ...facts,
  };
  return lessons[id].reply(whole)?.done ?? null;
}

describe('lessons', () => {
  it('say nothing before anything was done', () => {
    for (const id of Object.keys(lessons) as LessonId[]) expect(replyOf(id, null)).toBeNull();
  });

  it('width: the widest of the pages', () => {
    expect(replyOf('width', {})).toBeNull();
    expect(replyOf('width', { name: 'report_view' })).toBe(false);
    expect(replyOf('width', { name: 'checkout_view' })).toBe(true);
  });

  it('order: any frame that is not the first of its caller', () => {
    expect(replyOf('order', {})).toBe(false);
    expect(replyOf('order', { wider: 2 })).toBe(true);
  });

  it('depth: far down, and narrow', () => {
    expect(replyOf('depth', { level: 40, share: 0.2 })).toBe(false);
    expect(replyOf('depth', { level: 10, share: 0.002 })).toBe(false);
    expect(replyOf('depth', { level: 40, share: 0.002 })).toBe(true);
  });

  it('self: a plateau that matters', () => {
    expect(replyOf('self', { self: 0.1 })).toBe(false);
    expect(replyOf('self', { share: 0.001, self: 0.001 })).toBe(false);
    expect(replyOf('self', { self: 0.2 })).toBe(true);
  });

  it('cpu: a search for what waits, also where it finds nothing', () => {
    expect(replyOf('cpu', null, { search: 'json', found })).toBe(false);
    expect(replyOf('cpu', null, { search: 'select', found: { share: 0, widest: 0 } })).toBe(true);
  });

  it('sandwich: of the function that is meant', () => {
    expect(replyOf('sandwich', {}, { sandwich: true })).toBe(false);
    expect(replyOf('sandwich', { name: 'price_rules' })).toBe(false);
    expect(replyOf('sandwich', { name: 'price_rules' }, { sandwich: true })).toBe(true);
  });

  it('traps: a search for what is spread', () => {
    expect(replyOf('traps', null, { search: 'select', found })).toBe(false);
    expect(replyOf('traps', null, { search: 'free', found })).toBe(true);
  });

  it('diff: the function that grew, not its callers', () => {
    expect(replyOf('diff', { growth: 0.9 })).toBe(false);
    expect(replyOf('diff', { growth: 0 })).toBe(false);
    expect(replyOf('diff', { name: 'add_shipping', path: ['main', 'price_rules', 'add_shipping'] })).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import type { FoundCode } from '../../../contract/code.js';
import { compareTexts } from './compared-texts.js';
import type { CodeState } from './use-code.js';

const found = (text: string, other: Partial<FoundCode> = {}): FoundCode => ({
  place: 'container',
  where: 'the container web',
  text,
  ...other,
});
const read = (code: FoundCode | null): CodeState => ({ phase: 'read', answer: { found: code, looks: [] } });
const note = (after: FoundCode, baseline: CodeState): string | undefined => compareTexts(after, baseline).note;

describe('the texts of both sides of a comparison', () => {
  it('tell which line is which where they differ', () => {
    const { byText, note } = compareTexts(found('new\na\n'), read(found('a\r\n')));
    expect(byText?.aligned.map(({ before, after }) => [before, after])).toEqual([
      [0, 1],
      [1, 2],
    ]);
    expect(note).toBeUndefined();
    expect(compareTexts(found('b'), read(found('a', { doubt: 'It is another one.' })))).toMatchObject({
      byText: {},
      note: 'Of A’s text: It is another one.',
    });
  });

  it('are one where the same code ran, with nothing to say', () => {
    expect(compareTexts(found('a'), read(found('a')))).toEqual({});
    expect(compareTexts(found('a'), { phase: 'none' })).toEqual({});
    expect(compareTexts(found('a'), { phase: 'reading' })).toEqual({});
  });

  it('are one where no other can be had, and that is said', () => {
    const onTarget = { place: 'target', where: 'web-1' } as const;
    expect(note(found('a'), read(found('a', { doubt: 'It is another one.' })))).toMatch(/^Only one text/);
    expect(note(found('a', onTarget), read(found('a', onTarget)))).toMatch(/^Only one text/);
    expect(note(found('a', onTarget), read(found('a', { ...onTarget, where: 'web-2' })))).toBeUndefined();
    expect(note(found('a'), { phase: 'alike' })).toMatch(/^Nothing tells which text A ran/);
    expect(note(found('a'), read(null))).toMatch(/^The text that A ran was not found\. /);
    const look = { place: 'git', where: 'the clone', why: 'The clone does not have this revision.' } as const;
    const missing: CodeState = {
      phase: 'read',
      answer: { found: null, looks: [look, { ...look, mend: 'Run git fetch in it.' }] },
    };
    expect(note(found('a'), missing)).toContain(
      'not found (the clone: The clone does not have this revision. Run git fetch in it.). Lines are compared by number',
    );
    const failure = { code: 'internal', message: 'The folders cannot be read.' } as const;
    expect(note(found('a'), { phase: 'failed', failure })).toContain('was not read: The folders cannot be read.');
    const many = (mark: string): string => Array.from({ length: 2000 }, (_, line) => `${mark}${line}`).join('\n');
    expect(note(found(many('a')), read(found(many('b'))))).toMatch(/too little in common/);
  });
});

import { describe, expect, it } from 'vitest';
import { plainMatching } from '../compare/match-functions.js';
import type { Frame, FrameTable } from '../operations/frames.js';
import { movedLines } from './moved-lines.js';

/** Frames such as "f:12@10": line 12 of f, which begins on line 10. */
function table(...texts: readonly string[]): FrameTable {
  const frames = ['all', ...texts].map((text): Frame => {
    const [, functionName = '', line, start] = /^(\w+)(?::(\d+))?(?:@(\d+))?$/.exec(text) ?? [];
    const number = Number(line ?? 0);
    return {
      name: line === undefined ? functionName : `${functionName}:${line}`,
      functionName,
      file: '/app/a.py',
      library: '',
      kind: 'python',
      packageName: 'a',
      ...(line === undefined ? {} : { line: number }),
      origin: {
        buildId: '',
        firstLine: number,
        lastLine: number,
        ...(start === undefined ? {} : { startLine: Number(start) }),
      },
    };
  });
  const [root] = frames;
  if (root === undefined) throw new Error('there is a root');
  return { count: frames.length, frameAt: (index) => frames[index] ?? root };
}

function moved(before: FrameTable, after: FrameTable): readonly string[] {
  const made = movedLines(before, after, plainMatching);
  return Array.from({ length: made.count }, (_, index) => {
    const { name, line } = made.frameAt(index);
    return `${name} ${line ?? '-'}`;
  });
}

describe('lines of code that moved', () => {
  it('go along with their function', () => {
    expect(moved(table('f:12@10', 'f:15@10', 'g:30@30', 'f'), table('f:16@14', 'g:30@30'))).toEqual([
      'all -',
      'f:16 16',
      'f:19 19',
      'g:30 30',
      'f -',
    ]);
  });

  it('stay where it is not known where their function began, or which of several it is', () => {
    expect(moved(table('f:12'), table('f:16@14'))).toEqual(['all -', 'f:12 12']);
    expect(moved(table('f:12@10'), table('f:16'))).toEqual(['all -', 'f:12 12']);
    expect(moved(table('f:12@10'), table('g:16@14'))).toEqual(['all -', 'f:12 12']);
    expect(moved(table('f:12@10', 'f:52@50'), table('f:16@14'))).toEqual(['all -', 'f:12 12', 'f:52 52']);
  });
});

import { describe, expect, it } from 'vitest';
import { defaultPySpyOptions } from '../../../contract/pyspy.js';
import { optionsInWords, processDepths } from './pyspy-words.js';

describe('py-spy in words', () => {
  it('names only what differs from the usual', () => {
    const words = (changed: Partial<typeof defaultPySpyOptions>): string =>
      optionsInWords({ ...defaultPySpyOptions, ...changed }, defaultPySpyOptions);
    expect(words({})).toBe('');
    expect(words({ rateHz: 20, idle: true })).toBe('20 Hz, waiting threads too');
    expect(words({ subprocesses: false, pace: 'sparse' })).toBe('10 s a minute, no child processes');
  });

  it('indents a process below its parent', () => {
    const process = (pid: number, parentPid: number) => ({ pid, parentPid, command: '' });
    expect(processDepths([process(1, 0), process(7, 1), process(9, 7), process(8, 1)])).toEqual([0, 1, 2, 1]);
  });
});

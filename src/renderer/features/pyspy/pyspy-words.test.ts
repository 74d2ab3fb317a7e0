import { describe, expect, it } from 'vitest';
import { defaultPySpyOptions } from '../../../contract/pyspy.js';
import { optionsInWords, processDepths, processFacts, recordedWords } from './pyspy-words.js';

describe('py-spy in words', () => {
  it('names only what differs from the usual', () => {
    const words = (changed: Partial<typeof defaultPySpyOptions>): string =>
      optionsInWords({ ...defaultPySpyOptions, ...changed }, defaultPySpyOptions);
    expect(words({})).toBe('');
    expect(words({ rateHz: 20, idle: true })).toBe('20 Hz, waiting threads too');
    expect(words({ forSeconds: 90, gil: true })).toBe('for 90 s, interpreter lock as well');
    expect(words({ subprocesses: false, pace: 'sparse' })).toBe('10 s a minute, no child processes');
  });

  it('says what is known of a process', () => {
    expect(processFacts({ pid: 17, parentPid: 1, command: 'x' })).toBe('17');
    expect(
      processFacts({ pid: 17, parentPid: 1, command: 'x', user: 'ann', version: '3.11', cpuShare: 0.02, threads: 3 }),
    ).toMatch(/^17, ann, Python 3\.11, 2\S*\s?%, 3 threads$/);
  });

  it('says what is recorded', () => {
    expect(recordedWords({ service: null })).toBe('everything that runs Python');
    expect(recordedWords({ service: 'revel_web', pid: 17 })).toBe('process 17 of revel_web');
  });

  it('indents a process below its parent', () => {
    const process = (pid: number, parentPid: number) => ({ pid, parentPid, command: '' });
    expect(processDepths([process(1, 0), process(7, 1), process(9, 7), process(8, 1)])).toEqual([0, 1, 2, 1]);
  });
});

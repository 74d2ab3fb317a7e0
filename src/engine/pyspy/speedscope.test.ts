import { describe, expect, it } from 'vitest';
import { defaultPySpyOptions } from '../../contract/pyspy.js';
import { recordArguments } from './arguments.js';
import { ofProcess, pySpyFailure } from './failures.js';
import { readSpeedscope, readWords } from './speedscope.js';

const frame = (name: string, file = '/app/a.py', line = 1) => ({ name, file, line, col: null });

function written(frames: readonly object[], profiles: readonly { name: string; samples: number[][] }[]): string {
  return JSON.stringify({
    $schema: 'x',
    shared: { frames },
    profiles: profiles.map((each) => ({ type: 'sampled', unit: 'seconds', weights: [], ...each })),
  });
}

describe('readSpeedscope', () => {
  it('counts equal stacks by process and thread, and takes labels out of them', () => {
    const text = written(
      [frame('process 1:"python a.py x;y"z""', '', 0), frame('main'), frame('work'), frame('thread (0x7f): T', '', 0)],
      [
        {
          name: 'Process 1 Thread 1 "MainThread"',
          samples: [
            [0, 1, 2],
            [0, 1],
            [0, 1, 2],
          ],
        },
        { name: 'Process 7 Thread 9 "th;re"ad\n2"', samples: [[0, 3, 1]] },
        { name: 'Thread 12 ""', samples: [[1]] },
      ],
    );
    const read = readSpeedscope(text, 5);
    expect(read).toMatchObject({
      ok: true,
      value: {
        stacks: [
          { pid: 1, thread: 'MainThread', frames: [1, 2], samples: 2 },
          { pid: 1, thread: 'MainThread', frames: [1], samples: 1 },
          { pid: 7, thread: 'th;re"ad\n2', frames: [1], samples: 1 },
          { pid: 5, thread: '12', frames: [1], samples: 1 },
        ],
      },
    });
    expect(read.ok && read.value.commands).toEqual(new Map([[1, 'python a.py x;y"z"']]));
  });

  it('does not take a function for a process because of its name', () => {
    const text = written([frame('process 1:"x"')], [{ name: 'Thread 1 "a"', samples: [[0]] }]);
    expect(readSpeedscope(text, 1)).toMatchObject({ value: { stacks: [{ frames: [0], samples: 1 }] } });
  });

  it.each(['', '{', '{}', written([], [{ name: 'Thread 1 ""', samples: [[0]] }])])('refuses %s', (text) => {
    expect(readSpeedscope(text, 1)).toMatchObject({ ok: false, failure: { code: 'bad-profile' } });
  });

  it('reads what py-spy says of itself', () => {
    const said =
      "py-spy> 1.03s behind in sampling, results may be inaccurate.\npy-spy> Wrote speedscope file to 'x'. Samples: 96 Errors: 4\n";
    expect(readWords(said)).toEqual({ errors: 4, behind: true });
    expect(readWords('')).toEqual({ errors: 0, behind: false });
  });
});

describe('py-spy', () => {
  const slice = { pid: 1, seconds: 5, kind: 'time', options: defaultPySpyOptions } as const;

  it('gets the options that were chosen, and never two that it refuses together', () => {
    expect(recordArguments(slice)).toEqual(
      'record --pid 1 --duration 5 --rate 97 --format speedscope --threads --full-filenames --subprocesses'.split(' '),
    );
    const all = { ...defaultPySpyOptions, idle: true, native: true, nonblocking: true, subprocesses: false };
    expect(recordArguments({ ...slice, options: all }).slice(-2)).toEqual(['--idle', '--nonblocking']);
    expect(recordArguments({ ...slice, kind: 'gil', options: { ...all, nonblocking: false } }).slice(-2)).toEqual([
      '--gil',
      '--native',
    ]);
  });

  it.each([
    ['Error: Permission denied (os error 13)', /forbids it/],
    ['Error: No such file or directory (os error 2)', /ended before/],
    ['Error: Failed to find python version from target process', /version of Python/],
    ['standard_init_linux.go: exec format error', /another processor/],
    ['Error: something new', /could not read the process: record it again/],
    ['', /could not read the process: record it again/],
  ])('%s', (said, sentence) => {
    expect(pySpyFailure(said)).toMatchObject({ failure: { code: 'pyspy-failed', detail: said } });
    expect(pySpyFailure(said).failure.message).toMatch(sentence);
  });

  it('names the process that it failed with, whatever that calls itself', () => {
    const { failure } = pySpyFailure('Error: Permission denied (os error 13)');
    expect(ofProcess(failure, { pid: 7, command: 'python3 a.py' }).message).toMatch(
      /^Process 7 \(python3 a\.py\): py-spy may not read this process/,
    );
    expect(ofProcess(failure, { pid: 7, command: `x\u001b[31m\n${'y'.repeat(900)}` }).message).toMatch(
      /^Process 7 \(x‹U\+001B›\[31m‹U\+000A›y{52}…\): /,
    );
    expect(ofProcess(failure, undefined)).toBe(failure);
    const denied = { code: 'docker-denied', message: 'Docker forbids it.' } as const;
    expect(ofProcess(denied, { pid: 7, command: 'python3' })).toBe(denied);
  });
});

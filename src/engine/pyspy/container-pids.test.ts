import { describe, expect, it } from 'vitest';
import { matchPids, readInside } from './container-pids.js';

const outside = [
  { pid: 900, parentPid: 800, command: 'gunicorn: master [shop]', seconds: 60 },
  { pid: 910, parentPid: 900, command: 'gunicorn: worker [shop]', seconds: 58 },
  // Began last; the machine's pids had come to their end meanwhile.
  { pid: 12, parentPid: 900, command: 'gunicorn: worker [shop]', seconds: 3 },
];
const inside = [
  { pid: 1, parentPid: 0, startedAt: 5000, command: 'gunicorn: master [shop]   ' },
  { pid: 8, parentPid: 1, startedAt: 5200, command: 'gunicorn: worker [shop] ' },
  { pid: 31, parentPid: 1, startedAt: 10_700, command: 'gunicorn: worker [shop] ' },
];

describe('matchPids', () => {
  it('lays the two lists side by side in the order in which processes began', () => {
    expect([...matchPids(outside, inside)]).toEqual([
      [900, 1],
      [910, 8],
      [12, 31],
    ]);
  });

  it('answers nothing when the lists are not of the same processes', () => {
    expect(matchPids(outside, inside.slice(1)).size).toBe(0);
    expect(matchPids(outside, inside.with(2, { pid: 31, parentPid: 1, startedAt: 10_700, command: 'sh' })).size).toBe(
      0,
    );
    expect(matchPids(outside, inside.with(2, { pid: 31, parentPid: 8, startedAt: 10_700, command: '' })).size).toBe(0);
  });
});

it('reads what a shell prints, which drops what stands between arguments', () => {
  const said = [
    '1 0 5000  tini--python3.14-cimport time while True: pass',
    '7 1 5001  python3.14-cimport time while True: pass',
    'sh: something else',
    '',
  ].join('\n');
  const commands = ['tini -- python3.14 -c import time?while True: pass', 'python3.14 -c import time while True: pass'];
  const listed = commands.map((command, index) => ({ pid: 800 + index, parentPid: 799 + index, command, seconds: 9 }));
  expect([...matchPids(listed, readInside(said))]).toEqual([
    [800, 1],
    [801, 7],
  ]);
});

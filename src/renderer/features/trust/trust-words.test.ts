import { describe, expect, test } from 'vitest';
import type { Fates, Trust } from '../../../contract/trust.js';
import { lossWords, trustMark, trustNotes, trustRows } from './trust-words.js';

const fates: Fates = {
  fired: 1000,
  lostNewProcess: 0,
  lostTailCall: 0,
  delivered: 1000,
  late: 0,
  lostWindowFull: 0,
  missing: 0,
  inFlight: 0,
  sampledNs: 10e9,
  schedulerNs: 10e9,
  endedProcesses: 0,
  windows: 4,
  unmeasuredWindows: 0,
  unbalancedWindows: 0,
};
const trust: Trust = {
  fates,
  totalNs: 10e9,
  cutNs: 0,
  cuts: [],
  nativeNs: 0,
  linedNs: 0,
  frameNs: 0,
  namedFrameNs: 0,
  files: [],
  runtimes: [],
};

const time = (ms: number): string => `t${ms}`;
const said = (given: Partial<Trust>): string[] =>
  trustRows({ ...trust, ...given }, time).map(({ label, value, tone }) => `${label}: ${value} ${tone ?? '-'}`);
const withFates = (given: Partial<Fates>): string[] => said({ fates: { ...fates, ...given } });

describe('verdicts', () => {
  test('all is well', () => {
    expect(said({})).toEqual([
      'whole stacks: 100.0\u00a0% ok',
      'samples lost: none ok',
      'balance: adds up ok',
      'against scheduler: 0.0\u00a0% ok',
    ]);
  });

  test('a store that counted no fates says only what it knows', () => {
    const uncounted: Trust = {
      totalNs: 10e9,
      cutNs: 0,
      cuts: [],
      nativeNs: 0,
      linedNs: 0,
      frameNs: 0,
      namedFrameNs: 0,
      files: [],
      runtimes: [],
    };
    expect(trustRows(uncounted, time).map(({ label }) => label)).toEqual(['whole stacks']);
  });

  test.each([
    [{ cutNs: 1e9 }, 'whole stacks: 90.0\u00a0% warn'],
    [{ cutNs: 0.1e9 }, 'whole stacks: 99.0\u00a0% ok'],
    [{ nativeNs: 4e9, frameNs: 40e9, namedFrameNs: 30e9 }, 'native frames named: 75.0\u00a0% warn'],
    [{ nativeNs: 4e9, frameNs: 40e9, namedFrameNs: 39e9 }, 'native frames named: 97.5\u00a0% ok'],
    [{ nativeNs: 4e9, linedNs: 1e9 }, 'with source lines: 25.0\u00a0% -'],
    [{ runtimes: [{ name: 'Python', version: '3.11' }] }, 'Python: 3.11 -'],
    [{ runtimes: [{ name: 'Go', version: '' }] }, 'Go: version unknown -'],
  ])('%j', (given, expected) => {
    expect(said(given)).toContain(expected);
  });

  test.each([
    [{ lostNewProcess: 30 }, 'samples lost: 30 of 1,000 warn'],
    [{ missing: 2 }, 'samples lost: 2 of 1,000 ok'],
    [{ missing: -2 }, 'samples lost: none ok'],
    [{ unbalancedWindows: 1, firstUnbalancedMs: 7 }, 'balance: 1 of 4 off warn'],
    [{ unmeasuredWindows: 4 }, 'balance: not counted warn'],
    [{ unmeasuredWindows: 1 }, 'balance: adds up warn'],
    [{ sampledNs: 13e9 }, 'against scheduler: +30.0\u00a0% warn'],
    [{ sampledNs: 9.5e9 }, 'against scheduler: −5.0\u00a0% ok'], // a thousand samples: chance
    [{ sampledNs: 13e9, endedProcesses: 2 }, 'against scheduler: +30.0\u00a0% -'],
  ])('%j', (given, expected) => {
    expect(withFates(given)).toContain(expected);
  });

  test('says each loss and its reason', () => {
    expect(lossWords({ ...fates, lostNewProcess: 3, missing: 2, inFlight: 1 })).toBe(
      '3 of processes that were too new to be walked, 2 fired and never arrived, 1 still on their way',
    );
    expect(lossWords(fates)).toBe('all 1,000 samples arrived');
  });
});

test('says what mends it, the largest first, and nothing that is noise', () => {
  const file = { path: '/x', buildId: '', valueNs: 9e9, linedNs: 0 };
  expect(
    trustNotes({
      ...trust,
      frameNs: 100e9,
      namedFrameNs: 60e9,
      cuts: [{ reason: '[stack cut: native pc read]', valueNs: 2e9 }],
      files: [
        { ...file, frameNs: 10e9, namedFrameNs: 0, mend: 'install a' },
        { ...file, frameNs: 40e9, namedFrameNs: 10e9, mend: 'install b' },
        { ...file, frameNs: 50e9, namedFrameNs: 9e9, mend: '' },
        { ...file, frameNs: 1e6, namedFrameNs: 0, mend: 'install noise' },
      ],
    }).map(({ text, share, shareTitle }) => [share, shareTitle.split(' ').slice(0, 3).join(' '), text]),
  ).toEqual([
    ['30.0\u00a0%', 'of all native', 'install b'],
    ['20.0\u00a0%', 'of all samples', 'stacks end early: stack memory that could not be read (native pc read)'],
    ['10.0\u00a0%', 'of all native', 'install a'],
  ]);
});

test('in a list it is one sign, which says what is worth a look', () => {
  expect(trustMark(trust, time)).toEqual({ tone: 'ok', words: 'Trust: all as it should be' });
  expect(trustMark({ ...trust, cutNs: 2e9 }, time)).toEqual({
    tone: 'warn',
    words: 'Trust, worth a look:\nwhole stacks: 80.0\u00a0%',
  });
  const nothing: Trust = {
    ...{ totalNs: 0, cutNs: 0, nativeNs: 0, linedNs: 0, frameNs: 0, namedFrameNs: 0 },
    ...{ cuts: [], files: [], runtimes: [] },
  };
  expect(trustMark(nothing, time)).toBeNull();
});

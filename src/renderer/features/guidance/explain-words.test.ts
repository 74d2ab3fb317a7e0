import { describe, expect, it } from 'vitest';
import type { Fates } from '../../../contract/trust.js';
import { explainedLines, explainedSections, explainedText, type Explained } from './explain-words.js';
import type { Figure } from './figures.js';

const fates: Fates = {
  fired: 5000,
  lostNewProcess: 3,
  lostTailCall: 0,
  delivered: 4997,
  late: 0,
  lostWindowFull: 0,
  missing: 0,
  inFlight: 0,
  sampledNs: 0,
  schedulerNs: 0,
  endedProcesses: 0,
  windows: 59,
  unmeasuredWindows: 0,
  unbalancedWindows: 0,
};
const periodNs = 10_309_278;
const base: Explained = {
  meaning: 'this frame and all it calls',
  value: 400 * periodNs,
  unit: 'nanoseconds',
  period: periodNs,
  title: 'web on web-1, 11:45:00-12:00:00',
  format: 'pprof',
  durationMs: 900_000,
  selection: {
    targetId: 't',
    source: 'agent',
    profileType: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
    selector: '{service_name="web"}',
    startMs: new Date(2026, 2, 4, 11, 45).getTime(),
    endMs: new Date(2026, 2, 4, 12, 0).getTime(),
  },
  targetName: 'web-1',
  fates,
  operations: [],
};
const nowMs = new Date(2026, 2, 4, 12, 1).getTime();
const said = (explained: Partial<Explained>): readonly string[] =>
  explainedLines({ ...base, ...explained }, nowMs).map(({ label, text }) =>
    `${label}: ${text}`.replaceAll('\u00a0', ' '),
  );

describe('explainedLines', () => {
  it('leads from a number of a selection to its samples, windows, losses and request', () => {
    expect(said({})).toEqual([
      'sum of: this frame and all it calls',
      'samples: 400 of 10.3 ms (97 a second)',
      'by chance: at least ±10.0 % (95 %)',
      'windows: 59',
      'lost: 3 of processes that were too new to be walked',
      'asked: the store of the agent of web-1',
      'for: {service_name="web"}',
      'of type: process_cpu:cpu:nanoseconds:cpu:nanoseconds',
      'between: 11:45 to 12:00',
    ]);
  });

  it.each<[string, Partial<Explained>, string]>([
    ['a rate that was lowered meanwhile', { value: 400.5 * periodNs }, 'samples: about 401 of 10.3 ms (97 a second)'],
    ['counts', { value: 8, unit: 'count', period: 1 }, 'samples: 8'],
    ['too few', { value: 3 * periodNs }, 'by chance: too few to tell'],
    ['an unknown period', { period: 0, fates: undefined }, 'samples: the profile does not say what one counts'],
    ['bytes', { value: 524_288, unit: 'bytes', period: 524_288 }, 'samples: 1 of 524 kB'],
    ['a source that counts no losses', { fates: undefined }, 'lost: not counted by this source'],
    ['a source that did not answer', { fates: 'failed' }, 'lost: the agent did not answer'],
    ['what the source is asked for', { fates: 'asking' }, 'lost: asking the agent …'],
    ['samples that nobody says the worth of', { period: 0, fates }, 'samples: 4,997 arrived in all'],
    [
      'samples of a rate that was changed by what all of them stand for',
      { period: 0, fates: { ...fates, delivered: 4000, sampledNs: 8000 * periodNs } },
      'samples: about 200 of 20.6 ms on average',
    ],
    ['a sum', { fates: undefined }, 'windows: one sum over 15 min'],
    ['windows that were not counted', { fates: { ...fates, unmeasuredWindows: 2 } }, 'windows: 59, 2 without a count'],
    ['a file', { selection: null, title: 'a.pb.gz' }, 'read from: a.pb.gz (pprof)'],
    [
      'operations',
      { operations: [{ kind: 'hide', frames: { by: 'kind', kind: 'kernel' } }, { kind: 'invert' }] },
      'done to it: hidden: kernel, then inverted',
    ],
  ])('tells of %s', (_, explained, expected) => {
    expect(said(explained)).toContain(expected);
  });

  it('shows hostile text as text', () => {
    expect(said({ selection: null, title: 'a\u202eb' })).not.toContain('read from: a\u202eb (pprof)');
  });

  it('is copied as lines', () => {
    const lines = [{ label: 'windows', text: '59' }];
    expect(explainedText('total', '4.12 s', [{ title: '', lines }])).toBe('total 4.12 s\nwindows: 59');
    expect(explainedText('change', '+1 s', [{ title: 'B', lines }])).toBe('change +1 s\nB, windows: 59');
  });
});

describe('explainedSections', () => {
  const { meaning, value, ...origin } = base;
  const one: Figure = { label: 'self', shown: '4 s', measured: [{ meaning, value, origin }] };
  const titlesOf = (figure: Figure): readonly string[] =>
    explainedSections(figure, [undefined, undefined], nowMs).map(({ title, lines }) => `${title}: ${lines.length}`);

  it('has the lines of one value in one, those that computed it first', () => {
    expect(titlesOf(one)).toEqual([': 9']);
    const how = [{ label: 'of all', text: '4 %' }];
    expect(explainedSections({ ...one, how }, [undefined], nowMs)[0]?.lines[0]).toEqual(how[0]);
  });

  it('says apart what A and B differ in, and once what they have in common', () => {
    const [measured] = one.measured;
    if (measured === undefined) throw new Error('there is one');
    const two: Figure = {
      ...one,
      how: [{ label: 'B less A', text: '4 s less 4 s is 0 s' }],
      measured: [measured, { ...measured, value: value / 2 }],
    };
    const sections = explainedSections(two, [fates, undefined], nowMs);
    expect(sections.map(({ title }) => title)).toEqual(['', 'A', 'B', 'A and B']);
    const labels = sections.map(({ lines }) => lines.map(({ label }) => label).join());
    expect(labels[1]).toBe('samples,by chance,windows,lost');
    expect(labels[2]).toBe(labels[1]);
    expect(labels[3]).toBe('sum of,asked,for,of type,between');
  });

  it('has none of what no samples are behind', () => {
    expect(titlesOf({ ...one, measured: [] })).toEqual([]);
  });
});

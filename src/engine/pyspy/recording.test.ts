import { describe, expect, it } from 'vitest';
import { defaultPySpyOptions, gilProfileType, wallProfileType } from '../../contract/pyspy.js';
import { fail, ok, type Failure, type Result } from '../../contract/result.js';
import { cpuProfileType } from '../../contract/selection.js';
import type { Slice } from './arguments.js';
import { planSlice, profileTypeOf, recordSubject, recordSubjects, untilOver, type Subject } from './recording.js';
import type { SliceOutput } from './slice-output.js';
import type { NewWindow } from './window.js';

const profile = JSON.stringify({
  shared: { frames: [{ name: 'main', file: 'a.py', line: 1 }] },
  profiles: [{ type: 'sampled', name: 'Process 1 Thread 1 "M"', samples: [[0], [0]] }],
});

/** A subject whose slices end as `ends` says, one after the other; the last one is repeated. */
function subjectOf(ends: readonly (Result<SliceOutput> | 'ok')[], there = true) {
  const prepared: Slice[] = [];
  const counts = { discarded: 0, recovered: 0, ran: 0 };
  const subject: Subject = {
    labels: { service_name: 'web' },
    pid: 1,
    prepare: (slice) => {
      prepared.push(slice);
      return Promise.resolve(
        ok({
          run: () => {
            const end = ends[Math.min(counts.ran++, ends.length - 1)];
            const output = {
              profile,
              said: 'Errors: 0',
              startedAtMs: 1000,
              endedAtMs: 1000 + slice.seconds * 1000 + 400,
              sampledFromMs: 1000,
              sampledToMs: 1000 + slice.seconds * 1000 + 400,
            };
            return Promise.resolve(end === undefined || end === 'ok' ? ok(output) : end);
          },
          discard: () => {
            counts.discarded++;
            return Promise.resolve();
          },
        }),
      );
    },
    recover: () => {
      counts.recovered++;
      return Promise.resolve(there);
    },
  };
  return { subject, prepared, counts };
}

async function record(subject: Subject, options = defaultPySpyOptions, wanted = 4) {
  const ending = new AbortController();
  const windows: NewWindow[] = [];
  const failure = await recordSubject(
    subject,
    options,
    {
      onSlice: () => undefined,
      onWindow: (window) => {
        windows.push(window);
        if (windows.length === wanted) ending.abort();
        return Promise.resolve(ok(null));
      },
    },
    ending.signal,
  );
  return { failure, windows };
}

describe('planSlice', () => {
  it('begins short, measures the lock in every fourth slice, and keeps to the minute when sparse', () => {
    const steady = { ...defaultPySpyOptions, gil: true };
    const plans = [0, 1, 2, 3, 7].map((index) => planSlice(index, steady));
    expect(plans.map(({ seconds }) => seconds)).toEqual([2, 5, 5, 5, 5]);
    expect(plans.map(({ kind }) => kind)).toEqual(['time', 'time', 'time', 'gil', 'gil']);
    expect(planSlice(3, { ...defaultPySpyOptions, pace: 'sparse' })).toEqual({
      kind: 'time',
      seconds: 10,
      atMs: 180_000,
    });
    expect(profileTypeOf('gil', { ...steady, idle: true })).toBe(gilProfileType);
    expect(profileTypeOf('time', { ...steady, idle: true })).toBe(wallProfileType);
    expect(profileTypeOf('time', steady)).toBe(cpuProfileType);
  });
});

describe('recordSubject', () => {
  it('keeps a window of each slice until it is ended, and lets go of what was prepared', async () => {
    const { subject, prepared, counts } = subjectOf(['ok']);
    const { failure, windows } = await record(subject);
    expect(failure).toBeUndefined();
    expect(windows).toHaveLength(4);
    // Starting py-spy took 400 ms in which it did not sample.
    expect(windows.map(({ startMs, endMs }) => endMs - startMs)).toEqual([2000, 5000, 5000, 5000]);
    expect(windows[0]).toMatchObject({
      profileType: cpuProfileType,
      periodNs: 10_309_278,
      labels: { service_name: 'web' },
      stacks: [{ pid: 1, thread: 'M', frames: [0], samples: 2 }],
    });
    expect(prepared.length - counts.ran).toBe(counts.discarded);
  });

  it('mends and goes on after a slice that failed, and gives up after three in a row', async () => {
    const broken = fail('pyspy-failed', 'no');
    const once = subjectOf(['ok', broken, 'ok']);
    expect((await record(once.subject)).failure).toBeUndefined();
    expect(once.counts.recovered).toBe(1);
    const always = subjectOf(['ok', broken]);
    expect(await record(always.subject)).toMatchObject({ failure: { code: 'pyspy-failed' } });
    expect(always.counts.recovered).toBe(3);
  });

  it('mends what a slice left that failed as the recording was ended', async () => {
    const { subject, counts } = subjectOf(['ok', fail('pyspy-failed', 'killed')]);
    const ending = new AbortController();
    const events = {
      onSlice: () => {
        if (counts.ran === 1) ending.abort();
      },
      onWindow: () => Promise.resolve(ok(null)),
    };
    expect(await recordSubject(subject, defaultPySpyOptions, events, ending.signal)).toBeUndefined();
    expect(counts).toMatchObject({ ran: 2, recovered: 1 });
  });

  it('goes on with others where one cannot be read, and says which', async () => {
    const [gone, web] = [subjectOf([fail('pyspy-failed', 'It cannot be read.')], false), subjectOf(['ok'])];
    const ending = new AbortController();
    const said: string[] = [];
    const events = {
      onSlice: () => undefined,
      onWindow: () => {
        if (web.counts.ran === 3) ending.abort();
        return Promise.resolve(ok(null));
      },
      onLost: ({ message }: Failure) => said.push(message),
    };
    const subjects = [{ ...gone.subject, labels: { service_name: 'old' } }, web.subject];
    const failure = await recordSubjects(subjects, defaultPySpyOptions, events, ending.signal);
    expect(failure?.message).toBe('old: It cannot be read.');
    expect(said).toEqual(['old: It cannot be read.']);
    expect(web.counts.ran).toBe(3);
  });

  it('ends by itself when its time is over, also one that went on after it was interrupted', async () => {
    const ending = new AbortController();
    const options = { ...defaultPySpyOptions, forSeconds: 60 };
    expect(untilOver(ending.signal, defaultPySpyOptions, 0).signal).toBe(ending.signal);
    const { signal: long } = untilOver(ending.signal, options, Date.now());
    const { signal: over } = untilOver(ending.signal, options, Date.now() - 59_990);
    await expect.poll(() => over.aborted).toBe(true);
    expect(long.aborted).toBe(false);
    ending.abort();
    expect(long.aborted).toBe(true);
  });

  it('ends when its subject is gone', async () => {
    const { subject, counts } = subjectOf([fail('not-found', 'gone')], false);
    expect(await record(subject)).toMatchObject({ failure: { code: 'not-found' } });
    expect(counts.recovered).toBe(1);
  });
});

import { describe, expect, test } from 'vitest';
import {
  filesAgain,
  fromGo,
  fromProgram,
  fromVitest,
  goFailures,
  goSecondTry,
  sum,
  totalLine,
  withSecondRun,
} from './counts.mjs';

/** @param {readonly object[]} events */
const lines = (events) => events.map((event) => JSON.stringify(event));

describe('fromVitest', () => {
  test('counts what passed, failed and was skipped', () => {
    const assertionResults = ['passed', 'passed', 'failed', 'skipped', 'todo'].map((status, at) => ({
      fullName: `test ${at}`,
      status,
      failureMessages: at === 1 || at === 2 ? [`Error: ${at}\n    at a.test.ts:3`] : [],
    }));
    const json = JSON.stringify({ testResults: [{ name: 'a.test.ts', status: 'failed', assertionResults }] });
    expect(fromVitest(json)).toEqual({
      passed: 2,
      failed: 1,
      skipped: [
        { test: 'test 3', reason: '' },
        { test: 'test 4', reason: 'not written yet' },
      ],
      failures: [{ test: 'a.test.ts > test 2', message: 'Error: 2' }],
      retried: [{ test: 'a.test.ts > test 1', message: 'Error: 1' }],
    });
  });

  test('a file that cannot be loaded is a failure', () => {
    const json = JSON.stringify({ testResults: [{ name: 'a.test.ts', status: 'failed', assertionResults: [] }] });
    expect(fromVitest(json)).toMatchObject({ passed: 0, failed: 1 });
  });
});

describe('a second run of files', () => {
  const good = { name: 'good.ts', status: 'passed', assertionResults: [{ fullName: 'a', status: 'passed' }] };
  const bad = {
    name: 'bad.ts',
    status: 'failed',
    message: 'no window\nat x.ts',
    assertionResults: [{ fullName: 'b', status: 'skipped' }],
  };
  const better = { name: 'bad.ts', status: 'passed', assertionResults: [{ fullName: 'b', status: 'passed' }] };
  /** @param {unknown[]} testResults */
  const json = (...testResults) => JSON.stringify({ testResults });

  test('is of those that failed, and of none where many did', () => {
    expect(filesAgain(json(good, bad))).toEqual(['bad.ts']);
    expect(filesAgain(json(bad, bad, bad, bad))).toEqual([]);
  });
  test('counts instead of the first, and names what that failed of', () => {
    expect(withSecondRun(json(good, bad), json(better))).toEqual({
      passed: 2,
      failed: 0,
      skipped: [],
      failures: [],
      retried: [{ test: 'bad.ts', message: 'no window' }],
    });
  });
  test('fails where it fails again', () => {
    expect(withSecondRun(json(good, bad), json(bad))).toMatchObject({ passed: 1, failed: 1, retried: [] });
  });
});

describe('fromGo', () => {
  test('counts leaves, with the reason of a skip', () => {
    const events = lines([
      { Action: 'run', Package: 'p/a', Test: 'TestOne' },
      { Action: 'pass', Package: 'p/a', Test: 'TestOne' },
      { Action: 'pass', Package: 'p/a', Test: 'TestTable/first' },
      { Action: 'fail', Package: 'p/a', Test: 'TestTable/second' },
      { Action: 'fail', Package: 'p/a', Test: 'TestTable' },
      { Action: 'output', Package: 'p/a', Test: 'TestRoot', Output: '=== RUN   TestRoot\n' },
      { Action: 'output', Package: 'p/a', Test: 'TestRoot', Output: '    x_test.go:12: needs root\n' },
      { Action: 'skip', Package: 'p/a', Test: 'TestRoot' },
      { Action: 'fail', Package: 'p/a' },
    ]);
    expect(fromGo(['what go prints itself', ...events])).toEqual({
      passed: 2,
      failed: 1,
      skipped: [{ test: 'p/a TestRoot', reason: 'needs root' }],
      failures: [{ test: 'p/a TestTable/second', message: '' }],
      retried: [],
    });
  });

  test('what passes at its second try has passed, and is named', () => {
    const first = [
      { Action: 'fail', Package: 'p', Test: 'TestTable/late' },
      { Action: 'pass', Package: 'p', Test: 'TestTable/other' },
      { Action: 'fail', Package: 'p', Test: 'TestTable' },
      { Action: 'fail', Package: 'p' },
    ];
    const second = first.map((event) => ({ ...event, Action: 'pass' }));
    expect(fromGo(lines([...first, ...second]))).toEqual({
      passed: 2,
      failed: 0,
      skipped: [],
      failures: [],
      retried: [{ test: 'p TestTable/late', message: '' }],
    });
    expect(fromGo(lines([...first, ...first]))).toMatchObject({ passed: 1, failed: 1, retried: [] });
  });

  test('a test that fails although its subtests pass is a failure', () => {
    const events = lines([
      { Action: 'pass', Package: 'p', Test: 'TestA/b' },
      { Action: 'fail', Package: 'p', Test: 'TestA' },
      { Action: 'fail', Package: 'p' },
    ]);
    expect(fromGo(events)).toMatchObject({ passed: 1, failed: 1 });
  });

  test('a test that never ended is a failure', () => {
    const events = lines([
      { Action: 'run', Package: 'p', Test: 'TestHangs' },
      { Action: 'fail', Package: 'p' },
    ]);
    expect(fromGo(events)).toMatchObject({ passed: 0, failed: 1 });
  });

  test('a package that does not compile is a failure, a package without tests is none', () => {
    const events = lines([
      { Action: 'fail', Package: 'p/broken' },
      { Action: 'skip', Package: 'p/empty' },
    ]);
    expect(fromGo(events)).toEqual({
      passed: 0,
      failed: 1,
      skipped: [],
      failures: [{ test: 'p/broken', message: '' }],
      retried: [],
    });
  });
});

describe('goSecondTry', () => {
  const late = [
    { Action: 'fail', Package: 'p', Test: 'TestTable/late' },
    { Action: 'fail', Package: 'p', Test: 'TestTable' },
    { Action: 'fail', Package: 'p' },
  ];
  test('names what failed, without its subtests', () => {
    expect(goSecondTry(lines(late))).toEqual({ packages: ['p'], tests: ['TestTable'] });
  });
  test.each([
    ['races', { Action: 'output', Package: 'p', Test: 'TestTable', Output: 'WARNING: DATA RACE\n' }],
    ['panics', { Action: 'output', Package: 'p', Output: 'panic: nil map\n' }],
    ['does not compile', { Action: 'fail', Package: 'q' }],
  ])('tries nothing again where something %s', (_what, event) => {
    expect(goSecondTry(lines([...late, event]))).toEqual({ packages: [], tests: [] });
  });
});

test('goFailures shows what failed and nothing else', () => {
  const events = lines([
    { Action: 'build-output', ImportPath: 'p/broken', Output: 'x.go:1:2: undefined: y\n' },
    { Action: 'output', Package: 'p', Test: 'TestGood', Output: 'fine\n' },
    { Action: 'pass', Package: 'p', Test: 'TestGood' },
    { Action: 'output', Package: 'p', Test: 'TestBad', Output: '=== RUN   TestBad\n' },
    { Action: 'output', Package: 'p', Test: 'TestBad', Output: '    p_test.go:3: got 1, want 2\n' },
    { Action: 'fail', Package: 'p', Test: 'TestBad' },
  ]);
  expect(goFailures(events)).toEqual(['x.go:1:2: undefined: y', '    p_test.go:3: got 1, want 2']);
});

describe('fromProgram', () => {
  test('reads the line that a test program ends with', () => {
    expect(fromProgram('ok first\n12 passed, 0 failed\n', true)).toMatchObject({ passed: 12, failed: 0 });
  });
  test('believes the exit code more than the line', () => {
    expect(fromProgram('12 passed, 0 failed\n', false)).toMatchObject({ passed: 12, failed: 1 });
  });
  test('counts a silent program as one test', () => {
    expect(fromProgram('', true)).toMatchObject({ passed: 1, failed: 0 });
    expect(fromProgram('Segmentation fault', false)).toMatchObject({ passed: 0, failed: 1 });
  });
});

test('the total is one line', () => {
  const one = { passed: 3, failed: 0, skipped: [{ test: 'a', reason: '' }] };
  expect(totalLine(sum([one, { passed: 1, failed: 2, skipped: [] }]))).toBe('4 passed, 2 failed, 1 skipped');
});

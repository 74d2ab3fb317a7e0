/**
 * What one test runner counted.
 *
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {readonly Skip[]} skipped
 * @property {readonly Failure[]} [failures] those of `failed` that have a name
 * @property {readonly Failure[]} [retried] of `passed`: what failed at its first try, and why
 */

/** @typedef {{ test: string, reason: string }} Skip `reason` is empty where a runner does not hand it on */

/** @typedef {{ test: string, message: string }} Failure `message` is one line, and empty where there is none */

/**
 * The sum of what runners counted.
 *
 * @param {readonly Counts[]} all
 * @returns {Counts}
 */
export function sum(all) {
  return {
    passed: all.reduce((total, { passed }) => total + passed, 0),
    failed: all.reduce((total, { failed }) => total + failed, 0),
    skipped: all.flatMap(({ skipped }) => skipped),
    failures: all.flatMap(({ failures }) => failures ?? []),
    retried: all.flatMap(({ retried }) => retried ?? []),
  };
}

/**
 * `12 passed, 0 failed, 1 skipped`: the last line of `npm test`, which other programs read.
 *
 * @param {Counts} counts
 */
export function totalLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
}

/**
 * From the report that vitest writes with --reporter=json. A file that could not even be loaded counts as one failure.
 *
 * @param {string} json
 * @returns {Counts}
 */
export function fromVitest(json) {
  /** @type {{ testResults?: { name: string, status: string, message?: string, assertionResults: { fullName: string, status: string, failureMessages?: string[] }[] }[] }} */
  const report = JSON.parse(json);
  let passed = 0;
  let failed = 0;
  /** @type {Skip[]} */
  const skipped = [];
  /** @type {Failure[]} */
  const failures = [];
  /** @type {Failure[]} */
  const retried = [];
  for (const file of report.testResults ?? []) {
    const before = failed;
    for (const { fullName, status, failureMessages = [] } of file.assertionResults) {
      const failure = { test: `${file.name} > ${fullName}`, message: firstLine(failureMessages[0]) };
      if (status === 'passed') {
        passed += 1;
        if (failureMessages.length > 0) retried.push(failure);
      } else if (status === 'failed') {
        failed += 1;
        failures.push(failure);
      } else skipped.push({ test: fullName, reason: status === 'todo' ? 'not written yet' : '' });
    }
    if (file.status === 'failed' && failed === before) {
      failed += 1;
      failures.push({ test: file.name, message: firstLine(file.message) });
    }
  }
  return { passed, failed, skipped, failures, retried };
}

/** More files than this do not fail by chance. */
const mostFilesAgain = 3;

/**
 * The files that failed, to run a second time: by what a single test's retry cannot mend, a set-up or an earlier test. Empty
 * where so many failed that it is no chance.
 *
 * @param {string} json as for `fromVitest`
 * @returns {readonly string[]}
 */
export function filesAgain(json) {
  /** @type {{ testResults?: { name: string, status: string }[] }} */
  const { testResults = [] } = JSON.parse(json);
  const failed = testResults.filter(({ status }) => status === 'failed').map(({ name }) => name);
  return failed.length > mostFilesAgain ? [] : failed;
}

/**
 * The counts of a run and of a second one of some of its files, which counts for those. A file that passed then is named
 * with what it failed of.
 *
 * @param {string} first as for `fromVitest`
 * @param {string} second
 * @returns {Counts}
 */
export function withSecondRun(first, second) {
  /** @type {{ testResults?: { name: string }[] }} */
  const before = JSON.parse(first);
  /** @type {{ testResults?: { name: string, status: string }[] }} */
  const after = JSON.parse(second);
  const again = new Set((after.testResults ?? []).map(({ name }) => name));
  /** @param {boolean} repeated */
  const firstOf = (repeated) =>
    fromVitest(
      JSON.stringify({ testResults: (before.testResults ?? []).filter(({ name }) => again.has(name) === repeated) }),
    );
  const mended = new Set((after.testResults ?? []).filter(({ status }) => status === 'passed').map(({ name }) => name));
  const late = (firstOf(true).failures ?? []).filter(({ test }) => mended.has(test.split(' > ', 1)[0] ?? ''));
  return sum([firstOf(false), fromVitest(second), { passed: 0, failed: 0, skipped: [], retried: late }]);
}

/** @param {string} [text] */
function firstLine(text = '') {
  return text.split('\n', 1)[0] ?? '';
}

/**
 * From the lines of `go test -json`. Subtests count like vitest's tests: only those that have none below them. A package
 * that fails without a failing test (it does not compile, it panics, it is too late) counts as one failure. A second run of
 * some tests may follow the first: what it says of them counts.
 *
 * @param {Iterable<string>} lines
 * @returns {Counts}
 */
export function fromGo(lines) {
  /** @type {Map<string, { action: string, output: string[], failedOnce: boolean }>} */
  const tests = new Map();
  /** @type {Set<string>} */
  const failedPackages = new Set();
  for (const line of lines) {
    const event = parseEvent(line);
    if (event === undefined) continue;
    if (event.Test === undefined) {
      // A build failure has an import path instead of a package's, and may have both.
      if (event.Action === 'fail') failedPackages.add(event.Package ?? '');
      else if (event.Action === 'pass') failedPackages.delete(event.Package ?? '');
      continue;
    }
    const id = `${event.Package} ${event.Test}`;
    const test = tests.get(id) ?? { action: '', output: [], failedOnce: false };
    if (event.Action === 'output') test.output.push(event.Output ?? '');
    else test.action = event.Action;
    test.failedOnce ||= event.Action === 'fail';
    tests.set(id, test);
  }
  const parents = new Set([...tests.keys()].flatMap((id) => ancestors(id)));
  let passed = 0;
  let failed = 0;
  /** @type {Skip[]} */
  const skipped = [];
  /** @type {Failure[]} */
  const failures = [];
  /** @param {string} test */
  const fail = (test) => {
    failed += 1;
    failures.push({ test, message: '' });
  };
  /** @type {Set<string>} */
  const explained = new Set();
  /** @type {Failure[]} */
  const retried = [];
  for (const [id, { action, output, failedOnce }] of tests) {
    const failing = action !== 'pass' && action !== 'skip';
    if (failing) explained.add(id.slice(0, id.indexOf(' ')));
    if (parents.has(id)) {
      // A test that fails beside its subtests, all of which pass.
      const below = [...tests].some(([other, { action: end }]) => other.startsWith(`${id}/`) && end === 'fail');
      if (failing && !below) fail(id);
    } else if (action === 'pass') {
      passed += 1;
      if (failedOnce) retried.push({ test: id, message: '' });
    } else if (action === 'skip') skipped.push({ test: id, reason: skipReason(output) });
    else fail(id);
  }
  for (const name of failedPackages) if (!explained.has(name)) fail(name);
  return { passed, failed, skipped, failures, retried };
}

/**
 * The tests to try a second time after a failing `go test -json`: with their names, what failed plainly, by package. Empty where
 * something failed otherwise: what does not compile, panics or races is wrong however often it passes.
 *
 * @param {readonly string[]} lines
 * @returns {{ packages: readonly string[], tests: readonly string[] }}
 */
export function goSecondTry(lines) {
  const events = lines.map(parseEvent).filter((event) => event !== undefined);
  const failing = events.filter(({ Action, Test }) => Action === 'fail' && Test !== undefined);
  const packages = new Set(failing.map(({ Package = '' }) => Package));
  const otherwise = events.some(
    ({ Action, Package = '', Output = '' }) =>
      (Action === 'fail' && !packages.has(Package)) ||
      Action === 'build-output' ||
      /^(panic: |fatal error: |WARNING: DATA RACE)/.test(Output.trimStart()),
  );
  if (otherwise) return { packages: [], tests: [] };
  const tests = new Set(failing.map(({ Test = '' }) => Test.split('/', 1)[0] ?? ''));
  return { packages: [...packages], tests: [...tests] };
}

/**
 * What failing tests and packages printed, for a person: the lines of `go test -json` without the rest.
 *
 * @param {readonly string[]} lines
 * @returns {string[]}
 */
export function goFailures(lines) {
  const events = lines.map(parseEvent).filter((event) => event !== undefined);
  const failed = new Set(events.filter(({ Action }) => Action === 'fail').map(idOf));
  return events
    .filter((event) => (event.Action === 'output' && failed.has(idOf(event))) || event.Action === 'build-output')
    .map(({ Output = '' }) => Output.trimEnd())
    .filter((text) => text !== '' && !text.startsWith('=== '));
}

/** @param {GoEvent} event */
function idOf({ Package = '', Test = '' }) {
  return `${Package} ${Test}`;
}

/**
 * From a test program that says `N passed, N failed` or `N passed, N failed, N skipped` on a line; one that says
 * neither counts as one test, which its exit code judged.
 *
 * @param {string} output
 * @param {boolean} ok its exit code was 0
 * @returns {Counts}
 */
export function fromProgram(output, ok) {
  const found = [...output.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\.?$/gm)].at(-1);
  if (found === undefined) return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: [] };
  const [passed, failed, skips] = [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)];
  return {
    passed,
    failed: ok ? failed : Math.max(failed, 1),
    skipped: Array.from({ length: skips }, () => ({ test: 'c++', reason: '' })),
  };
}

/** @typedef {{ Action: string, Package?: string, Test?: string, Output?: string }} GoEvent */

/**
 * @param {string} line
 * @returns {GoEvent | undefined} undefined: not an event; what a test program prints may be anything
 */
function parseEvent(line) {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line);
  } catch (_notJson) {
    return undefined;
  }
}

/**
 * "package A/b/c" has the ancestors "package A" and "package A/b".
 *
 * @param {string} id
 */
function ancestors(id) {
  const space = id.indexOf(' ');
  const parts = id.slice(space + 1).split('/');
  return parts.slice(1).map((_, index) => `${id.slice(0, space)} ${parts.slice(0, index + 1).join('/')}`);
}

/**
 * The message of t.Skip, which go test prints as "    file_test.go:12: message".
 *
 * @param {readonly string[]} output
 */
function skipReason(output) {
  const lines = output.join('').split('\n');
  const found = lines.map((line) => /^\s+\S+\.go:\d+: (.*)$/.exec(line)?.[1]).filter((text) => text !== undefined);
  return found.at(-1) ?? '';
}

import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { checkStages } from '../check/stages.mjs';
import { goEnvironment, goProgram } from '../setup/go.mjs';
import { fromRoot, root } from '../setup/paths.mjs';
import { printable } from '../setup/progress.mjs';
import { fromGo, fromProgram, fromVitest, goFailures, totalLine } from './counts.mjs';

/** @typedef {import('../stages.mjs').Stage} Stage */
/** @typedef {import('../stages.mjs').StageContext} StageContext */
/** @typedef {import('./counts.mjs').Counts} Counts */
/** @typedef {(counts: Counts) => void} Report takes what a runner counted, also when its stage then fails */

const vitest = fromRoot('node_modules/vitest/vitest.mjs');
const minute = 60_000;

/** Where goroutines of the agent share what is ours. */
const shared = ['budget', 'control', 'keeper', 'lease', 'netmeter', 'push', 'store', 'symbol', 'target', 'window'];

/**
 * All that `npm run check` runs, with its test runners counted, and Go's privileged and slow tests as well; then the agent's
 * packages under the race detector, which needs a C compiler.
 *
 * @param {Report} report
 * @returns {Stage[]}
 */
export function sourceStages(report) {
  /** @type {Stage} */
  const race = {
    name: 'go race',
    needs: ['system packages'],
    run: (context) =>
      goTest(context, report, {
        title: 'go test -race',
        args: ['-race', '-short', ...shared.map((name) => `./internal/${name}`)],
        env: { ...goEnvironment, CGO_ENABLED: '1' },
      }),
  };
  /** @type {Stage[]} */
  const stages = checkStages().map((stage) => {
    if (stage.name === 'unit') return { ...stage, run: (context) => unit(context, report) };
    if (stage.name === 'go test') {
      return {
        ...stage,
        run: (context) => goTest(context, report, { title: stage.name, args: ['./...'], env: goEnvironment }),
      };
    }
    if (stage.name === 'c++ test') return { ...stage, run: (context) => counted(stage, context, report) };
    return stage;
  });
  return [...stages, race];
}

/**
 * What the servers of the end-to-end tests are made of: an image, a Pyroscope. Apart, so that it is made while the
 * sources are judged.
 *
 * @returns {Stage}
 */
export function testServersStage() {
  return {
    name: 'test servers',
    needs: ['dependencies', 'system packages'],
    async run({ begin, exec }) {
      const reason = whyNoWorld();
      if (reason !== undefined) return skipOrThrow(reason);
      begin('demo image and Pyroscope');
      await exec(process.execPath, [fromRoot('e2e/world/prepare.mjs')], { cwd: root, timeoutMs: 25 * minute });
      return { mark: 'done', text: 'demo image and Pyroscope are there' };
    },
  };
}

/**
 * The tests that need a whole machine: those of the world on the machine itself, then those of the app in a world.
 *
 * @param {Report} report
 * @returns {Stage[]}
 */
export function worldStages(report) {
  const servers = whyNoWorld() === undefined ? ['test servers'] : [];
  const needs = [...servers, 'electron', 'build', 'agents', 'addon', 'libraries'];
  const guard = [vitest, 'run', '--config', 'e2e/vitest.config.ts', '--project', 'guard'];
  // Windows, virtual networks and real load on two shared cores: what fails once is tried again, and said at the end.
  const again = '--retry=1';
  return [
    worldStage('e2e guard', 'the world leaves nothing behind', needs, guard, report),
    worldStage('e2e', 'the app in a world', needs, [fromRoot('e2e/run.mjs'), again], report),
  ];
}

/**
 * @param {string} name
 * @param {string} text
 * @param {readonly string[]} needs
 * @param {readonly string[]} args of Node; vitest's reporters are added
 * @param {Report} report
 * @returns {Stage}
 */
function worldStage(name, text, needs, args, report) {
  return {
    name,
    needs,
    // Real sampling on two cores: a compiler beside it would be in the flame graph, and make every wait longer.
    alone: true,
    async run(context) {
      const reason = whyNoWorld();
      if (reason !== undefined) {
        report({ passed: 0, failed: 0, skipped: [{ test: name, reason }] });
        return skipOrThrow(reason);
      }
      context.begin(text);
      return vitestRun(context, name, args, report, {
        timeoutMs: 28 * minute,
        // A world needs time to go down; killed, it would leave its folder to the next run.
        graceMs: 90_000,
        show: true,
      });
    },
  };
}

/**
 * @param {StageContext} context
 * @param {Report} report
 */
function unit(context, report) {
  context.begin('vitest');
  return vitestRun(context, 'unit', [vitest, 'run'], report, { timeoutMs: 10 * minute });
}

/**
 * @param {StageContext} context
 * @param {string} name
 * @param {readonly string[]} args
 * @param {Report} report
 * @param {import('../stages.mjs').ExecOptions} options
 * @returns {Promise<import('../stages.mjs').Outcome>}
 */
async function vitestRun({ exec }, name, args, report, options) {
  const file = fromRoot('build/test', `${name.replaceAll(' ', '-')}.json`);
  mkdirSync(dirname(file), { recursive: true });
  rmSync(file, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  /** @type {Counts} */
  let counts = { passed: 0, failed: 1, skipped: [] };
  try {
    const env = { NO_COLOR: '1', ...goEnvironment };
    await exec(process.execPath, [...args, ...reporters], { cwd: root, env, ...options });
  } finally {
    // Without a report vitest itself did not get so far: one failure.
    if (existsSync(file)) counts = fromVitest(readFileSync(file, 'utf8'));
    report(counts);
  }
  return { mark: 'done', text: totalLine(counts) };
}

/**
 * @param {StageContext} context
 * @param {Report} report
 * @param {{ readonly title: string, readonly args: readonly string[], readonly env: Readonly<Record<string, string>> }} how
 * @returns {Promise<import('../stages.mjs').Outcome>}
 */
async function goTest({ begin, exec, log, note, signal }, report, { title, args, env }) {
  begin(title);
  /** @type {unknown} */
  let failure;
  try {
    await exec(goProgram(), ['test', '-json', ...args], {
      cwd: fromRoot('remote-agent'),
      env,
      timeoutMs: 15 * minute,
    });
  } catch (error) {
    if (signal.aborted) throw error;
    failure = error;
  }
  const lines = existsSync(log.path) ? readFileSync(log.path, 'utf8').split('\n') : [];
  const counts = fromGo(lines);
  if (failure === undefined) {
    report(counts);
    return { mark: 'done', text: totalLine(counts) };
  }
  // Whatever go's exit code meant, it is no success.
  const failed = { ...counts, failed: Math.max(counts.failed, 1) };
  report(failed);
  for (const line of goFailures(lines).slice(-80)) note(`    ${printable(line)}`);
  throw new Error(totalLine(failed), { cause: failure });
}

/**
 * Runs a stage whose last command is a test program, and counts what that printed.
 *
 * @param {Stage} stage
 * @param {StageContext} context
 * @param {Report} report
 * @returns {Promise<import('../stages.mjs').Outcome | void>}
 */
async function counted(stage, context, report) {
  let output = '';
  try {
    const outcome = await stage.run({
      ...context,
      async exec(...command) {
        output = '';
        output = await context.exec(...command);
        return output;
      },
    });
    if (outcome?.mark === 'skipped')
      report({ passed: 0, failed: 0, skipped: [{ test: stage.name, reason: outcome.text }] });
    else report(fromProgram(output, true));
    return outcome;
  } catch (error) {
    report(fromProgram(output, false));
    throw error;
  }
}

/** Why this machine can have no test world, in a few words; undefined when it can. */
function whyNoWorld() {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0)
    return 'needs root: it makes users, mounts and containers in a mount namespace of its own';
  return undefined;
}

/**
 * @param {string} reason
 * @returns {import('../stages.mjs').Outcome}
 */
function skipOrThrow(reason) {
  if (process.env['CI']) throw new Error(`${reason}; with CI set nothing is skipped`);
  return { mark: 'skipped', text: reason };
}

import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { checkStages } from '../check/stages.mjs';
import { CommandError } from '../setup/children.mjs';
import { goEnvironment, goProgram } from '../setup/go.mjs';
import { fromRoot, root } from '../setup/paths.mjs';
import { printable } from '../setup/progress.mjs';
import {
  filesAgain,
  fromGo,
  fromProgram,
  fromVitest,
  goFailures,
  goSecondTry,
  totalLine,
  withSecondRun,
} from './counts.mjs';

/** @typedef {import('../stages.mjs').Stage} Stage */
/** @typedef {import('../stages.mjs').StageContext} StageContext */
/** @typedef {import('./counts.mjs').Counts} Counts */
/** @typedef {(counts: Counts) => void} Report takes what a runner counted, also when its stage then fails */

const vitest = fromRoot('node_modules/vitest/vitest.mjs');
const minute = 60_000;
/** Windows, virtual networks and real load on two shared cores: what fails once is tried again, and said at the end. */
const again = '--retry=1';

/** Where goroutines of the agent share what is ours. */
const shared = [
  'budget',
  'control',
  'keeper',
  'lease',
  'netmeter',
  'push',
  'sshbridge',
  'store',
  'symbol',
  'target',
  'window',
];

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
        flags: ['-race', '-short'],
        packages: shared.map((name) => `./internal/${name}`),
        env: { ...goEnvironment, CGO_ENABLED: '1' },
      }),
  };
  /** @type {Stage[]} */
  const stages = checkStages().map((stage) => {
    if (stage.name === 'unit') return { ...stage, run: (context) => unit(context, report) };
    if (stage.name === 'go test') {
      return {
        ...stage,
        run: (context) => goTest(context, report, { title: stage.name, packages: ['./...'], env: goEnvironment }),
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
  return [
    // Nothing is sampled in it, and it mostly waits: it fills what the sources leave of two cores.
    { ...worldStage('e2e guard', 'the world leaves nothing behind', needs, guard, report), alone: false },
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
        timeoutMs: 60 * minute,
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
  return vitestRun(context, 'unit', [vitest, 'run', again], report, { timeoutMs: 30 * minute });
}

/**
 * Files that failed are run again, together, where they are few and nothing else was wrong.
 *
 * @param {StageContext} context
 * @param {string} name
 * @param {readonly string[]} args
 * @param {Report} report
 * @param {import('../stages.mjs').ExecOptions} options
 * @returns {Promise<import('../stages.mjs').Outcome>}
 */
async function vitestRun({ begin, exec, signal }, name, args, report, options) {
  const file = fromRoot('build/test', `${name.replaceAll(' ', '-')}.json`);
  /** @param {readonly string[]} files all where there are none @returns {Promise<{ json: string | undefined, failure: unknown }>} */
  const run = async (files) => {
    mkdirSync(dirname(file), { recursive: true });
    rmSync(file, { force: true });
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const env = { NO_COLOR: '1', ...goEnvironment };
    /** @type {unknown} */
    let failure;
    try {
      await exec(process.execPath, [...args, ...files, ...reporters], { cwd: root, env, ...options });
    } catch (error) {
      failure = error;
    }
    return { json: existsSync(file) ? readFileSync(file, 'utf8') : undefined, failure };
  };
  let { json, failure } = await run([]);
  // Without a report vitest itself did not get so far: one failure.
  let counts = json === undefined ? { passed: 0, failed: 1, skipped: [] } : fromVitest(json);
  // Any other code is of what a second run would hide: a world that left something behind.
  const plainly = failure instanceof CommandError && failure.code === 1;
  const again = !plainly || json === undefined || signal.aborted ? [] : filesAgain(json);
  if (json !== undefined && again.length > 0) {
    begin(`${again.map((path) => basename(path)).join(', ')} once more`);
    const second = await run(again);
    failure = second.failure;
    if (second.json !== undefined) counts = withSecondRun(json, second.json);
  }
  report(counts);
  if (failure !== undefined)
    throw failure instanceof Error ? failure : new Error(totalLine(counts), { cause: failure });
  return { mark: 'done', text: totalLine(counts) };
}

/**
 * Tests that fail plainly are tried again, alone, as vitest's are; what passes then is named at the end.
 *
 * @param {StageContext} context
 * @param {Report} report
 * @param {{ readonly title: string, readonly flags?: readonly string[], readonly packages: readonly string[], readonly env: Readonly<Record<string, string>> }} how
 * @returns {Promise<import('../stages.mjs').Outcome>}
 */
async function goTest({ begin, exec, log, note, signal }, report, { title, flags = [], packages, env }) {
  /** @param {readonly string[]} args @returns {Promise<unknown>} why it failed */
  const run = async (args) => {
    try {
      const options = { cwd: fromRoot('remote-agent'), env, timeoutMs: 25 * minute };
      await exec(goProgram(), ['test', '-json', ...flags, ...args], options);
      return undefined;
    } catch (error) {
      if (signal.aborted) throw error;
      return error;
    }
  };
  const printed = () => (existsSync(log.path) ? readFileSync(log.path, 'utf8').split('\n') : []);
  begin(title);
  let failure = await run(packages);
  const late = failure === undefined ? undefined : goSecondTry(printed());
  if (late !== undefined && late.tests.length > 0) {
    begin(`${title}: ${late.tests.join(', ')} once more`);
    failure = await run(['-count=1', '-run', `^(${late.tests.join('|')})$`, ...late.packages]);
  }
  const lines = printed();
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

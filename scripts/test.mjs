import { addonStage } from './setup/addon.mjs';
import { agentsStage } from './setup/agents.mjs';
import { pyspyStage } from './setup/pyspy.mjs';
import { buildStage } from './setup/build.mjs';
import { dependenciesStage } from './setup/dependencies.mjs';
import { electronStage } from './setup/electron-runtime.mjs';
import { librariesStage } from './setup/libraries.mjs';
import { root } from './setup/paths.mjs';
import { printable } from './setup/progress.mjs';
import { systemPackagesStage } from './setup/system-packages.mjs';
import { exitCodeOf, runStages, summarise } from './stages.mjs';
import { sum, totalLine } from './test/counts.mjs';
import { sourceStages, testServersStage, worldStages } from './test/stages.mjs';

// npm test [-- --yes] [NAME...]: sets everything up, then judges the sources, then drives the app against real servers.
// With names only those stages, after their set-up. The last line is the sum over all test runners.
//
// CI=true: nothing is asked, and what this machine cannot do fails instead of being skipped.

const ci = Boolean(process.env['CI']);
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));

/** @type {import('./test/counts.mjs').Counts[]} */
const counts = [];
/** @param {import('./test/counts.mjs').Counts} one */
const report = (one) => {
  counts.push(one);
};

const setup = [
  systemPackagesStage({
    groups: ['run', 'native', 'display', 'test'],
    yes: ci || process.argv.includes('--yes'),
    required: ci,
  }),
  dependenciesStage(),
  testServersStage(),
  electronStage(),
  agentsStage({ required: true }),
  pyspyStage(),
  addonStage(),
  buildStage(),
  librariesStage(),
];
const all = [...sourceStages(report), ...worldStages(report)];
const tests = all.filter(
  ({ name }) => names.length === 0 || names.some((wanted) => name === wanted || name.startsWith(`${wanted} `)),
);
if (tests.length === 0) {
  console.error(`No stage is named ${names.join(', ')}. There are: ${all.map(({ name }) => name).join(', ')}`);
  process.exitCode = 2;
} else {
  const result = await runStages('test', [...setup, ...tests], { keepGoing: true, showReady: true });
  const broken = result.stages.filter(({ mark }) => mark === 'failed').map(({ name }) => name);
  const total = sum(counts);
  for (const { test, reason } of total.skipped) console.log(`skipped: ${test}${reason === '' ? '' : `: ${reason}`}`);
  for (const [what, list] of Object.entries({ 'passed at its second try': total.retried, failed: total.failures })) {
    for (const { test, message } of list ?? [])
      console.log(`${what}: ${test.replace(`${root}/`, '')} ${printable(message)}`);
  }
  console.log(summarise('test', result) + (broken.length > 0 ? `; failed: ${broken.join(', ')}` : ''));
  // A lint error is no failed test, but a total of "0 failed" must mean that all is well.
  const unaccounted = !result.ok && total.failed === 0 ? Math.max(broken.length, 1) : 0;
  console.log(totalLine({ ...total, failed: total.failed + unaccounted }));
  process.exitCode = exitCodeOf(result);
}

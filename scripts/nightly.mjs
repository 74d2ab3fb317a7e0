import { dependenciesStage } from './setup/dependencies.mjs';
import { addonStage } from './setup/addon.mjs';
import { agentsStage } from './setup/agents.mjs';
import { buildStage } from './setup/build.mjs';
import { systemPackagesStage } from './setup/system-packages.mjs';
import { goFuzzStages, nativeFuzzStages } from './nightly/fuzz.mjs';
import { kernelsStage } from './nightly/kernels.mjs';
import { nightStage } from './nightly/night.mjs';
import { soakStage } from './nightly/soak.mjs';
import { exitCodeOf, runStages, summarise } from './stages.mjs';
import { testServersStage } from './test/stages.mjs';

// npm run test:nightly [-- --seconds N] [--yes]: what is too long for each change. Each fuzz target gets N seconds, 300 when
// nothing is said; then the end-to-end tests run that take
// minutes each, other kernels are booted, and the agent is watched for ten minutes.

const secondsEach = Number(/^\d+$/.exec(process.argv[process.argv.indexOf('--seconds') + 1] ?? '')?.[0] ?? 300);
const setup = [
  systemPackagesStage({
    groups: ['native', 'display', 'test', 'nightly'],
    yes: Boolean(process.env['CI']) || process.argv.includes('--yes'),
  }),
  dependenciesStage(),
  testServersStage(),
  agentsStage({ required: true }),
  addonStage(),
  buildStage(),
];
const fuzz = [...goFuzzStages(secondsEach), ...nativeFuzzStages(secondsEach)];
console.log(
  `nightly: ${fuzz.length} fuzz targets, ${secondsEach} s each, long end-to-end tests, other kernels, and the soak of the agent`,
);
const result = await runStages('nightly', [...setup, ...fuzz, nightStage(), kernelsStage(), soakStage('agent', 600)], {
  keepGoing: true,
  jobs: 1,
});
console.log(summarise('nightly', result));
process.exitCode = exitCodeOf(result);

import { checkStages } from './check/stages.mjs';
import { addonStage } from './setup/addon.mjs';
import { dependenciesStage } from './setup/dependencies.mjs';
import { exitCodeOf, runStages, summarise } from './stages.mjs';

// npm run check [NAME...]: types, lint, format and unit tests of all languages; with names only those stages.
const names = process.argv.slice(2);
const stages = checkStages();
const chosen = stages.filter(
  ({ name }) => names.length === 0 || names.some((wanted) => name === wanted || name.startsWith(`${wanted} `)),
);
if (chosen.length === 0) {
  console.error(`No stage is named ${names.join(', ')}. There are: ${stages.map(({ name }) => name).join(', ')}`);
  process.exitCode = 2;
} else {
  const result = await runStages('check', [dependenciesStage(), addonStage(), ...chosen], { keepGoing: true });
  const failed = result.stages.filter(({ mark }) => mark === 'failed').map(({ name }) => name);
  console.log(summarise('check', result) + (failed.length > 0 ? `; failed: ${failed.join(', ')}` : ''));
  process.exitCode = exitCodeOf(result);
}

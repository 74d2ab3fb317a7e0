import { readdirSync } from 'node:fs';
import { agentsStage } from './setup/agents.mjs';
import { dependenciesStage } from './setup/dependencies.mjs';
import { fromRoot } from './setup/paths.mjs';
import { systemPackagesStage } from './setup/system-packages.mjs';
import { soakStage } from './nightly/soak.mjs';
import { exitCodeOf, runStages, summarise } from './stages.mjs';
import { testServersStage } from './test/stages.mjs';

// npm run soak -- NAME [--seconds N]: watches a part of the project for N seconds, 600 when nothing is said.

const known = readdirSync(fromRoot('e2e/soak')).map((file) => file.split('.')[0]);
const [name = ''] = process.argv.slice(2);
const seconds = Number(/^\d+$/.exec(process.argv[process.argv.indexOf('--seconds') + 1] ?? '')?.[0] ?? 600);
if (!known.includes(name)) {
  console.error(`usage: npm run soak -- NAME [--seconds N]\nNAME is one of: ${known.join(', ')}`);
  process.exitCode = 2;
} else {
  const setup = [
    systemPackagesStage({
      groups: ['display', 'test'],
      yes: Boolean(process.env['CI']) || process.argv.includes('--yes'),
    }),
    dependenciesStage(),
    testServersStage(),
    agentsStage({ required: true }),
  ];
  const result = await runStages('soak', [...setup, soakStage(name, seconds)]);
  console.log(summarise('soak', result));
  process.exitCode = exitCodeOf(result);
}

import { existsSync, readdirSync } from 'node:fs';
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { formatTable } from './bench/table.mjs';
import { dependenciesStage } from './setup/dependencies.mjs';
import { addonStage } from './setup/addon.mjs';
import { fromRoot } from './setup/paths.mjs';
import { openStamp } from './setup/stamp.mjs';
import { exitCodeOf, runStages } from './stages.mjs';

// npm run bench -- NAME [--json] [--quick] [--yes]
//
// bench/NAME/index.ts (or index.mjs) exports `bench({ quick, note })`, which measures ours and the peers alternately and
// gives the rows. A package.json beside it names peers that the app itself does not need, a stages.mjs exports `stages()`, what
// else must be there. With --yes what the system lacks for it is installed without a question.

const options = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const unknown = options.find((option) => !['--json', '--quick', '--yes'].includes(option));
const [name] = names;
const entry =
  name === undefined
    ? undefined
    : ['index.ts', 'index.mjs'].map((file) => fromRoot('bench', name, file)).find((path) => existsSync(path));

if (unknown !== undefined || names.length !== 1 || name === undefined || entry === undefined) {
  console.error(
    unknown ? `There is no option ${unknown}.` : name ? `There is no benchmark ${name}.` : 'Which benchmark?',
  );
  console.error(
    `usage: npm run bench -- NAME [--json] [--quick] [--yes]\nNAME is one of: ${benchmarks().join(', ') || '(none yet)'}`,
  );
  process.exitCode = 2;
} else {
  const prepared = await runStages('bench', [
    dependenciesStage(),
    addonStage(),
    peersStage(name),
    ...(await stagesOf(name)),
  ]);
  process.exitCode = exitCodeOf(prepared);
  if (prepared.ok) await measure(name, entry);
}

/**
 * @param {string} benchmark
 * @param {string} path
 */
async function measure(benchmark, path) {
  const { bench } = await load(path);
  const rows = await bench({
    quick: options.includes('--quick'),
    note: (/** @type {string} */ text) => console.error(text),
  });
  console.log(formatTable(rows));
  if (options.includes('--json')) console.log(JSON.stringify({ bench: benchmark, rows }));
}

/**
 * @param {string} benchmark
 * @returns {Promise<import('./stages.mjs').Stage[]>}
 */
async function stagesOf(benchmark) {
  const path = fromRoot('bench', benchmark, 'stages.mjs');
  return existsSync(path) ? (await import(pathToFileURL(path).href)).stages() : [];
}

/**
 * Node itself runs the TypeScript: a bundler's module runner would put a getter before each call from one file into another, which
 * costs loops over a million nodes ten times what they take in the app.
 *
 * @param {string} path
 */
async function load(path) {
  register('./bench/typescript.mjs', import.meta.url);
  return import(pathToFileURL(path).href);
}

/**
 * @param {string} benchmark
 * @returns {import('./stages.mjs').Stage}
 */
function peersStage(benchmark) {
  return {
    name: 'peers',
    needs: ['dependencies'],
    async run({ begin, exec }) {
      const folder = fromRoot('bench', benchmark);
      if (!existsSync(`${folder}/package.json`)) return { mark: 'ready', text: 'none of its own' };
      const stamp = openStamp('.pyrometer-setup', {
        inputs: [`${folder}/package.json`, `${folder}/package-lock.json`],
        outputs: [`${folder}/node_modules/.package-lock.json`],
        directory: `${folder}/node_modules`,
      });
      if (stamp.fresh) return { mark: 'ready', text: 'as locked' };
      begin('npm ci');
      await exec('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--no-progress'], { cwd: folder });
      stamp.save();
      return undefined;
    },
  };
}

function benchmarks() {
  const folder = fromRoot('bench');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((each) =>
    ['index.ts', 'index.mjs'].some((file) => existsSync(`${folder}/${each}/${file}`)),
  );
}

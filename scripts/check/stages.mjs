import { readdirSync } from 'node:fs';
import { fromRoot, root } from '../setup/paths.mjs';
import { filesBelow } from '../setup/stamp.mjs';
import { goEnvironment } from '../setup/go.mjs';
import { goStages } from './go.mjs';
import { nativeTestStage } from './native.mjs';

/** @typedef {import('../stages.mjs').Stage} Stage */

/**
 * Everything that judges the sources without starting a server: types, lint, format, unit tests of all languages.
 * The longest come first, so that two at a time end about together.
 *
 * @returns {Stage[]}
 */
export function checkStages() {
  const [goFormat, goVet, goTest] = goStages();
  return [goTest, lintStage(), unitStage(), ...typeStages(), goVet, nativeTestStage(), formatStage(), goFormat];
}

/**
 * Each layer against its own tsconfig (what must not resolve there does not), then the tests and the scripts.
 *
 * @returns {Stage[]}
 */
export function typeStages() {
  const layers = readdirSync(fromRoot('src')).filter(
    (name) => filesBelow(fromRoot('src', name), isTypeScript).length > 0,
  );
  const projects = [
    ...layers.filter((name) => name !== 'native').map((name) => ({ name, path: `src/${name}` })),
    { name: 'tests', path: 'tsconfig.json' },
    { name: 'scripts', path: 'scripts' },
  ];
  return projects.map(({ name, path }) => ({
    name: `types ${name}`,
    needs: ['dependencies'],
    async run({ begin, exec }) {
      begin(`tsc -p ${path}`);
      // What tsc remembers of the last run is keyed by file content; it saves most of the second run.
      const memory = ['--incremental', '--tsBuildInfoFile', `build/check/${name}.tsbuildinfo`];
      await exec(process.execPath, [fromRoot('node_modules/typescript/bin/tsc'), '-p', path, ...memory], { cwd: root });
    },
  }));
}

/**
 * Typed lint of everything takes minutes, so files that did not change are not looked at again. A rule that asks for the
 * type of what another file exports may miss a change there: CI has no memory and looks at all.
 *
 * @returns {Stage}
 */
function lintStage() {
  const memory = process.env['CI']
    ? []
    : ['--cache', '--cache-strategy', 'content', '--cache-location', 'build/check/eslint'];
  return nodeTool('lint', 'eslint', ['node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0', ...memory]);
}

/** @returns {Stage} */
function formatStage() {
  return nodeTool('format', 'prettier', [
    'node_modules/prettier/bin/prettier.cjs',
    '--check',
    '--log-level',
    'warn',
    '.',
  ]);
}

/** @returns {Stage} */
function unitStage() {
  return { ...nodeTool('unit', 'vitest', ['node_modules/vitest/vitest.mjs', 'run']), needs: ['dependencies', 'addon'] };
}

/**
 * @param {string} name
 * @param {string} title
 * @param {readonly string[]} args the tool's file first
 * @returns {Stage}
 */
function nodeTool(name, title, args) {
  return {
    name,
    needs: ['dependencies'],
    async run({ begin, exec }) {
      begin(title);
      await exec(process.execPath, args, { cwd: root, env: { NO_COLOR: '1', ...goEnvironment } });
    },
  };
}

/** @param {string} path */
function isTypeScript(path) {
  return /\.tsx?$/.test(path);
}

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { goProgram } from './setup/go.mjs';
import { dependenciesStage } from './setup/dependencies.mjs';
import { findProgram, fromRoot, root } from './setup/paths.mjs';
import { filesBelow } from './setup/stamp.mjs';
import { exitCodeOf, runStages, summarise } from './stages.mjs';

// npm run gen [-- --check]: makes the generated sources anew. With --check it does so in a copy and fails when the
// copy differs from what is committed.

/** What generation reads and writes, relative to the clone. */
const folders = ['remote-agent', 'bpf', 'src/engine/gen'];

/** Where generated files lie, and what of a folder is generated. */
const generated = [
  { folder: 'remote-agent/internal/gen', accept: () => true },
  { folder: 'src/engine/gen', accept: () => true },
  { folder: 'remote-agent/internal', accept: (/** @type {string} */ path) => /_(bpfel|bpfeb|bpf)\.(go|o)$/.test(path) },
];

const check = process.argv.includes('--check');
const place = check ? makeCopy() : root;
const result = await runStages('generate', [dependenciesStage(), ...stages(place)]);
console.log(summarise('generate', result));
process.exitCode = exitCodeOf(result);
if (check) rmSync(place, { recursive: true, force: true });

/**
 * @param {string} top the clone, or a copy of its folders
 * @returns {import('./stages.mjs').Stage[]}
 */
function stages(top) {
  const cwd = join(top, 'remote-agent');
  return [
    {
      name: 'buf',
      needs: ['dependencies'],
      async run({ begin, exec }) {
        begin('buf lint, buf generate');
        const buf = fromRoot('node_modules/.bin/buf');
        await exec(buf, ['lint'], { cwd });
        await exec(buf, ['generate'], { cwd });
      },
    },
    {
      name: 'bpf',
      async run({ begin, exec }) {
        const missing = ['clang-14', 'llvm-strip-14'].filter((program) => findProgram([program]) === undefined);
        if (missing.length > 0) {
          const sentence = `${missing.join(' and ')} not on PATH (Debian: apt-get install clang-14 llvm-14 libbpf-dev)`;
          if (!check || process.env['CI']) throw new Error(sentence);
          return { mark: 'warned', text: `BPF objects not compared: ${sentence}` };
        }
        begin('go generate');
        await exec(goProgram(), ['generate', './internal/probe/...'], { cwd });
        return undefined;
      },
    },
    ...(top === root ? [] : [compareStage(top)]),
  ];
}

/**
 * @param {string} copy
 * @returns {import('./stages.mjs').Stage}
 */
function compareStage(copy) {
  return {
    name: 'compare',
    needs: ['buf', 'bpf'],
    async run() {
      const differing = new Set();
      for (const { folder, accept } of generated) {
        for (const top of [root, copy]) {
          for (const path of filesBelow(join(top, folder), accept)) {
            const name = relative(top, path);
            if (!sameContent(join(root, name), join(copy, name))) differing.add(name);
          }
        }
      }
      if (differing.size > 0) {
        throw new Error(`not what generation gives, run "npm run gen" and commit: ${[...differing].sort().join(', ')}`);
      }
      return { mark: 'done', text: 'generated files are as committed' };
    },
  };
}

function makeCopy() {
  const copy = mkdtempSync(join(tmpdir(), 'pyrometer-generate-'));
  process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
  for (const folder of folders.filter((name) => existsSync(fromRoot(name)))) {
    mkdirSync(join(copy, folder), { recursive: true });
    cpSync(fromRoot(folder), join(copy, folder), { recursive: true });
  }
  // The TypeScript generator is named by a path beside remote-agent.
  symlinkSync(fromRoot('node_modules'), join(copy, 'node_modules'));
  return copy;
}

/**
 * @param {string} one
 * @param {string} other
 */
function sameContent(one, other) {
  try {
    return readFileSync(one).equals(readFileSync(other));
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return false;
    throw error;
  }
}

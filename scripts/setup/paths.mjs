import './require-node.mjs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { accessSync, constants, statSync } from 'node:fs';

/** The clone's top folder. */
export const root = resolve(import.meta.dirname, '../..');

/** @param {...string} parts */
export const fromRoot = (...parts) => join(root, ...parts);

/** Where set-up keeps its stamps; below build/, so `git clean` and a removed build/ start anew. */
export const stateDirectory = fromRoot('build/setup');

/** Where each stage's output goes, one folder a run and one file a stage. */
export const logDirectory = fromRoot('build/logs');

/**
 * A folder that all clones of one user share, for what is large and pinned by its hash.
 *
 * @param {NodeJS.ProcessEnv} [environment]
 * @param {NodeJS.Platform} [platform]
 */
export function cacheDirectory(environment = process.env, platform = process.platform) {
  const home = environment['HOME'] || homedir();
  const explicit = environment['XDG_CACHE_HOME'];
  if (explicit) return join(explicit, 'pyrometer');
  if (platform === 'darwin') return join(home, 'Library/Caches/pyrometer');
  if (platform === 'win32') return join(environment['LOCALAPPDATA'] || join(home, 'AppData/Local'), 'pyrometer');
  return join(home, '.cache/pyrometer');
}

/**
 * The first of the programs that PATH holds, as an absolute path; undefined when none is there. Spawning `which` for
 * this would cost a process for each question at every start.
 *
 * @param {readonly string[]} names
 * @param {string} [path] colon-separated folders; default PATH
 */
export function findProgram(names, path = process.env['PATH'] ?? '') {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', ''] : [''];
  for (const name of names) {
    for (const folder of path.split(delimiter)) {
      for (const ending of endings) {
        const candidate = join(folder || '.', name + ending);
        if (isExecutableFile(candidate)) return candidate;
      }
    }
  }
  return undefined;
}

/** @param {string} file */
function isExecutableFile(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch (_notThere) {
    return false;
  }
}

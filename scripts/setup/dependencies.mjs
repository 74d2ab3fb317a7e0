import { readFileSync } from 'node:fs';
import { findProgram, fromRoot, root } from './paths.mjs';
import { openStamp } from './stamp.mjs';

/**
 * The npm packages, exactly as the lock file says, without running their install scripts (.npmrc).
 *
 * @returns {import('../stages.mjs').Stage}
 */
export function dependenciesStage() {
  return {
    name: 'dependencies',
    async run({ begin, exec }) {
      // The stamp lies in node_modules, so that it goes with it.
      const open = () =>
        openStamp('.pyrometer-setup', {
          inputs: [fromRoot('package.json'), fromRoot('package-lock.json'), fromRoot('.npmrc')],
          outputs: [fromRoot('node_modules/.package-lock.json')],
          settings: { platform: process.platform, arch: process.arch },
          directory: fromRoot('node_modules'),
        });
      const stamp = open();
      if (stamp.fresh) return { mark: 'ready', text: 'as locked' };
      if (isInstalled(readLock('package-lock.json'), readLock('node_modules/.package-lock.json'))) {
        stamp.save();
        return { mark: 'ready', text: 'as locked' };
      }
      const npm = findProgram(['npm']);
      if (npm === undefined) throw new Error('npm is not on PATH; it comes with Node (https://nodejs.org)');
      begin('npm ci');
      await exec(npm, ['ci', '--no-audit', '--no-fund', '--no-progress', '--loglevel=notice'], { cwd: root });
      open().save();
      return {
        mark: 'done',
        text: `${Object.keys(readLock('node_modules/.package-lock.json').packages).length} packages`,
      };
    },
  };
}

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, dev?: boolean }} LockedPackage */
/** @typedef {{ packages: Record<string, LockedPackage> }} Lock */

/**
 * Whether what npm noted in node_modules is what the lock file asks for: somebody ran `npm ci` himself. Packages for
 * other platforms are optional and may be missing.
 *
 * @param {Lock} locked
 * @param {Lock} installed
 */
export function isInstalled(locked, installed) {
  for (const [path, wanted] of Object.entries(locked.packages)) {
    if (path === '') continue;
    const got = installed.packages[path];
    if (got === undefined ? !wanted.optional : got.version !== wanted.version || got.integrity !== wanted.integrity)
      return false;
  }
  return Object.keys(installed.packages).every((path) => path in locked.packages);
}

/**
 * @param {string} path
 * @returns {Lock} empty when there is no such file
 */
function readLock(path) {
  try {
    const lock = JSON.parse(readFileSync(fromRoot(path), 'utf8'));
    return { packages: lock.packages ?? {} };
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return { packages: {} };
    throw error;
  }
}

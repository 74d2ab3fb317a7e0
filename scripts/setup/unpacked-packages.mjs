import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './children.mjs';
import { parseSimulation } from './apt.mjs';
import { cacheDirectory } from './paths.mjs';

/**
 * Packages that a machine cannot install without upgrading others (openssh-server wants openssh-client of exactly its own
 * version) and that tests need all the same: unpacked into a folder of the user's cache. Nothing is installed; tests lay
 * the folder over a root of their own.
 */

/**
 * Where a package was unpacked: a root's tree (`usr/sbin/sshd`, ...).
 *
 * @param {string} name
 * @returns {string | undefined} undefined when it was not
 */
export function unpackedRoot(name) {
  const folder = folderOf(name);
  return existsSync(folder) ? folder : undefined;
}

/** @param {string} name */
const folderOf = (name) => join(cacheDirectory(), 'unpacked', name);

/**
 * Downloads a package and those of its dependencies that are missing, and unpacks them without running anything of them. What was
 * unpacked in the same versions before stays: a run of the tests beside this one may have laid it over its root.
 *
 * @param {string} name
 * @param {import('../stages.mjs').StageContext} context
 */
export async function unpackPackage(name, { exec, detail }) {
  detail(`unpacking ${name}`);
  const plan = ['--simulate', '--quiet', 'install', '--no-install-recommends', name];
  const simulated = await runCommand('apt-get', plan, { env: { LC_ALL: 'C' } });
  const { installs } = parseSimulation(simulated);
  const versions = simulated
    .split('\n')
    .filter((line) => line.startsWith('Inst '))
    .join('\n');
  const stamp = `${folderOf(name)}.versions`;
  if (existsSync(folderOf(name)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === versions) return;
  mkdirSync(join(cacheDirectory(), 'unpacked'), { recursive: true });
  const scratch = mkdtempSync(join(cacheDirectory(), 'unpacked', '.new-'));
  try {
    // apt's own download user may not write into a home folder.
    await exec('apt-get', ['download', '-o', 'APT::Sandbox::User=root', ...installs], { cwd: scratch });
    const tree = join(scratch, 'root');
    for (const file of readdirSync(scratch).filter((each) => each.endsWith('.deb'))) {
      await exec('dpkg-deb', ['--extract', join(scratch, file), tree]);
    }
    rmSync(folderOf(name), { recursive: true, force: true });
    renameSync(tree, folderOf(name));
    writeFileSync(stamp, versions);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

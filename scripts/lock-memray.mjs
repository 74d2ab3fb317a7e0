import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram, fromRoot } from './setup/paths.mjs';

// node scripts/lock-memray.mjs: asks the package index, through pip, which wheels memray and what it imports are, for every
// Python and machine that it is put on, and writes them with their hashes to resources/memray. Run it for a new release of
// memray, and look at what changed before it is committed: the app takes nothing else.

const execute = promisify(execFile);
const pythons = ['3.9', '3.10', '3.11', '3.12', '3.13', '3.14'];
const machines = ['x86_64', 'aarch64'];
/** Tags of wheels, as src/engine/memray/wheels.ts asks for them. */
const systems = [
  ['manylinux_2_28', 'manylinux_2_26', 'manylinux2014'],
  ['musllinux_1_2', 'musllinux_1_1'],
];

const release = /memrayVersion = '([\d.]+)'/.exec(readFileSync(fromRoot('src/engine/memray/scripts.ts'), 'utf8'))?.[1];
if (release === undefined) throw new Error('src/engine/memray/scripts.ts names no release of memray');
for (const python of pythons) {
  try {
    const text = await lockOf(python);
    writeFileSync(fromRoot(`resources/memray/python-${python}.txt`), text);
    console.log(`Python ${python}: ${text.split('\n').filter((line) => line.includes('==')).length} packages`);
  } catch (error) {
    console.log(`Python ${python}: none (${String(error).slice(0, 400)})`);
    process.exitCode = 1;
  }
}

/**
 * A requirements file: each package once, with the hashes of its wheels for every machine.
 *
 * @param {string} python
 */
async function lockOf(python) {
  /** @type {Map<string, { version: string, hashes: Set<string> }>} */
  const packages = new Map();
  for (const system of systems) {
    for (const machine of machines) {
      for (const { metadata, download_info: from } of await resolvedOrNone(python, system, machine)) {
        const hash = from.archive_info.hashes.sha256;
        const known = packages.get(metadata.name) ?? { version: metadata.version, hashes: new Set() };
        if (known.version !== metadata.version) {
          throw new Error(`${metadata.name} is ${known.version} for one machine and ${metadata.version} for another`);
        }
        known.hashes.add(hash);
        packages.set(metadata.name, known);
      }
    }
  }
  if (packages.size === 0) throw new Error('there are no wheels for any machine');
  const lines = [...packages]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, { version, hashes }]) =>
        `${name}==${version}${[...hashes]
          .sort()
          .map((hash) => ` \\\n    --hash=sha256:${hash}`)
          .join('')}`,
    );
  return `# Made by scripts/lock-memray.mjs.\n${lines.join('\n')}\n`;
}

/**
 * None where memray has no wheel, as for musl on arm64: it cannot be had there.
 *
 * @param {string} python
 * @param {string[]} system
 * @param {string} machine
 */
async function resolvedOrNone(python, system, machine) {
  try {
    return await resolved(python, system, machine);
  } catch (error) {
    if (!/No matching distribution found for memray/.test(String(error))) throw error;
    console.log(`Python ${python}: no wheels for ${system[0]}_${machine}`);
    return [];
  }
}

/**
 * @param {string} python
 * @param {string[]} system
 * @param {string} machine
 * @returns {Promise<{ metadata: { name: string, version: string }, download_info: { archive_info: { hashes: { sha256: string } } } }[]>}
 */
async function resolved(python, system, machine) {
  const target = mkdtempSync(join(tmpdir(), 'pyrometer-lock-'));
  try {
    const { stdout } = await execute(
      interpreter(python),
      [
        ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--dry-run', '--ignore-installed'],
        ...['--report', '-', '--target', target, '--only-binary=:all:', '--implementation', 'cp'],
        ...['--python-version', python, '--abi', `cp${python.replace('.', '')}`, '--abi', 'abi3', '--abi', 'none'],
        ...system.flatMap((kind) => ['--platform', `${kind}_${machine}`]),
        `memray==${release}`,
      ],
      { maxBuffer: 64 * 1024 * 1024 },
    );
    return JSON.parse(stdout.slice(stdout.indexOf('{'))).install;
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}

/**
 * pip judges what a package needs on which Python by the one that it runs on: that version where it is there.
 *
 * @param {string} python
 */
function interpreter(python) {
  const versions = join(homedir(), '.pyenv', 'versions');
  const name = existsSync(versions) ? readdirSync(versions).find((each) => each.startsWith(`${python}.`)) : undefined;
  const found =
    name === undefined ? findProgram([`python${python}`, 'python3']) : join(versions, name, 'bin', 'python');
  if (found === undefined) throw new Error('python3 with pip is not on PATH');
  return found;
}

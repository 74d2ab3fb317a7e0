import { createHash } from 'node:crypto';
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createManifest } from './agents.mjs';
import { cacheDirectory, findProgram, fromRoot } from './paths.mjs';
import { openStamp, writeWhole } from './stamp.mjs';
import { unpackZip } from './zip.mjs';

/**
 * py-spy for every kind of target that it is put on, from its wheels on PyPI. A wheel counts only when all of its bytes
 * are these; a new version is a new set of hashes here.
 */
export const pinned = Object.freeze({
  version: '0.4.3',
  wheels: /** @type {const} */ ([
    {
      target: 'linux-amd64',
      platform: 'manylinux2014_x86_64',
      sha256: '8a4277225f470d394a85cca0cdd944bef87f0097b6f20150a6dd3ac2e92806b8',
    },
    {
      target: 'linux-arm64',
      platform: 'manylinux2014_aarch64',
      sha256: 'bbcec46930d464b3bfc142d6d02ade4dd8ad5627823263b3eff0280e80c7c132',
    },
    {
      target: 'darwin-amd64',
      platform: 'macosx_10_12_x86_64',
      sha256: 'b4e22d1fbc22bffa7d8e43c8b13daf47f56f14dbdbc813590093df81f0a971c6',
    },
    {
      target: 'darwin-arm64',
      platform: 'macosx_11_0_arm64',
      sha256: '89ccab893c89b65f8f45bd51f8173294eaeebefbfc4252345681de8048420437',
    },
  ]),
});

const folder = fromRoot('resources/pyspy');
const manifestPath = join(folder, 'manifest.json');
const licencePath = join(folder, 'LICENSE');

/** @param {string} target */
const programPath = (target) => join(folder, target, 'py-spy');

/**
 * Where a file of the wheel goes below resources/pyspy; undefined for what is not wanted. The licence comes along: MIT
 * asks for it wherever the program goes.
 *
 * @param {string} name
 * @param {string} target
 */
export function placeOfWheelFile(name, target) {
  if (/^py_spy-[\d.]+\.data\/scripts\/py-spy$/.test(name)) return `${target}/py-spy`;
  return /^py_spy-[\d.]+\.dist-info\/(?:licenses\/)?LICENSE$/.test(name) ? 'LICENSE' : undefined;
}

/**
 * The py-spy programs that the app copies beside Python processes where the agent cannot run. Without pip, or without a
 * package index in reach, everything else works.
 *
 * @returns {import('../stages.mjs').Stage}
 */
export function pyspyStage() {
  return {
    name: 'py-spy',
    async run(context) {
      const stamp = openStamp('pyspy', {
        inputs: [],
        outputs: [...pinned.wheels.map(({ target }) => programPath(target)), manifestPath, licencePath],
        settings: { pinned: JSON.stringify(pinned) },
      });
      if (stamp.fresh) return { mark: 'ready', text: 'there' };
      stamp.clear();
      try {
        for (const wheel of pinned.wheels) {
          await unpackZip(await fetchWheel(wheel, context), folder, (name) => placeOfWheelFile(name, wheel.target));
        }
      } catch (error) {
        context.signal.throwIfAborted();
        context.log.line(String(error));
        const why =
          error instanceof NoPip ? error.message : `py-spy ${pinned.version} could not be had from the package index`;
        return {
          mark: 'warned',
          text: `${why}; profiling without eBPF (macOS, Docker in a virtual machine) does not work`,
        };
      }
      const manifest = createManifest(
        pinned.version,
        pinned.wheels.map(({ target }) => [target, readFileSync(programPath(target))]),
      );
      writeWhole(manifestPath, JSON.stringify(manifest, null, 2) + '\n');
      stamp.save();
      return { mark: 'done', text: `${pinned.version} for ${pinned.wheels.map(({ target }) => target).join(', ')}` };
    },
  };
}

class NoPip extends Error {}

/**
 * The path of a wheel in the cache, whose key is its content; from the index into the cache when it is not there. pip asks
 * the index that the machine is set up for, so no address stands here.
 *
 * @param {{ target: string, platform: string, sha256: string }} wheel
 * @param {import('../stages.mjs').StageContext} context
 */
async function fetchWheel({ target, platform, sha256 }, { exec, detail, begin }) {
  const cache = join(cacheDirectory(), 'pyspy');
  const kept = join(cache, `${sha256}.whl`);
  if (statSync(kept, { throwIfNoEntry: false })) {
    if ((await sha256Of(kept)) === sha256) return kept;
    rmSync(kept);
  }
  const python = findProgram(['python3', 'python']);
  if (python === undefined) throw new NoPip('python3 with pip is not on PATH');
  begin('pip download');
  detail(`py-spy ${pinned.version} for ${target}`);
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, 'new-'));
  try {
    const requirements = join(scratch, 'requirements.txt');
    writeFileSync(requirements, `py-spy==${pinned.version} --hash=sha256:${sha256}\n`);
    await exec(
      python,
      [
        ...['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--require-hashes'],
        ...['--only-binary=:all:', '--platform', platform, '--dest', scratch, '-r', requirements],
      ],
      { cwd: scratch },
    );
    const file = readdirSync(scratch).find((name) => name.endsWith('.whl'));
    if (file === undefined) throw new Error('pip download left no wheel');
    const path = join(scratch, file);
    const found = await sha256Of(path);
    if (found !== sha256) throw new Error(`${file} is not what was pinned (${found}); nothing of it was used`);
    renameSync(path, kept);
    return kept;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @param {string} path */
async function sha256Of(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

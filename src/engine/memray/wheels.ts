import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fail, ok, type Result } from '../../contract/result.js';
import { errorText } from '../failures/thrown.js';
import { memrayVersion, type Probe } from './scripts.js';

const execute = promisify(execFile);
const timeoutMs = 300_000;

export interface Wheel {
  readonly name: string;
  readonly content: Buffer;
}

/** Tags of wheels that run on a machine, newest first. */
function platforms({ machine, musl }: Probe): readonly string[] {
  const kinds = musl ? ['musllinux_1_2', 'musllinux_1_1'] : ['manylinux_2_28', 'manylinux_2_26', 'manylinux2014'];
  return kinds.map((kind) => `${kind}_${machine}`);
}

/**
 * memray and what it imports, as wheels for an interpreter elsewhere, by the pip of this computer and its package index. Only
 * wheels count whose hashes stand in `resources/memray`, for they are run on the target; nothing of them is run here.
 */
export async function memrayWheels(
  probe: Probe,
  resourcesDir: string,
  signal?: AbortSignal,
): Promise<Result<readonly Wheel[]>> {
  const pinned = join(resourcesDir, 'memray', `python-${probe.version}.txt`);
  if (!existsSync(pinned)) {
    return fail(
      'unsupported',
      `This copy of Pyrometer knows no memray for Python ${probe.version}: install memray in the program's own environment.`,
    );
  }
  const folder = await mkdtemp(join(tmpdir(), 'pyrometer-memray-'));
  const tag = probe.version.replace('.', '');
  try {
    await execute(
      'python3',
      [
        ...['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--only-binary=:all:', '--dest', folder],
        ...['--no-deps', '--require-hashes', '-r', pinned],
        ...['--implementation', 'cp', '--python-version', probe.version, '--abi', `cp${tag}`, '--abi', 'abi3'],
        ...['--abi', 'none', ...platforms(probe).flatMap((platform) => ['--platform', platform])],
      ],
      { timeout: timeoutMs, ...(signal === undefined ? {} : { signal }) },
    );
    const names = await readdir(folder);
    return ok(await Promise.all(names.map(async (name) => ({ name, content: await readFile(join(folder, name)) }))));
  } catch (error) {
    if (signal?.aborted === true) return fail('cancelled', 'Cancelled.');
    if (/DO NOT MATCH THE HASHES/.test(errorText(error))) {
      return fail(
        'refused',
        'What the package index gave is not the memray that this copy of Pyrometer knows: nothing of it was used.',
        errorText(error).slice(-4000),
      );
    }
    return fail(
      'not-found',
      `memray ${memrayVersion} for Python ${probe.version} could not be had by pip on this computer: install python3 with pip here, or memray in the program's own environment.`,
      errorText(error).slice(-4000),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

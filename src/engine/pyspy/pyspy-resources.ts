import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import * as v from 'valibot';
import { fail, ok, type Result } from '../../contract/result.js';
import { engineInfo } from '../docker/engine-info.js';
import { tarOfProgram } from '../docker/tar.js';
import type { TargetProgram } from '../deploy/install.js';
import { errorText } from '../failures/thrown.js';

const Manifest = v.object({
  version: v.pipe(v.string(), v.regex(/^[0-9][0-9A-Za-z.]{0,31}$/)),
  files: v.record(v.string(), v.object({ sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)), size: v.number() })),
});

/** py-spy's program for one kind of target. */
export interface PySpyProgram extends TargetProgram {
  readonly version: string;
}

/** uname -m, and what Docker calls it, as the resources are named. */
const architectures: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  amd64: 'amd64',
  aarch64: 'arm64',
  arm64: 'arm64',
};

/** Finds py-spy for a system in `<resourcesDir>/pyspy`. */
export async function findPySpy(
  resourcesDir: string,
  system: 'linux' | 'darwin',
  machine: string,
): Promise<Result<PySpyProgram>> {
  const architecture = architectures[machine];
  if (architecture === undefined) {
    return fail('unsupported', `py-spy is here for x86_64 and arm64; this machine is ${machine}.`);
  }
  const folder = join(resourcesDir, 'pyspy');
  let manifest: v.InferOutput<typeof Manifest>;
  try {
    manifest = v.parse(Manifest, JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')));
  } catch (error) {
    return fail(
      'not-found',
      'This copy of Pyrometer has no py-spy: install python3 with pip, and start it again where a package index can be reached.',
      errorText(error),
    );
  }
  const kind = `${system}-${architecture}`;
  const file = manifest.files[kind];
  if (file === undefined) return fail('unsupported', `This copy of Pyrometer has no py-spy for ${kind}.`);
  const { version } = manifest;
  return ok({
    path: join(folder, kind, 'py-spy'),
    version,
    ...file,
    folderName: `py-spy-${version}-${file.sha256.slice(0, 12)}`,
    fileName: 'py-spy',
    title: 'py-spy',
  });
}

/** py-spy for the machine that an engine runs on, as sidecars want it. */
export async function sidecarProgram(
  docker: Docker,
  resourcesDir: string,
): Promise<Result<{ readonly archive: Buffer; readonly version: string }>> {
  const { machine } = await engineInfo(docker);
  const program = await findPySpy(resourcesDir, 'linux', machine);
  if (!program.ok) return program;
  return ok({
    archive: tarOfProgram('pyrometer-py-spy', await readFile(program.value.path)),
    version: program.value.version,
  });
}

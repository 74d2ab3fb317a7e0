import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { fail, ok, type Result } from '../../contract/result.js';
import { errorText } from '../failures/thrown.js';
import type { TargetProgram } from './install.js';

const Manifest = v.object({
  /** "0.1.0+<12 hex digits of what it was built from>". */
  version: v.pipe(v.string(), v.regex(/^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$/)),
  files: v.record(
    v.string(),
    v.object({
      sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
      size: v.pipe(v.number(), v.integer()),
      /** Whether the same lies beside it as gzip packed it, under its name and ".gz". */
      packed: v.optional(v.boolean()),
    }),
  ),
});

/** The agent's binary for one kind of target. */
export interface AgentBinary extends TargetProgram {
  /** Of what it was built from, as the manifest has it. */
  readonly version: string;
  /** As the agent calls itself: "0.1.0+" and the first 12 digits of its hash. */
  readonly ownVersion: string;
}

/** uname -m, as Go names the architecture. */
const architectures: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64', arm64: 'arm64' };

/** Finds the binary for a machine in `<resourcesDir>/agent`. */
export async function findAgentBinary(resourcesDir: string, machine: string): Promise<Result<AgentBinary>> {
  const architecture = architectures[machine];
  if (architecture === undefined) {
    return fail('unsupported', `The agent runs on x86_64 and aarch64; this machine is ${machine}.`);
  }
  const folder = join(resourcesDir, 'agent');
  let manifest: v.InferOutput<typeof Manifest>;
  try {
    manifest = v.parse(Manifest, JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')));
  } catch (error) {
    return fail(
      'not-found',
      'This copy of Pyrometer was built without the agent: install Go 1.26 or newer and start it again.',
      errorText(error),
    );
  }
  const kind = `linux-${architecture}`;
  const file = manifest.files[kind];
  if (file === undefined) return fail('unsupported', `This copy of Pyrometer has no agent for ${kind}.`);
  const { sha256, size, packed } = file;
  const path = join(folder, kind, 'pyrometer-agent');
  return ok({
    path,
    ...(packed === true ? { packedPath: `${path}.gz` } : {}),
    version: manifest.version,
    ownVersion: `${manifest.version.split('+')[0] ?? ''}+${sha256.slice(0, 12)}`,
    sha256,
    size,
    folderName: `${manifest.version}-${sha256.slice(0, 12)}`,
    fileName: 'pyrometer-agent',
    title: 'the agent',
  });
}

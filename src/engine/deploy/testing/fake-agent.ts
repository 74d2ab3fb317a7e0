import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { quoteArgument } from '../../link/quote.js';
import { programFolder } from '../verified-start.js';

export interface FakeAgentOptions {
  /** The socket that `start` says it serves. */
  readonly socket: string;
  /** What `preflight --json` prints as refusals. */
  readonly refusals?: readonly { readonly code: string; readonly message: string }[];
  /** What `start` fails with. */
  readonly startFailure?: string;
  /** It fails once there is a file `go` in the folder. */
  readonly failsLate?: boolean;
  /** The real agent, which is its bridges: that of root and that of a login. */
  readonly bridges?: string;
  /** Nothing of it runs. */
  readonly broken?: boolean;
  /** What lies packed beside it; default: the same. */
  readonly packed?: string;
}

/**
 * A resources folder whose agent is a script that answers as the real one does, and notes its arguments in
 * the folder's file `calls`. What root has of it goes as soon as it starts: nobody would remove it. Answers the folder.
 */
export async function writeFakeAgent(folder: string, options: FakeAgentOptions): Promise<string> {
  const refusals = options.refusals ?? [];
  const started = { state: 'profiling', message: '', pid: 1, socket: options.socket, version: '0.1.0+fake' };
  const failed = { state: 'failed', message: options.startFailure ?? '' };
  const start =
    options.startFailure === undefined
      ? `echo 'Loading the unwinder into the kernel.'; echo ${quoteArgument(JSON.stringify(started))}`
      : `${options.failsLate === true ? `until [ -e ${quoteArgument(join(folder, 'go'))} ]; do sleep 0.05; done; ` : ''}echo ${quoteArgument(JSON.stringify(failed))}; echo ${quoteArgument(options.startFailure)} >&2; exit 1`;
  const script = `#!/bin/sh
${options.broken === true ? 'exit 1' : ''}
echo "$@" >> ${quoteArgument(join(folder, 'calls'))}
case $1 in start | remove | root-bridge)
  case $0 in ${programFolder}/*) rm -rf -- "\${0%/*}"; rmdir ${programFolder} 2>/dev/null;; esac;;
esac
case $1 in
  preflight) echo ${quoteArgument(JSON.stringify({ refusals }))}; exit ${refusals.length === 0 ? 0 : 1};;
  start) ${start};;
  remove) echo '{"removed":[],"remains":[]}';;
  root-bridge | login-bridge) exec ${quoteArgument(options.bridges ?? 'false')} "$1";;
esac
`;
  const files: Record<string, { sha256: string; size: number; packed: boolean }> = {};
  for (const kind of ['linux-amd64', 'linux-arm64']) {
    await mkdir(join(folder, 'agent', kind), { recursive: true });
    const path = join(folder, 'agent', kind, 'pyrometer-agent');
    await writeFile(path, script);
    await writeFile(`${path}.gz`, gzipSync(options.packed ?? script));
    const sha256 = createHash('sha256').update(script).digest('hex');
    files[kind] = { sha256, size: Buffer.byteLength(script), packed: true };
  }
  await writeFile(join(folder, 'agent', 'manifest.json'), JSON.stringify({ version: '0.1.0+fake', files }));
  return folder;
}

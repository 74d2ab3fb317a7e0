import { randomUUID } from 'node:crypto';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Link } from '../link/link.js';
import { runScript } from '../link/marked.js';
import type { AgentBinary } from './agent-resources.js';
import type { TargetFacts } from './facts.js';

/** Left free on the target's disk beside the binary. */
const spareBytes = 16 * 1024 * 1024;

export interface InstallOptions {
  readonly onProgress?: (sentBytes: number, totalBytes: number) => void;
  /** Called when the bytes are there and before they are compared. */
  readonly onVerify?: () => void;
  readonly signal?: AbortSignal | undefined;
}

/** Where a binary lies on a target once it is installed. */
export function installedPath(facts: TargetFacts, binary: AgentBinary): string {
  return `${facts.cacheFolder}/${binary.folderName}/pyrometer-agent`;
}

/**
 * Puts the binary on the target unless it is there already, byte for byte: uploaded beside its place, compared by its
 * hash there, then renamed. A broken upload leaves nothing that could be run.
 */
export async function install(
  link: Link,
  facts: TargetFacts,
  binary: AgentBinary,
  options: InstallOptions = {},
): Promise<Result<string>> {
  const path = installedPath(facts, binary);
  const folder = path.slice(0, path.lastIndexOf('/'));
  const given = options.signal === undefined ? {} : { signal: options.signal };
  const prepared = await runScript(
    link,
    'umask 077; mkdir -p -- "$1" && { sha256sum -- "$2" || :; }',
    [folder, path],
    given,
  );
  if (!prepared.ok) return prepared;
  if (prepared.value.code !== 0) {
    return fail(
      'agent-failed',
      `The folder ${folder} cannot be made: check its owner and mode.`,
      prepared.value.stderr,
    );
  }
  if (prepared.value.stdout.includes(binary.sha256)) return ok(path);
  if (facts.freeBytes !== undefined && facts.freeBytes < binary.size + spareBytes)
    return noSpace(folder, facts.freeBytes);

  const part = `${path}.part-${randomUUID()}`;
  const sent = await link.upload(binary.path, part, {
    ...given,
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  });
  if (!sent.ok) {
    const left = await discard(link, part, folder);
    const full = left !== undefined && left < binary.size;
    return sent.failure.code === 'upload-corrupt' && full ? noSpace(folder, left) : sent;
  }
  options.onVerify?.();
  const verified = await runScript(link, 'sha256sum -- "$1"', [part], given);
  if (!verified.ok) return verified;
  if (!verified.value.stdout.includes(binary.sha256)) {
    await discard(link, part, folder);
    return verified.value.code === 127
      ? fail('unsupported', 'The target has no sha256sum, with which the agent is verified: install coreutils.')
      : fail('upload-corrupt', 'The agent did not arrive as it was sent: try again.', verified.value.stdout);
  }
  const placed = await runScript(link, 'chmod 755 -- "$1" && mv -f -- "$1" "$2"', [part, path], given);
  if (!placed.ok) return placed;
  if (placed.value.code !== 0) {
    return fail('agent-failed', `The agent cannot be put into ${folder}.`, placed.value.stderr);
  }
  return ok(path);
}

/** Removes what was sent; answers the bytes that are free then, undefined when that cannot be told. */
async function discard(link: Link, part: string, folder: string): Promise<number | undefined> {
  const script = `rm -f -- "$1"; df -Pk -- "$2" | awk 'NR==2 {print $4}'`;
  const result = await runScript(link, script, [part, folder]);
  const freeKb = result.ok ? Number.parseInt(result.value.stdout, 10) : Number.NaN;
  return Number.isNaN(freeKb) ? undefined : freeKb * 1024;
}

function noSpace(folder: string, freeBytes: number): Result<never> {
  return fail(
    'no-space',
    `There is no space left for the agent in ${folder} (${Math.floor(freeBytes / 1024 / 1024)} MB free): make room for 64 MB.`,
  );
}

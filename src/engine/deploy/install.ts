import { randomUUID } from 'node:crypto';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Link } from '../link/link.js';
import { runScript } from '../link/marked.js';
import type { AgentBinary } from './agent-resources.js';
import type { TargetFacts } from './facts.js';

/** Left free on the target's disk beside the binary. */
const spareBytes = 16 * 1024 * 1024;

/** Makes the folder and says the hash of what is there. A part that is an hour old is of an upload that a crash ended. */
const prepareScript = `
# Makes the agent's folder and looks whether the agent is there already.
umask 077; mkdir -p -- "$1" || exit 1
find "$3" -type f -name 'pyrometer-agent.part-*' -mmin +60 -exec rm -f -- {} + 2>/dev/null
sha256sum -- "$2" || :
`;

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
  const prepared = await runScript(link, prepareScript, [folder, path, facts.cacheFolder], given);
  if (!prepared.ok) return prepared;
  if (prepared.value.code !== 0) {
    const room = await roomIn(link, folder);
    if (room.freeFiles === 0) return noFiles(folder);
    if (room.freeBytes !== undefined && room.freeBytes < binary.size) return noSpace(folder, room.freeBytes);
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
    const { code } = sent.failure;
    if (code !== 'upload-corrupt' && code !== 'no-space') return sent;
    const room = await roomIn(link, folder);
    if (room.freeFiles === 0) return noFiles(folder);
    return room.freeBytes !== undefined && room.freeBytes < binary.size ? noSpace(folder, room.freeBytes) : sent;
  }
  options.onVerify?.();
  const verified = await runScript(
    link,
    '# Compares what arrived with what was sent.\nsha256sum -- "$1"',
    [part],
    given,
  );
  if (!verified.ok) return verified;
  if (!verified.value.stdout.includes(binary.sha256)) {
    await discard(link, part);
    return verified.value.code === 127
      ? fail('unsupported', 'The target has no sha256sum, with which the agent is verified: install coreutils.')
      : fail('upload-corrupt', 'The agent did not arrive as it was sent: try again.', verified.value.stdout);
  }
  const placed = await runScript(
    link,
    '# Puts the agent into its place.\nchmod 755 -- "$1" && mv -f -- "$1" "$2"',
    [part, path],
    given,
  );
  if (!placed.ok) return placed;
  if (placed.value.code !== 0) {
    await discard(link, part);
    return fail('agent-failed', `The agent cannot be put into ${folder}.`, placed.value.stderr);
  }
  return ok(path);
}

/** Removes what was sent and cannot be used; a link that broke meanwhile leaves it to the next sweep. */
async function discard(link: Link, part: string): Promise<void> {
  await runScript(link, '# Removes what cannot be used.\nrm -f -- "$1"', [part]);
}

/** What is free on a folder's disk; undefined where df does not say. */
interface Room {
  readonly freeBytes: number | undefined;
  /** Files that can still be made; undefined also for file systems that do not count them. */
  readonly freeFiles: number | undefined;
}

const roomScript = `
# Looks how much room there is; changes nothing.
at=$1; while [ ! -d "$at" ] && [ "$at" != / ]; do at=$(dirname -- "$at"); done
df -Pk -- "$at" | awk 'NR==2 {print "kb=" $4}'
df -Pi -- "$at" 2>/dev/null | awk 'NR==2 && $2>0 {print "files=" $4}'
:`;

async function roomIn(link: Link, folder: string): Promise<Room> {
  const result = await runScript(link, roomScript, [folder]);
  const said = result.ok ? result.value.stdout : '';
  const kb = /^kb=(\d+)$/m.exec(said)?.[1];
  const files = /^files=(\d+)$/m.exec(said)?.[1];
  return {
    freeBytes: kb === undefined ? undefined : Number(kb) * 1024,
    freeFiles: files === undefined ? undefined : Number(files),
  };
}

function noSpace(folder: string, freeBytes: number): Result<never> {
  return fail(
    'no-space',
    `There is no space left for the agent in ${folder} (${Math.floor(freeBytes / 1024 / 1024)} MB free): make room for 64 MB.`,
  );
}

function noFiles(folder: string): Result<never> {
  return fail(
    'no-space',
    `The disk of ${folder} takes no more files (its inodes are used up): remove some files there, their size does not matter.`,
  );
}

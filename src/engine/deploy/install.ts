import { randomUUID } from 'node:crypto';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Link } from '../link/link.js';
import { runScript } from '../link/marked.js';
import type { TargetFacts } from './facts.js';
import { ownPlaceScript } from './upload-place.js';

/** A program that is put on a target. */
export interface TargetProgram {
  /** Where it is on this computer. */
  readonly path: string;
  /** The same as gzip has packed it, where that was done ahead. */
  readonly packedPath?: string;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  readonly size: number;
  /** Where it goes below the target's cache folder; another one for each content. */
  readonly folderName: string;
  readonly fileName: string;
  /** What messages call it: "the agent". */
  readonly title: string;
}

/** Left free on the target's disk beside the program. */
const spareBytes = 16 * 1024 * 1024;

/** Defines `sha256 FILE`; macOS has no sha256sum before version 15. */
const sha256Function = 'sha256() { sha256sum -- "$1" 2>/dev/null || shasum -a 256 "$1"; }';

/** Makes the folder, says whether there is gzip, and the hash of what is there. A part that is an hour old is of an upload that a crash ended. */
const prepareScript = `
# Makes the program's folder and looks whether the program is there already.
umask 077; mkdir -p -- "$1" || exit 1
${ownPlaceScript}
find "$3" -type f -name '*.part-*' -mmin +60 -exec rm -f -- {} + 2>/dev/null
command -v gzip >/dev/null && echo gzip
${sha256Function}
[ ! -f "$2" ] || sha256 "$2" || :
`;

/** One command for both: each is a round trip, and a process or three there. */
const placeScript = `
# Compares what arrived with what was sent, and puts it into its place.
${sha256Function}
sum=$(sha256 "$1"); s=$?
printf '%s\\n' "$sum"
case $sum in *"$3"*) ;; *) rm -f -- "$1"; [ "$s" = 127 ] && exit 127; exit 1;; esac
chmod 755 -- "$1" && mv -f -- "$1" "$2" || { rm -f -- "$1"; exit 1; }
`;

export interface InstallOptions {
  readonly onProgress?: (sentBytes: number, totalBytes: number) => void;
  /** Called when the bytes are there and before they are compared. */
  readonly onVerify?: () => void;
  readonly signal?: AbortSignal | undefined;
}

/** Where a program lies on a target once it is installed. */
export function installedPath(facts: TargetFacts, program: TargetProgram): string {
  return `${facts.cacheFolder}/${program.folderName}/${program.fileName}`;
}

/**
 * Puts a program on the target unless it is there already, byte for byte: uploaded beside its place, compared by its
 * hash there, then renamed. A broken upload leaves nothing that could be run.
 */
export async function install(
  link: Link,
  facts: TargetFacts,
  program: TargetProgram,
  options: InstallOptions = {},
): Promise<Result<string>> {
  const path = installedPath(facts, program);
  const folder = path.slice(0, path.lastIndexOf('/'));
  const given = options.signal === undefined ? {} : { signal: options.signal };
  const prepared = await runScript(link, prepareScript, [folder, path, facts.cacheFolder], given);
  if (!prepared.ok) return prepared;
  if (prepared.value.code !== 0) {
    const room = await roomIn(link, folder);
    if (room.freeFiles === 0) return noFiles(folder);
    if (room.freeBytes !== undefined && room.freeBytes < program.size) return noSpace(program, folder, room.freeBytes);
    return fail(
      'agent-failed',
      `The folder ${folder} cannot be made: check its owner and mode.`,
      prepared.value.stderr,
    );
  }
  if (prepared.value.stdout.includes(program.sha256)) return ok(path);
  if (facts.freeBytes !== undefined && facts.freeBytes < program.size + spareBytes)
    return noSpace(program, folder, facts.freeBytes);

  const part = `${path}.part-${randomUUID()}`;
  const sent = await link.upload(program.path, part, {
    ...given,
    compressed: /^gzip$/m.test(prepared.value.stdout),
    packedPath: program.packedPath,
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  });
  if (!sent.ok) {
    const { code } = sent.failure;
    if (code !== 'upload-corrupt' && code !== 'no-space') return sent;
    const room = await roomIn(link, folder);
    if (room.freeFiles === 0) return noFiles(folder);
    return room.freeBytes !== undefined && room.freeBytes < program.size
      ? noSpace(program, folder, room.freeBytes)
      : sent;
  }
  options.onVerify?.();
  const placed = await runScript(link, placeScript, [part, path, program.sha256], given);
  if (!placed.ok) return placed;
  const { code, stdout, stderr } = placed.value;
  if (code === 127) {
    return fail(
      'unsupported',
      `The target has no sha256sum, with which ${program.title} is verified: install coreutils.`,
    );
  }
  if (!stdout.includes(program.sha256)) {
    return fail('upload-corrupt', `What arrived is not ${program.title} as it was sent: try again.`, stdout);
  }
  if (code !== 0) return fail('agent-failed', `There is no way to put ${program.title} into ${folder}.`, stderr);
  return ok(path);
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

function noSpace({ title, size }: TargetProgram, folder: string, freeBytes: number): Result<never> {
  return fail(
    'no-space',
    `There is no space left for ${title} in ${folder} (${Math.floor(freeBytes / 1024 / 1024)} MB free): make room for ${Math.ceil((size + spareBytes) / 1024 / 1024)} MB.`,
  );
}

function noFiles(folder: string): Result<never> {
  return fail(
    'no-space',
    `The disk of ${folder} takes no more files (its inodes are used up): remove some files there, their size does not matter.`,
  );
}

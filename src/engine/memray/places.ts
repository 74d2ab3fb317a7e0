import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import type { PythonProcess } from '../../contract/pyspy.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { dockerFailure } from '../docker/docker-link.js';
import { tarOfFolder } from '../docker/tar.js';
import { errorText } from '../failures/thrown.js';
import type { Link } from '../link/link.js';
import { runScript } from '../link/marked.js';
import { runInside, scriptInside } from '../pyspy/inside.js';
import { isInterpreter } from '../pyspy/processes.js';
import { removeScript } from './scripts.js';
import type { MemoryPlace } from './record-memory.js';
import type { Wheel } from './wheels.js';

/** The folder of an owner, who may remove it at any time when nothing of its own records. */
export function memoryFolder(owner: string): string {
  return `/tmp/pyrometer-memray-${createHash('sha256').update(owner).digest('hex').slice(0, 12)}`;
}

/** Removes what a recording of memory that was ended from outside left on a machine. */
export async function sweepMemoryFolder(link: Link, owner: string): Promise<void> {
  // What cannot be removed now is swept the next time.
  await runScript(link, '# Removes what memray needed and a crash left.\n[ ! -d "$1" ] || rm -rf -- "$1"', [
    memoryFolder(owner),
  ]);
}

/**
 * Interpreters that may be a process's own: the one of its command line, which may be a virtual environment's, the file that it
 * runs (`pid`: as the place counts), then what the environment finds.
 */
function interpretersOf({ command, version }: PythonProcess, pid: number): readonly string[] {
  const [program = ''] = command.split(' ', 1);
  const own = program.startsWith('/') && isInterpreter(program) ? [program] : [];
  const named = version === undefined ? [] : [`python${version}`];
  return [...new Set([...own, ...named, `/proc/${pid}/exe`, 'python3', 'python'])];
}

/**
 * A container. Everything runs as the container's own user, who may trace own processes where the system has no rule against
 * it: it is the container's Python that runs, and with more rights than the container has it could leave it.
 */
export function containerPlace(
  container: Docker.Container,
  process: PythonProcess,
  pid: number,
  owner: string,
): MemoryPlace {
  const folder = memoryFolder(owner);
  return {
    folder,
    interpreters: interpretersOf(process, pid),
    async run(argv) {
      try {
        const { code, stdout, stderr } = await runInside(container, argv, 'user');
        return ok({ code, stdout: stdout.text, stderr: stderr.text });
      } catch (error) {
        return dockerFailure(error, `Docker there does not let a command run in the container: ${errorText(error)}`);
      }
    },
    async put(files, user) {
      try {
        const name = folder.slice(folder.lastIndexOf('/') + 1);
        const archive = tarOfFolder(name, files, user);
        await container.putArchive(archive, { path: '/tmp' });
        return ok(null);
      } catch (error) {
        return dockerFailure(error, 'The container takes no files in /tmp, where memray would be put.');
      }
    },
    async clean() {
      const removed = await scriptInside(container, {
        python: removeScript.python(folder),
        sh: removeScript.sh(folder),
      });
      if (removed === undefined) console.error(`memray: ${folder} was left in a container`);
    },
  };
}

/** A machine, with the rights of who is logged in. */
export function machinePlace(link: Link, process: PythonProcess, owner: string): MemoryPlace {
  const folder = memoryFolder(owner);
  return {
    folder,
    interpreters: interpretersOf(process, process.pid),
    run: (argv, timeoutMs) => link.exec(argv, { timeoutMs, maxOutputBytes: 128 * 1024 * 1024 }),
    put: (files) => putInFolder(link, folder, files),
    clean: () => removeFolder(link, folder),
  };
}

/** Makes a folder of who is logged in on a machine, which everybody may read, and puts files into it. */
export async function putInFolder(link: Link, folder: string, files: readonly Wheel[]): Promise<Result<null>> {
  const made = await runScript(link, '# Makes the folder for memray.\nmkdir -m 755 -- "$1"', [folder]);
  if (!made.ok) return made;
  if (made.value.code !== 0) {
    return fail(
      'refused',
      `${folder}, which memray would use, is there already and cannot be removed.`,
      made.value.stderr,
    );
  }
  const local = await mkdtemp(join(tmpdir(), 'pyrometer-memray-'));
  try {
    for (const { name, content } of files) {
      await writeFile(join(local, name), content);
      const sent = await link.upload(join(local, name), `${folder}/${name}`);
      if (!sent.ok) return sent;
    }
    const opened = await runScript(link, '# Lets the process read memray.\nchmod a+r -- "$1"/*', [folder]);
    return opened.ok ? ok(null) : opened;
  } finally {
    await rm(local, { recursive: true, force: true });
  }
}

/** Removes such a folder; says so in the log where it cannot. */
export async function removeFolder(link: Link, folder: string): Promise<void> {
  const removed = await runScript(link, '# Removes what memray needed.\nrm -rf -- "$1"', [folder]);
  if (!removed.ok || removed.value.code !== 0) console.error(`memray: ${folder} was left`);
}

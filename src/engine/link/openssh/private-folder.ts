import { spawn } from 'node:child_process';
import { chmod, lstat, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode } from '../../failures/thrown.js';

const prefix = 'pyrometer-ssh-';
/** What the kernel takes for a socket's path, less what ssh adds to the name while it makes the socket. */
const maxSocketPath = 104 - 18;

/** A folder of this user only: control socket, settings, questions. It goes when the connection does. */
export interface PrivateFolder {
  readonly path: string;
  /** Removes it; never fails. */
  remove(): Promise<void>;
}

/** Makes a folder whose paths are short enough for a socket. It holds the number of the process that it belongs to. */
export async function makePrivateFolder(): Promise<PrivateFolder> {
  const path = await mkdtemp(join(base(), prefix));
  await chmod(path, 0o700);
  await writeFile(join(path, 'owner'), String(process.pid), { mode: 0o600 });
  return {
    path,
    remove: () => rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined), // swept at the next start
  };
}

/** On Windows no socket lies there, and the folder for temporary files is the user's own. */
function base(): string {
  const fits = (folder: string): boolean => join(folder, `${prefix}XXXXXX`, 'm').length <= maxSocketPath;
  return process.platform === 'win32' || fits(tmpdir()) ? tmpdir() : '/tmp';
}

/**
 * Ends ssh and removes its folder should this process be killed: a shell that waits for our end of a pipe to close. The
 * master would otherwise hold the connection for good, as it does not count a proxy that vanished as gone.
 */
export function guard(pid: number, folder: string): { end(): void } {
  const script = 'read -r _; kill -- "-$1" 2>/dev/null; kill "$1" 2>/dev/null; sleep 1; rm -rf -- "$2"';
  const shell = spawn('sh', ['-c', script, 'sh', String(pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true, // outlives what ends us
    cwd: '/',
  });
  shell.on('error', () => undefined); // where there is no shell, the next start sweeps
  shell.unref();
  return {
    end: () => {
      shell.kill('SIGKILL');
    },
  };
}

/** Removes folders of processes that are gone: of a computer that was switched off. */
export async function sweepPrivateFolders(): Promise<void> {
  for (const base of new Set([tmpdir(), '/tmp'])) {
    const names = await readdir(base).catch((): string[] => []);
    for (const name of names.filter((each) => each.startsWith(prefix))) await removeIfLeft(join(base, name));
  }
}

async function removeIfLeft(path: string): Promise<void> {
  try {
    const facts = await lstat(path);
    if (!facts.isDirectory() || facts.uid !== (process.getuid?.() ?? facts.uid)) return;
    const owner = Number(await readFile(join(path, 'owner'), 'utf8'));
    if (!Number.isInteger(owner) || owner <= 0 || isAlive(owner)) return;
    await rm(path, { recursive: true, force: true });
  } catch {
    // it went meanwhile, or its making goes on
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

import { createHash, randomUUID } from 'node:crypto';
import type Docker from 'dockerode';
import { ok, type Result } from '../../contract/result.js';
import { dockerFailure } from '../docker/docker-link.js';
import { programOfTar, tarOfProgram } from '../docker/tar.js';
import { errorText } from '../failures/thrown.js';
import { memoryFolder } from '../memray/places.js';
import { removeScript } from '../memray/scripts.js';
import { recordArguments, type Slice } from './arguments.js';
import { pySpyFailure } from './failures.js';
import { runInside, scriptInside, type InsideRights } from './inside.js';
import type { PreparedSlice } from './recording.js';
import { programName, type SidecarProgram } from './sidecar.js';
import { readOutput } from './slice-output.js';

const folder = '/tmp';
/** How a command ends that got SIGKILL. */
const killed = 128 + 9;

/** What py-spy is called in a container that takes it: a name of its owner's, who may take it away at any time. */
function execName(owner: string): string {
  return `${programName}-${createHash('sha256').update(owner).digest('hex').slice(0, 12)}`;
}

/** Ends badly where it may not. Runs on every Python from 2.7 on. */
const interruptScript = (path: string): string => `
import os, signal, sys
denied = 0
for name in os.listdir('/proc'):
    if name.isdigit() and int(name) != os.getpid():
        try:
            with open('/proc/' + name + '/cmdline', 'rb') as file:
                ours = file.read().split(b'\\0')[0] == b'${path}'
        except (IOError, OSError):
            continue
        try:
            if ours:
                os.kill(int(name), signal.SIGINT)
        except OSError as error:
            denied |= error.errno == 1
sys.exit(denied)
`;

/** Takes a file of ours away; answers whether it could. */
async function unlinkInside(container: Docker.Container, path: string): Promise<boolean> {
  const removed = await scriptInside(container, { python: `import os; os.unlink('${path}')`, sh: `rm -f ${path}` });
  if (removed === undefined) console.error(`py-spy: ${path} was left in a container`);
  return removed !== undefined;
}

/**
 * Takes away what an app that ended suddenly left in containers: py-spy's file, and memray's folder. Looks for them by Docker's
 * own means: nothing is run in a container that has none. Answers from how many containers.
 */
export async function sweepExecFiles(docker: Docker, owner: string): Promise<Result<number>> {
  const path = `${folder}/${execName(owner)}`;
  const memray = memoryFolder(owner);
  try {
    const listed = await docker.listContainers();
    const removed = await Promise.all(
      listed.map(async ({ Id: id }) => {
        const container = docker.getContainer(id);
        const [spyLeft, memrayLeft] = await Promise.all([isThere(container, path), isThere(container, memray)]);
        if (memrayLeft) {
          await scriptInside(container, { python: removeScript.python(memray), sh: removeScript.sh(memray) });
        }
        if (!spyLeft) return memrayLeft;
        // One that still runs there writes what it has, to nobody, and leaves no process stopped.
        await scriptInside(container, { python: interruptScript(path) });
        return unlinkInside(container, path);
      }),
    );
    return ok(removed.filter(Boolean).length);
  } catch (error) {
    return dockerFailure(error, 'Docker there did not answer: check that its engine runs.');
  }
}

async function isThere(container: Docker.Container, path: string): Promise<boolean> {
  try {
    await container.infoArchive({ path });
    return true;
  } catch {
    return false; // not there, or the container is gone
  }
}

/**
 * py-spy in a container itself, by `docker exec`: where the daemon forbids a container beside it. Unlike a sidecar it puts a
 * file into the container, which has to be writable.
 */
export class ExecRuns {
  private readonly container: Docker.Container;
  private readonly program: SidecarProgram;
  private readonly name: string;
  private readonly path: string;
  private put = false;
  /** The first that was allowed. */
  private rights: readonly InsideRights[] = ['privileged', 'user'];

  constructor(container: Docker.Container, program: SidecarProgram) {
    this.container = container;
    this.program = program;
    this.name = execName(program.owner ?? randomUUID());
    this.path = `${folder}/${this.name}`;
  }

  /** Puts py-spy there at the first call; nothing runs yet. */
  async prepare(slice: Slice): Promise<Result<PreparedSlice>> {
    try {
      if (!this.put) {
        const archive = tarOfProgram(this.name, programOfTar(this.program.archive));
        await this.container.putArchive(archive, { path: folder });
      }
      this.put = true;
    } catch (error) {
      return dockerFailure(
        error,
        'Docker there forbids a container with py-spy beside this one, and this one takes no file in /tmp: record it with the rights of root on the machine itself.',
      );
    }
    return ok({ run: (signal) => this.run(slice, signal), discard: () => Promise.resolve() });
  }

  /** Takes py-spy away again. */
  async dispose(): Promise<void> {
    if (!this.put) return;
    this.put = false;
    await unlinkInside(this.container, this.path);
  }

  private async run(slice: Slice, signal: AbortSignal): ReturnType<PreparedSlice['run']> {
    const onAbort = (): void => {
      // Where that fails the slice ends by itself.
      void scriptInside(this.container, { python: interruptScript(this.path) });
    };
    const late = setTimeout(onAbort, (2 * slice.seconds + 1) * 1000);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const command = [this.path, ...recordArguments(slice), '--output', '/dev/stderr'];
      let refused: Awaited<ReturnType<PreparedSlice['run']>> | undefined;
      for (const rights of this.rights) {
        const startedAtMs = Date.now();
        const { code, stdout, stderr } = await runInside(this.container, command, rights);
        const read = readOutput(stdout.text, stderr);
        if (!read.ok) {
          refused ??= read;
          // It may have left a process stopped: that is mended before anything looks at it again.
          if (code === killed) return refused;
          continue;
        }
        this.rights = [rights];
        const endedAtMs = Date.now();
        return ok({
          ...read.value,
          startedAtMs,
          endedAtMs,
          sampledFromMs: stdout.firstAtMs ?? startedAtMs,
          sampledToMs: stderr.firstAtMs ?? endedAtMs,
        });
      }
      return refused ?? pySpyFailure('');
    } catch (error) {
      return dockerFailure(error, `py-spy could not be run in the container: ${errorText(error)}`);
    } finally {
      clearTimeout(late);
      signal.removeEventListener('abort', onAbort);
    }
  }
}

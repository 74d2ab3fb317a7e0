import type Docker from 'dockerode';
import { ok, type Result } from '../../contract/result.js';
import { dockerFailure } from '../docker/docker-link.js';
import { errorText } from '../failures/thrown.js';
import { recordArguments, type Slice } from './arguments.js';
import { pySpyFailure } from './failures.js';
import { runInside, scriptInside, type InsideRights } from './inside.js';
import type { PreparedSlice } from './recording.js';
import { programName } from './sidecar.js';
import { readOutput } from './slice-output.js';

const folder = '/tmp';
const path = `${folder}/${programName}`;

const interruptOurs = `
import os, signal
for name in os.listdir('/proc'):
    if name.isdigit() and int(name) != os.getpid():
        try:
            with open('/proc/' + name + '/cmdline', 'rb') as file:
                if file.read().split(b'\\0')[0] == b'${path}':
                    os.kill(int(name), signal.SIGINT)
        except (IOError, OSError):
            pass
`;

/**
 * py-spy in a container itself, by `docker exec`: where the daemon forbids a container beside it. Unlike a sidecar it puts a
 * file into the container, which has to be writable.
 */
export class ExecRuns {
  private readonly container: Docker.Container;
  private readonly archive: Buffer;
  private put = false;
  /** The first that was allowed. */
  private rights: readonly InsideRights[] = ['privileged', 'user'];

  constructor(container: Docker.Container, archive: Buffer) {
    this.container = container;
    this.archive = archive;
  }

  /** Puts py-spy there at the first call; nothing runs yet. */
  async prepare(slice: Slice): Promise<Result<PreparedSlice>> {
    try {
      if (!this.put) await this.container.putArchive(this.archive, { path: folder });
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
    const removed = await scriptInside(this.container, {
      python: `import os; os.unlink('${path}')`,
      sh: `rm -f ${path}`,
    });
    if (removed === undefined) console.error(`py-spy: ${path} was left in a container`);
  }

  private async run(slice: Slice, signal: AbortSignal): ReturnType<PreparedSlice['run']> {
    let used: InsideRights | undefined;
    const onAbort = (): void => {
      // A container's root without capabilities may not signal what another user runs. Where that fails the slice ends by itself.
      void scriptInside(this.container, { python: interruptOurs }, used);
    };
    const late = setTimeout(onAbort, (2 * slice.seconds + 1) * 1000);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const command = [path, ...recordArguments(slice), '--output', '/dev/stderr'];
      let refused: Awaited<ReturnType<PreparedSlice['run']>> | undefined;
      for (const rights of this.rights) {
        used = rights;
        const startedAtMs = Date.now();
        const { stdout, stderr } = await runInside(this.container, command, rights);
        const read = readOutput(stdout.text, stderr);
        if (!read.ok) {
          refused ??= read;
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

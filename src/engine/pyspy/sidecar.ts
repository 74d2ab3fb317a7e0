import { randomUUID } from 'node:crypto';
import { finished } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import type Docker from 'dockerode';
import { ok, type Result } from '../../contract/result.js';
import { dockerFailure, dockerStatus } from '../docker/docker-link.js';
import { errorText } from '../failures/thrown.js';
import { recordArguments, type Slice } from './arguments.js';
import { Collector, readOutput, type SliceOutput } from './slice-output.js';

/** What our containers are known by; its value is when they should be gone, Unix seconds. */
export const sidecarLabel = 'dev.pyrometer.py-spy';

/** Whose a container is; see `SidecarProgram`. */
const ownerLabel = 'dev.pyrometer.owner';

/** py-spy, as containers take it. */
export interface SidecarProgram {
  /** A tar of one file, `programName`. */
  readonly archive: Buffer;
  /** Who may sweep what is left of it at any time: who has nothing else there then. undefined: it is swept when its time is over. */
  readonly owner?: string | undefined;
}

/** What py-spy is called in a container. */
export const programName = 'pyrometer-py-spy';
const megabyte = 1024 * 1024;
/** py-spy of a process with large libraries needs about 50 MB. */
const memoryLimit = 512 * megabyte;
/** So many times its seconds a slice may sample before it is ended. */
const latenessAllowed = 2;
/** How long a slice may take beyond its own time: reading symbols, writing, a busy engine. */
export const slackSeconds = 60;

/**
 * A container that runs py-spy once beside another: in its processes' namespace, with the same image, because py-spy opens
 * the interpreter's files at the paths that the process has. Nothing of the watched container is changed.
 */
export class Sidecar {
  private readonly container: Docker.Container;
  private readonly seconds: number;
  private ended = false;

  private constructor(container: Docker.Container, seconds: number) {
    this.container = container;
    this.seconds = seconds;
  }

  /** Makes the container and copies py-spy into it; nothing runs yet. */
  static async create(
    docker: Docker,
    watched: { readonly id: string; readonly imageId: string },
    slice: Slice,
    { archive, owner }: SidecarProgram,
  ): Promise<Result<Sidecar>> {
    const goneBy = Math.ceil(Date.now() / 1000 + slice.seconds + slackSeconds);
    let container: Docker.Container | undefined;
    try {
      container = await docker.createContainer({
        ...sidecarSettings(watched, goneBy, owner),
        name: `${programName}-${randomUUID().slice(0, 8)}`,
        // Its words go to standard output; what it writes shares standard error with the one line of a failure.
        Cmd: [...recordArguments(slice), '--output', '/dev/stderr'],
      });
      await container.putArchive(archive, { path: '/' });
      return ok(new Sidecar(container, slice.seconds));
    } catch (error) {
      await container?.remove({ force: true, v: true }).catch(() => undefined); // the sweep tries again
      return dockerFailure(error, 'Docker does not let a container with py-spy be made beside this one.');
    }
  }

  /** Runs py-spy to its end. The container is gone afterwards. */
  async run(signal: AbortSignal): Promise<Result<SliceOutput>> {
    const words = new Collector();
    const output = new Collector();
    const onAbort = (): void => {
      void this.interrupt();
    };
    let cores: number | undefined;
    let measuring: NodeJS.Timeout | undefined;
    let late: NodeJS.Timeout | undefined;
    try {
      const stream = await this.container.attach({ stream: true, stdout: true, stderr: true });
      // Untyped in dockerode's types.
      const modem = this.container.modem as { demuxStream(from: unknown, out: Writable, err: Writable): void };
      modem.demuxStream(stream, words, output);
      await this.container.start();
      const startedAtMs = Date.now();
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      // The container is gone with its counters when py-spy ends: asked a little before.
      measuring = setTimeout(
        () => {
          void this.cores(startedAtMs).then((measured) => (cores = measured));
        },
        Math.max(500, this.seconds * 1000 - 500),
      );
      // py-spy ends after so many samples and not after a time: where it cannot keep up, it is told to write what it has.
      late = setTimeout(onAbort, (latenessAllowed * this.seconds + 1) * 1000);
      await finished(stream, { writable: false });
      const text = readOutput(words.text, output);
      if (!text.ok) return text;
      const endedAtMs = Date.now();
      return ok({
        ...text.value,
        startedAtMs,
        endedAtMs,
        sampledFromMs: words.firstAtMs ?? startedAtMs,
        sampledToMs: output.firstAtMs ?? endedAtMs,
        ...(cores === undefined ? {} : { cores }),
      });
    } catch (error) {
      return dockerFailure(error, `py-spy's container could not be run: ${errorText(error)}`);
    } finally {
      this.ended = true;
      clearTimeout(measuring);
      clearTimeout(late);
      signal.removeEventListener('abort', onAbort);
      await this.remove();
    }
  }

  /** Takes the container away, also while it runs. */
  async remove(): Promise<void> {
    await removeContainer(this.container);
  }

  private async cores(startedAtMs: number): Promise<number | undefined> {
    try {
      const stats = await this.container.stats({ stream: false, 'one-shot': true });
      return stats.cpu_stats.cpu_usage.total_usage / 1e6 / (Date.now() - startedAtMs);
    } catch {
      return undefined; // it has ended meanwhile, or this engine does not count
    }
  }

  private async interrupt(): Promise<void> {
    if (!this.ended) await interruptContainer(this.container);
  }
}

async function removeContainer(container: Docker.Container): Promise<void> {
  try {
    await container.remove({ force: true, v: true });
  } catch (error) {
    // 404 and 409: it is removing itself. What cannot be removed now is swept at the next connect.
    const status = dockerStatus(error);
    if (status !== 404 && status !== 409) console.error('py-spy: a container was left:', errorText(error));
  }
}

/** What a sidecar is made with: the least that py-spy was seen to work with. */
export function sidecarSettings(
  watched: { readonly id: string; readonly imageId: string },
  goneBySeconds: number,
  owner?: string,
): Docker.ContainerCreateOptions {
  return {
    Image: watched.imageId,
    Entrypoint: [`/${programName}`],
    User: '0:0',
    WorkingDir: '/',
    Env: ['RUST_LOG=off'],
    Tty: false,
    AttachStdout: true,
    AttachStderr: true,
    Healthcheck: { Test: ['NONE'] },
    // Under one name where an agent samples it beside others: each has a name of its own.
    Labels: {
      [sidecarLabel]: String(goneBySeconds),
      ...(owner === undefined ? {} : { [ownerLabel]: owner }),
      'pyrometer.service': programName,
    },
    HostConfig: {
      PidMode: `container:${watched.id}`,
      // The interpreter, or a virtual environment, may lie in a volume.
      VolumesFrom: [`${watched.id}:ro`],
      NetworkMode: 'none',
      CapDrop: ['ALL'],
      CapAdd: ['SYS_PTRACE'],
      SecurityOpt: ['no-new-privileges'],
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'none', Config: {} },
      AutoRemove: true,
      Memory: memoryLimit,
      MemorySwap: memoryLimit,
      PidsLimit: 64,
      Init: false,
    },
  };
}

/** A container of ours, as Docker lists it. */
export interface ListedSidecar {
  readonly id: string;
  readonly name: string;
  readonly running: boolean;
  readonly owner: string | undefined;
  /** It should be gone by now: its app ended suddenly. */
  readonly late: boolean;
  /** It should be gone for so long that it does not heed what it is told. */
  readonly stuck: boolean;
}

/** A computer may have slept while py-spy ran. */
const patienceMs = 600_000;

/** All containers of ours. */
export async function listSidecars(docker: Docker, nowMs: number): Promise<Result<readonly ListedSidecar[]>> {
  try {
    const ours = await docker.listContainers({ all: true, filters: { label: [sidecarLabel] } });
    return ok(
      ours.map(({ Id: id, Names: names, Labels: labels, State: state }) => {
        const goneByMs = Number(labels[sidecarLabel]) * 1000;
        return {
          id,
          name: (names[0] ?? id.slice(0, 12)).replace(/^\//, ''),
          running: state === 'running',
          owner: labels[ownerLabel],
          late: !(goneByMs > nowMs),
          stuck: !(goneByMs + patienceMs > nowMs),
        };
      }),
    );
  } catch (error) {
    return dockerFailure(error, 'Docker there did not answer: check that its engine runs.');
  }
}

/** Takes a container of ours away, also while it runs. What cannot be removed is found when they are listed again. */
export async function removeSidecar(docker: Docker, { id }: ListedSidecar): Promise<void> {
  await removeContainer(docker.getContainer(id));
}

/**
 * Removes what an app that ended suddenly left: containers that should be gone by now, and all of `owner`, who has nothing
 * there now. Of those, one that runs is told to end and removes itself, because a process whose py-spy is killed may stay
 * stopped; only one that is stuck is killed. Answers how many.
 */
export async function sweepSidecars(docker: Docker, nowMs: number, owner?: string): Promise<Result<number>> {
  const ours = await listSidecars(docker, nowMs);
  if (!ours.ok) return ours;
  const left = ours.value.filter((sidecar) => sidecar.late || (owner !== undefined && sidecar.owner === owner));
  for (const sidecar of left) {
    if (sidecar.running && !sidecar.stuck) await interruptContainer(docker.getContainer(sidecar.id));
    else await removeSidecar(docker, sidecar);
  }
  return ok(left.length);
}

/** Lets py-spy write what it has and end. */
async function interruptContainer(container: Docker.Container): Promise<void> {
  try {
    await container.kill({ signal: 'SIGINT' });
  } catch {
    // it has ended meanwhile
  }
}

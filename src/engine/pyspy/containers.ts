import type Docker from 'dockerode';
import type { PythonProcess } from '../../contract/pyspy.js';
import { ok, type Result } from '../../contract/result.js';
import { dockerFailure } from '../docker/docker-link.js';
import { pythonProcesses, readProcesses, type ListedProcess } from './processes.js';
import { sidecarLabel } from './sidecar.js';

/** A running container in which Python runs. */
export interface PythonContainer {
  readonly id: string;
  /** Without Docker's leading slash. */
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly composeProject: string;
  /** Parents before children; pids as the engine's own machine counts. */
  readonly processes: readonly PythonProcess[];
}

/** A process with more threads than this loses most of its throughput when it is stopped for each sample. */
export const mostThreads = 64;

/**
 * The threads of the process that has most; undefined where that is not known, because one was not counted and none of the
 * others has too many.
 */
export function threadsOf(processes: readonly PythonProcess[]): number | undefined {
  const most = Math.max(0, ...processes.map(({ threads = 0 }) => threads));
  return most > mostThreads || processes.every(({ threads }) => threads !== undefined) ? most : undefined;
}

/** The running containers with Python in them. */
export async function pythonContainers(docker: Docker): Promise<Result<readonly PythonContainer[]>> {
  try {
    const listed = await docker.listContainers();
    const found = await Promise.all(
      listed
        .filter(({ Labels: labels }) => labels[sidecarLabel] === undefined)
        .map(async (each): Promise<readonly PythonContainer[]> => {
          const container = docker.getContainer(each.Id);
          const processes = pythonProcesses(await processesIn(container));
          if (processes.length === 0) return [];
          return [
            {
              id: each.Id,
              name: (each.Names[0] ?? each.Id.slice(0, 12)).replace(/^\//, ''),
              image: each.Image,
              imageId: each.ImageID,
              composeProject: each.Labels['com.docker.compose.project'] ?? '',
              processes: await withImageVersion(container, processes),
            },
          ];
        }),
    );
    return ok(found.flat());
  } catch (error) {
    return dockerFailure(error, 'Docker there did not answer: check that its engine runs.');
  }
}

/** Docker hands them to ps. */
const psOptions = '-eo pid,ppid,stat,pcpu,nlwp,etimes,args';
/** What Podman reads itself, and no ps takes for options. */
const podmanColumns = 'pid,ppid,state,pcpu,user,args';

/**
 * What runs in a container. Docker runs the ps of its own machine, which on a Mac is a small Linux whose ps may know none of
 * these columns: then what it lists by itself is taken. Podman runs the ps of the container, which is then in its own list; of an
 * image without one it tells nothing, not even that, unless it is asked for columns that it reads itself. A container that
 * has just ended has nothing.
 */
export async function processesIn(container: Docker.Container): Promise<readonly ListedProcess[]> {
  for (const options of [{ ps_args: psOptions }, { ps_args: podmanColumns }, {}]) {
    try {
      const top: unknown = await container.top(options);
      const { Titles: titles, Processes: rows } = top as { Titles?: string[]; Processes?: string[][] };
      if (titles === undefined || rows === undefined || rows.length === 0) continue;
      return readProcesses(titles, rows).filter(({ command }) => !command.endsWith(psOptions));
    } catch {
      // the next way
    }
  }
  return [];
}

/** The official Python images say their version in the environment. */
async function withImageVersion(
  container: Docker.Container,
  processes: readonly PythonProcess[],
): Promise<readonly PythonProcess[]> {
  if (processes.every(({ version }) => version !== undefined)) return processes;
  const { Config: config } = await container.inspect();
  // Null, whatever its type says, of an image that was imported without settings.
  const environment = config.Env as string[] | null;
  const said = environment?.find((entry) => entry.startsWith('PYTHON_VERSION='))?.slice('PYTHON_VERSION='.length);
  const version = /^\d+\.\d+/.exec(said ?? '')?.[0];
  return version === undefined ? processes : processes.map((process) => ({ version, ...process }));
}

/** The labels that a container's samples carry. */
export function containerLabels(container: PythonContainer): Readonly<Record<string, string>> {
  return {
    service_name: container.name,
    container: container.name,
    container_id: container.id,
    image: container.image,
    ...(container.composeProject === '' ? {} : { compose_project: container.composeProject }),
    profiler: 'py-spy',
  };
}

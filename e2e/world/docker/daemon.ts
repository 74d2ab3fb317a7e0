import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { removeDockerCgroups } from '../root/cgroups';
import { startDaemon } from '../support/daemon';

/** Debian's dockerd of a world. */
export interface DockerDaemon {
  readonly pid: number;
  /** The same socket is /var/run/docker.sock inside the world. */
  readonly socketPath: string;
  readonly api: Docker;
  /** Removes its containers and ends it and its containerd. */
  dispose(): Promise<void>;
}

/**
 * Starts dockerd inside a world. It makes no network: containers have the host's and bind to loopback, or none; so it
 * needs no iptables rules, no bridge and no forwarding, and changes nothing of the machine that outlives it.
 */
export async function startDocker(worldPath: string): Promise<DockerDaemon> {
  const socketPath = join(worldPath, 'run', 'docker.sock');
  const api = new Docker({ socketPath });
  const daemon = await startDaemon({
    name: 'dockerd',
    command: 'dockerd',
    args: [
      ...['--host', 'unix:///run/docker.sock', '--group', 'docker'],
      ...['--data-root', join(worldPath, 'docker'), '--exec-root', '/run/docker', '--pidfile', '/run/docker.pid'],
      ...['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--userland-proxy=false'],
      ...['--shutdown-timeout', '3'],
    ],
    logFile: join(worldPath, 'logs', 'dockerd.log'),
    ready: async () => existsSync(socketPath) && (await answers(api)),
    readyTimeoutMs: 180_000,
    stopTimeoutMs: 15_000,
  });
  return {
    pid: daemon.pid,
    socketPath,
    api,
    dispose: async () => {
      await removeContainers(api);
      await daemon.dispose();
      removeDockerCgroups([]);
    },
  };
}

async function answers(api: Docker): Promise<boolean> {
  try {
    await api.ping();
    return true;
  } catch {
    // Not listening yet; the caller asks again and gives up in time.
    return false;
  }
}

async function removeContainers(api: Docker): Promise<void> {
  if (!(await answers(api))) return;
  const containers = await api.listContainers({ all: true });
  await Promise.all(containers.map((one) => api.getContainer(one.Id).remove({ force: true, v: true })));
}

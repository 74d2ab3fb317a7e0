import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { importPython, pythonOf } from '../../e2e/world/docker/python-image.js';
import { startDaemon } from '../../e2e/world/support/daemon.js';

const agentPrograms = join(import.meta.dirname, '../agent/programs');
const programs = join(import.meta.dirname, 'programs');

/** A Docker engine of this benchmark's own, and containers with nothing in them but Python and its programs. */
export interface BenchDocker {
  readonly socketPath: string;
  /** Starts a program of `programs`, as the first process of a container that is called by `name`. */
  start(name: string, script: 'ranked.py' | 'fixed.py', args?: readonly string[]): Promise<Docker.Container>;
  end(): Promise<void>;
}

/** Starts it without a network: nothing of the machine is changed. Throws where there is no dockerd. */
export async function startBenchDocker(folder: string): Promise<BenchDocker> {
  const place = join(folder, 'docker');
  for (const each of ['data', 'run', 'tmp']) mkdirSync(join(place, each), { recursive: true });
  const socketPath = join(place, 'd.sock');
  const api = new Docker({ socketPath });
  const daemon = await startDaemon({
    name: 'dockerd',
    command: 'dockerd',
    args: [
      ...['--host', `unix://${socketPath}`, '--data-root', join(place, 'data'), '--exec-root', join(place, 'run')],
      ...['--pidfile', join(place, 'd.pid'), '--bridge=none', '--iptables=false', '--ip6tables=false'],
      ...['--ip-forward=false', '--userland-proxy=false', '--shutdown-timeout', '3'],
    ],
    logFile: join(place, 'dockerd.log'),
    ready: () =>
      api.ping().then(
        () => true,
        () => false,
      ),
    readyTimeoutMs: 60_000,
    stopTimeoutMs: 15_000,
  });
  try {
    const python = await pythonOf('3.11');
    if (python === undefined) throw new Error('this machine has no Python 3.11');
    const image = await importPython(api, place, '3.11', python);
    return {
      socketPath,
      async start(name, script, args = []) {
        const container = await api.createContainer({
          name,
          Image: image,
          Cmd: [python, '-B', script === 'fixed.py' ? `/agent/${script}` : `/pyspy/${script}`, ...args],
          HostConfig: {
            NetworkMode: 'none',
            // For py-spy by hand; ours brings its own right.
            CapAdd: ['SYS_PTRACE'],
            // Where py-spy by hand writes.
            Tmpfs: { '/tmp': 'exec' },
            Binds: [`${agentPrograms}:/agent:ro`, `${programs}:/pyspy:ro`],
          },
        });
        await container.start();
        await sleep(500);
        return container;
      },
      async end() {
        const left = await api.listContainers({ all: true });
        // What removes itself is on its way; dockerd ends the rest.
        await Promise.allSettled(left.map(({ Id: id }) => api.getContainer(id).remove({ force: true, v: true })));
        await daemon.dispose();
      },
    };
  } catch (error) {
    await daemon.dispose();
    throw error;
  }
}

/** What a container printed, when it has ended. */
export async function saidBy(container: Docker.Container): Promise<string> {
  await container.wait();
  const logs = await container.logs({ stdout: true, stderr: false });
  await container.remove({ force: true, v: true });
  // Eight bytes before each piece say whose it is and how long.
  return logs.subarray(8).toString('utf8').trim();
}

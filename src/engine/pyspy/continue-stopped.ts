import type Docker from 'dockerode';
import { processesIn } from './containers.js';
import { scriptInside } from './inside.js';

/** Continues every process of the namespace but the first, which its own signal reaches. */
const continueAll = 'import os, signal; os.kill(-1, signal.SIGCONT)';

/** The pids of a container's processes that are stopped. */
export async function stoppedIn(container: Docker.Container): Promise<readonly number[]> {
  return (await processesIn(container)).filter(({ state }) => state?.startsWith('T') === true).map(({ pid }) => pid);
}

/**
 * Continues processes that a py-spy which was killed left stopped: it had asked the kernel for the stop, and nobody is left to
 * take it back. Processes that were stopped before (`before`) stay so. Answers whether something was continued.
 */
export async function continueStopped(container: Docker.Container, before: readonly number[]): Promise<boolean> {
  const stopped = (await stoppedIn(container)).filter((pid) => !before.includes(pid));
  if (stopped.length === 0) return false;
  await container.kill({ signal: 'SIGCONT' });
  const left = (await stoppedIn(container)).filter((pid) => !before.includes(pid));
  if (left.length === 0) return true;
  const script = { python: continueAll, sh: 'kill -CONT -1' };
  // A container's root without capabilities may not signal what another user runs.
  if ((await scriptInside(container, script)) === undefined) await scriptInside(container, script, 'user');
  return true;
}

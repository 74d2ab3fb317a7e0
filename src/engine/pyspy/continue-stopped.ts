import type Docker from 'dockerode';
import { namespaceOf } from './container-pids.js';
import { processesIn } from './containers.js';
import { scriptInside } from './inside.js';

/** Processes of a container that are stopped. */
export interface Stopped {
  /** As the engine's machine counts. */
  readonly outside: readonly number[];
  /** As the container itself counts; undefined where it could not be asked. */
  readonly inside: readonly number[] | undefined;
}

/**
 * Prints the pids of stopped processes, a line each. A debugger's are in state "t" and none of them: of a tracer that is gone the
 * kernel leaves "T" or nothing. Runs on every Python from 2.7 on, and on every shell.
 */
const list = {
  python: `
import os
for name in os.listdir('/proc'):
    if not name.isdigit():
        continue
    try:
        with open('/proc/' + name + '/stat', 'rb') as file:
            if file.read().rsplit(b')', 1)[1].split()[0] == b'T':
                print(name)
    except (IOError, OSError, IndexError):
        pass
`,
  sh: `
for p in /proc/[0-9]*; do
  { IFS= read -r stat < "$p/stat"; } 2>/dev/null || continue
  set -- \${stat##*)}
  [ "$1" != T ] || echo "\${p#/proc/}"
done`,
};

/** The pids of a container's processes that are stopped, as the engine's machine counts. */
export async function stoppedIn(container: Docker.Container): Promise<readonly number[]> {
  return (await processesIn(container)).filter(({ state }) => state?.startsWith('T') === true).map(({ pid }) => pid);
}

/** As the container counts; with another's where both share their processes. */
async function stoppedInside(container: Docker.Container): Promise<readonly number[] | undefined> {
  const text = await scriptInside(container, list);
  return text?.split('\n').flatMap((line) => (/^\d+$/.test(line) ? [Number(line)] : []));
}

/**
 * What is stopped before anything of ours is near it, and is not ours to continue. Nothing is run in the container unless
 * something is stopped, or another's processes are among its own.
 */
export async function stoppedBefore(container: Docker.Container): Promise<Stopped> {
  const outside = await stoppedIn(container);
  const { kind } = await namespaceOf(container);
  const isAsked = kind === 'shared' || (kind === 'own' && outside.length > 0);
  return { outside, inside: isAsked ? await stoppedInside(container) : [] };
}

/**
 * Continues processes that a py-spy which was killed left stopped: it had asked the kernel for the stop, and nobody is left to
 * take it back. Processes that were stopped `before` stay so, and those that run are not signalled; where the container could
 * not say which were stopped before, only its first process is continued. Answers whether something was found stopped.
 */
export async function continueStopped(container: Docker.Container, before: Stopped): Promise<boolean> {
  const leftStopped = async (): Promise<readonly number[]> =>
    (await stoppedIn(container)).filter((pid) => !before.outside.includes(pid));
  const found = await leftStopped();
  if (found.length === 0) return false;
  const { kind, first } = await namespaceOf(container);
  // What the engine signals is the container's first process, which Podman lists as 1.
  if (found.some((pid) => pid === first || pid === 1)) await container.kill({ signal: 'SIGCONT' });
  // A container's root without capabilities may not signal what another user runs, and is not told so.
  for (const rights of ['root', 'user'] as const) {
    const left = await leftStopped();
    if (left.length === 0) break;
    const pids = kind === 'machine' ? left : await inside(container, before);
    if (pids.length > 0) await scriptInside(container, signalling(pids), [rights]);
  }
  return true;
}

async function inside(container: Docker.Container, before: Stopped): Promise<readonly number[]> {
  const known = before.inside;
  if (known === undefined) return [];
  return ((await stoppedInside(container)) ?? []).filter((pid) => !known.includes(pid));
}

function signalling(pids: readonly number[]): { readonly python: string; readonly sh: string } {
  return {
    python: `
import os, signal
for pid in [${pids.join(', ')}]:
    try:
        os.kill(pid, signal.SIGCONT)
    except OSError:
        pass
`,
    sh: `kill -CONT ${pids.join(' ')}`,
  };
}

import { finished } from 'node:stream/promises';
import type Docker from 'dockerode';
import { processesIn } from './containers.js';
import { interpretersOf } from './interpreters.js';
import { Collector } from './slice-output.js';

/** What a command in a container printed, and how it ended. */
export interface RanInside {
  readonly code: number | null;
  readonly stdout: Collector;
  readonly stderr: Collector;
}

/**
 * With which rights: "root" as the container has it, "privileged" root with all capabilities, or as the container's own user,
 * who may read the processes of that user where the system has no rule against it.
 */
export type InsideRights = 'root' | 'privileged' | 'user';

/** Runs a command in a container, with what the container itself has. Rejects with what Docker said. */
export async function runInside(
  container: Docker.Container,
  command: readonly string[],
  rights: InsideRights = 'root',
): Promise<RanInside> {
  const exec = await container.exec({
    Cmd: [...command],
    ...(rights === 'user' ? {} : { User: '0' }),
    WorkingDir: '/',
    Privileged: rights === 'privileged',
    AttachStdout: true,
    AttachStderr: true,
  });
  const stdout = new Collector();
  const stderr = new Collector();
  const stream = await exec.start({});
  // Untyped in dockerode's types.
  const modem = container.modem as { demuxStream(from: unknown, out: Collector, err: Collector): void };
  modem.demuxStream(stream, stdout, stderr);
  await finished(stream, { writable: false });
  const { ExitCode: code } = await exec.inspect();
  return { code, stdout, stderr };
}

/**
 * Runs a script with the first interpreter that the container has: the Python that its processes run, under whatever name, else
 * a shell where the script is given for one. As the container's root, then as its own user, who may read what that root
 * without capabilities may not. Nothing is compiled into the container's files, and nothing of its own is imported. Undefined
 * when none ran it to a good end.
 */
export async function scriptInside(
  container: Docker.Container,
  script: { readonly python: string; readonly sh?: string },
  rights: readonly InsideRights[] = ['root', 'user'],
): Promise<string | undefined> {
  const commands = [
    ...interpretersOf(await processesIn(container)).map((python) => [python, '-B', '-S', '-c', script.python]),
    ...(script.sh === undefined ? [] : [['sh', '-c', script.sh]]),
  ];
  for (const each of rights) {
    for (const command of commands) {
      try {
        const ran = await runInside(container, command, each);
        if (ran.code === 0) return ran.stdout.text;
      } catch {
        // the next way
      }
    }
  }
  return undefined;
}

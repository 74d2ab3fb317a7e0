import { finished } from 'node:stream/promises';
import type Docker from 'dockerode';
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
 * Runs a script with the first interpreter that the container has: Python, which is there under one name or the other, else
 * a shell where the script is given for one. Undefined when none ran it to a good end.
 */
export async function scriptInside(
  container: Docker.Container,
  script: { readonly python: string; readonly sh?: string },
  rights: InsideRights = 'root',
): Promise<string | undefined> {
  for (const command of [
    ['python3', '-c', script.python],
    ['python', '-c', script.python],
    ...(script.sh === undefined ? [] : [['sh', '-c', script.sh]]),
  ]) {
    try {
      const ran = await runInside(container, command, rights);
      if (ran.code === 0) return ran.stdout.text;
    } catch {
      // the next way
    }
  }
  return undefined;
}

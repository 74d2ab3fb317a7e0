import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { end } from './agent.js';

const execute = promisify(execFile);
const sources = join(import.meta.dirname, 'programs');

/** A program of known shares, and how it is started. */
export interface SplitProgram {
  readonly name: 'python' | 'extension' | 'c++' | 'go';
  readonly command: string;
  readonly args: readonly string[];
}

/** Asks Python; `python3` may be a script that looks for the interpreter, which would be another process. */
async function ask(expression: string): Promise<string> {
  const { stdout } = await execute('python3', ['-c', `import sys, sysconfig; print(${expression})`]);
  return stdout.trim();
}

let found: Promise<string> | undefined;

function python(): Promise<string> {
  found ??= ask('sys.executable');
  return found;
}

/** Builds the programs of known shares; those that cannot be built are left out, and named. */
export async function buildSplits(folder: string, note: (text: string) => void): Promise<readonly SplitProgram[]> {
  const script = join(sources, 'split.py');
  const interpreter = await python();
  const flags = ['-O2', '-fomit-frame-pointer', '-fno-ipa-icf'];
  const built: SplitProgram[] = [{ name: 'python', command: interpreter, args: ['-B', script] }];
  const attempt = async (program: SplitProgram, build: () => Promise<unknown>): Promise<void> => {
    try {
      await build();
      built.push(program);
    } catch (error) {
      note(`the ${program.name} program is missing: ${String(error).slice(0, 300)}`);
    }
  };
  const extension = join(folder, 'pyrosplit.so');
  await attempt({ name: 'extension', command: interpreter, args: ['-B', script, extension] }, async () => {
    const include = `-I${await ask('sysconfig.get_path("include")')}`;
    await execute('cc', [...flags, '-shared', '-fPIC', include, '-o', extension, join(sources, 'split_extension.c')]);
  });
  const native = join(folder, 'split-native');
  await attempt({ name: 'c++', command: native, args: [] }, () =>
    execute('c++', [...flags, '-o', native, join(sources, 'split.cc')]),
  );
  const go = join(folder, 'split-go');
  await attempt({ name: 'go', command: go, args: [] }, () =>
    execute('go', ['build', '-o', go, join(sources, 'split.go')]),
  );
  return built;
}

/** A program of known shares at work. */
export interface RunningSplit {
  readonly program: SplitProgram;
  readonly pid: number;
  /** Ends it. What its thread spent in the functions, in percent, by the thread's own clock. */
  readonly end: () => Promise<readonly number[]>;
}

export function startSplit(program: SplitProgram): RunningSplit {
  const child = spawn(program.command, program.args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = collect(child);
  return {
    program,
    pid: child.pid ?? 0,
    end: async () => {
      await end(child);
      return said().split(' ').map(Number);
    },
  };
}

/** Busy Python processes below one parent, as a server with workers. */
export interface Load {
  readonly parent: number;
  readonly pids: readonly number[];
  readonly end: () => Promise<void>;
}

/** Ends its workers when it is told to, or when whoever started it is gone. */
const parentScript = `
import os, signal, subprocess, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
parent = os.getppid()
workers = [subprocess.Popen([sys.executable, '-B', sys.argv[1], str(seed)]) for seed in range(int(sys.argv[2]))]
print(*(worker.pid for worker in workers), flush=True)
while os.getppid() == parent and signal.sigtimedwait([signal.SIGTERM], 1) is None: pass
for worker in workers: worker.kill()
for worker in workers: worker.wait()
`;

export async function startLoad(processes: number): Promise<Load> {
  const args = ['-c', parentScript, join(sources, 'service.py'), String(processes)];
  const parent = spawn(await python(), args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  return { parent: parent.pid ?? 0, pids: line.toString().trim().split(' ').map(Number), end: () => end(parent) };
}

/** Fixed work in two processes at once; the CPU seconds, of user and system, that both took. */
export async function fixedWork(rounds: number, beside?: Beside): Promise<number> {
  const interpreter = await python();
  const one = async (): Promise<number> => {
    const child = spawn(interpreter, ['-B', join(sources, 'fixed.py'), String(rounds)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said = collect(child);
    const ended = once(child, 'close');
    const after = await beside?.(child.pid ?? 0);
    await ended;
    await after?.();
    return Number(said());
  };
  const spent = await Promise.all([one(), one()]);
  return spent.reduce((a, b) => a + b, 0);
}

/** Begins something for a process of the work, and gives what ends it. */
export type Beside = (pid: number) => Promise<() => Promise<void>>;

/** What the two sides of a pair took: CPU seconds, of user and system, of all workers. */
export interface SlicePair {
  readonly off: number;
  readonly on: number;
}

/**
 * Of four slices each; a slice takes some hundredths of a second. Shorter ones would have more of what an agent does when it is let
 * go on than it does by itself, longer ones see the machine at more speeds.
 */
const blocksAPair = 120;
const roundsASlice = 10;

/** Fixed work in slices beside an agent that is switched off and on between them. */
export async function startSlices(
  agentPid: number,
): Promise<{ readonly pairs: AsyncIterable<SlicePair>; readonly end: () => Promise<void> }> {
  const args = ['-B', join(sources, 'slices.py'), String(agentPid), String(roundsASlice), String(blocksAPair)];
  const child = spawn(await python(), args, { stdio: ['ignore', 'pipe', 'inherit'] });
  async function* pairs(): AsyncGenerator<SlicePair> {
    for await (const line of createInterface(child.stdout)) {
      const [off = Number.NaN, on = Number.NaN] = line.split(' ').map(Number);
      yield { off, on };
    }
    throw new Error('The work in slices ended by itself.');
  }
  return { pairs: pairs(), end: () => end(child) };
}

function collect(child: ChildProcess): () => string {
  const said: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => said.push(chunk));
  return () => Buffer.concat(said).toString().trim();
}

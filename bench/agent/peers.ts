import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { cacheFolder } from '../../e2e/world/support/places.js';
import { childrenOf, end } from './agent.js';
import type { Stack } from './profile.js';

const execute = promisify(execFile);

/** How often the peers sample too. */
export const rateHz = 97;

/** A profiler at work. */
export interface Recording {
  readonly pids: () => Promise<readonly number[]>;
  /** What it said, where it has ended by itself. */
  readonly failure: () => string | undefined;
  readonly end: () => Promise<void>;
}

export interface Peers {
  readonly pySpy: string | undefined;
  readonly perf: string | undefined;
}

/** Finds the peers, and fetches py-spy's wheel into the cache where it is not there. What is missing says why. */
export async function findPeers(note: (text: string) => void): Promise<Peers> {
  const pySpy = await fetchPySpy().catch((error: unknown) => {
    note(`py-spy is missing: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  });
  return { pySpy, perf: await tryPerf(note) };
}

const pySpyVersion = '0.4.3';

async function fetchPySpy(): Promise<string> {
  const folder = join(cacheFolder(), '..', 'bench', `py-spy-${pySpyVersion}`);
  const program = join(folder, 'bin', 'py-spy');
  if (!existsSync(program)) {
    await mkdir(folder, { recursive: true });
    const options = ['--quiet', '--no-deps', '--only-binary', ':all:', '--target', folder];
    await execute('python3', ['-m', 'pip', 'install', ...options, `py-spy==${pySpyVersion}`]);
  }
  await execute(program, ['--version']);
  return program;
}

/** Debian's perf of another kernel refuses some machines: it is tried. */
async function tryPerf(note: (text: string) => void): Promise<string | undefined> {
  try {
    await execute('perf', ['record', '-F', String(rateHz), '-a', '-g', '-o', '/dev/null', '--', 'sleep', '0.2']);
    return 'perf';
  } catch (error) {
    note(
      `perf is missing: install Debian's linux-perf, or it does not run on this kernel (${String(error).slice(0, 200)})`,
    );
    return undefined;
  }
}

/** `py-spy record` on a process and, with those below it, on all of its children. */
export async function recordPySpy(
  program: string,
  pid: number,
  output: string,
  { below = false, native = false }: { readonly below?: boolean; readonly native?: boolean } = {},
): Promise<Recording> {
  const flags = [...(below ? ['--subprocesses'] : []), ...(native ? ['--native'] : [])];
  const child = spawn(
    program,
    [
      'record',
      '--pid',
      String(pid),
      '--rate',
      String(rateHz),
      '--duration',
      'unlimited',
      '--format',
      'raw',
      '--output',
      output,
      ...flags,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  return recording(child);
}

/** `perf record -a -g` of the whole machine. */
export async function recordPerf(program: string, output: string): Promise<Recording> {
  const child = spawn(program, ['record', '-F', String(rateHz), '-a', '-g', '-o', output], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return recording(child);
}

async function recording(child: ChildProcess): Promise<Recording> {
  const said: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk));
  await sleep(1000);
  // Ended without a fault: what it looked at has ended.
  if (child.exitCode !== null && child.exitCode !== 0)
    throw new Error(`A peer ended at once: ${Buffer.concat(said).toString().slice(0, 500)}`);
  const pid = child.pid ?? 0;
  return {
    failure: () => (child.exitCode === null ? undefined : Buffer.concat(said).toString().trim().slice(-300)),
    pids: async () => [pid, ...(await childrenOf(pid))],
    end: () => end(child, 'SIGINT'),
  };
}

/** What py-spy wrote: a line a stack, root first, "frame (file:line);frame (file:line) count". */
export async function readPySpy(path: string): Promise<readonly Stack[]> {
  if ((await stat(path).catch(() => undefined)) === undefined) return [];
  const text = await readFile(path, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const at = line.lastIndexOf(' ');
      return { names: line.slice(0, at).split(';').reverse(), value: Number(line.slice(at + 1)) };
    });
}

/** The stacks that perf recorded of each process. */
export async function readPerf(program: string, path: string): Promise<ReadonlyMap<number, Stack[]>> {
  const { stdout } = await execute(program, ['script', '-i', path, '-F', 'pid,ip,sym'], { maxBuffer: 1 << 30 });
  const found = new Map<number, Stack[]>();
  for (const sample of stdout.split('\n\n')) {
    const [head, ...frames] = sample.split('\n').filter((line) => line.trim() !== '');
    const pid = Number(head?.trim());
    if (!Number.isInteger(pid)) continue;
    const names = frames.map((frame) => frame.trim().replace(/^[0-9a-f]+ /, ''));
    found.set(pid, [...(found.get(pid) ?? []), { names, value: 1 }]);
  }
  return found;
}

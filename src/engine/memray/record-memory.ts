import * as v from 'valibot';
import { memoryLeaksType, memoryPeakType } from '../../contract/pyspy.js';
import { fail, ok, type Failure, type Result } from '../../contract/result.js';
import type { NewWindow } from '../pyspy/window.js';
import { Attached, attachScript, Probe, probeScript } from './scripts.js';
import { memrayWheels, type Wheel } from './wheels.js';

/** How a command ended on a place, and what it printed. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a process is that memray attaches to: a container, or a machine. */
export interface MemoryPlace {
  /** Our folder there; made by what is put into it, or by memray's script. */
  readonly folder: string;
  /** Interpreters that may be the process's own, best first. */
  readonly interpreters: readonly string[];
  run(argv: readonly string[], timeoutMs: number): Promise<Result<Ran>>;
  /** Puts files into the folder, both of which then belong to who runs commands there. */
  put(files: readonly Wheel[], user: { readonly uid: number; readonly gid: number }): Promise<Result<null>>;
  /** Removes the folder. */
  clean(): Promise<void>;
}

export interface MemoryOptions {
  /** As the place itself counts. */
  readonly pid: number;
  readonly seconds: number;
  /** Whether memray may be put into the folder where the program has none. */
  readonly install: boolean;
  /** The folder that says which memray that is, in `memray`. */
  readonly resourcesDir: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

const probeTimeoutMs = 20_000;
/** gdb reads symbols, memray writes its file, and we read it: beside the time that was asked for. */
const slackMs = 120_000;

/** Allocations of a process for a time: what it held at its peak, and what it did not free; two windows, in bytes. */
export async function recordMemory(
  place: MemoryPlace,
  options: MemoryOptions,
): Promise<Result<readonly [peak: NewWindow, leaks: NewWindow]>> {
  const { pid, seconds, install, resourcesDir, signal } = options;
  const found = await probe(place);
  if (!found.ok) return found;
  const { interpreter, ...has } = found.value;
  if (has.methods.length === 0) return noDebugger(has.version);
  if (!has.memray && !install) return notThere();
  // What lies there by that name is ours from a recording that was ended from outside, or somebody waits for us to write into it.
  await place.clean();
  try {
    if (!has.memray) {
      const wheels = await memrayWheels(has, resourcesDir, signal);
      if (!wheels.ok) return wheels;
      const put = await place.put(wheels.value, has);
      if (!put.ok) return put;
    }
    if (signal?.aborted === true) return fail('cancelled', 'Cancelled.');
    const argv = [place.folder, String(pid), String(seconds), has.memray ? 'no' : 'yes', has.methods.join(',')];
    const ran = await place.run([interpreter, '-B', '-c', attachScript, ...argv], seconds * 1000 + slackMs);
    if (!ran.ok) return ran;
    const read = v.safeParse(Attached, json(ran.value.stdout));
    if (!read.success) return fail('agent-failed', 'memray did not answer.', ran.value.stderr.trim().slice(-4000));
    if ('failed' in read.output) return { ok: false, failure: whyNot(read.output.failed, read.output.said) };
    return ok(windowsOf(read.output, options));
  } finally {
    await place.clean();
  }
}

async function probe(place: MemoryPlace): Promise<Result<Probe & { readonly interpreter: string }>> {
  let first: (Probe & { readonly interpreter: string }) | undefined;
  for (const interpreter of place.interpreters) {
    const ran = await place.run([interpreter, '-B', '-c', probeScript], probeTimeoutMs);
    if (!ran.ok) return ran;
    const read = v.safeParse(Probe, json(ran.value.stdout));
    if (!read.success) continue; // it is not there
    const here = { ...read.output, interpreter };
    if (here.memray) return ok(here);
    first ??= here;
  }
  return first === undefined
    ? fail(
        'not-found',
        'No Python can be started beside the process: memory needs its interpreter by a path or as python3.',
      )
    : ok(first);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text.trim().split('\n').at(-1) ?? '');
  } catch {
    return undefined; // nothing of ours ran
  }
}

function windowsOf(
  { frames, peak, leaks, startMs, endMs }: Exclude<Attached, { failed: unknown }>,
  { labels, pid }: MemoryOptions,
): readonly [NewWindow, NewWindow] {
  const window = (profileType: string, stacks: typeof peak): NewWindow => ({
    startMs,
    endMs,
    profileType,
    // A sample stands for a byte.
    periodNs: 1,
    labels: { ...labels, profiler: 'memray' },
    frames: frames.map(([name, file, line]) => ({ name, file, line })),
    stacks: stacks.map(([samples, indices]) => ({ pid, thread: 'all threads', frames: indices, samples })),
  });
  return [window(memoryPeakType, peak), window(memoryLeaksType, leaks)];
}

function noDebugger(version: string): Result<never> {
  return fail(
    'unsupported',
    `Memory of a running Python ${version} needs gdb or lldb beside it, by which memray gets into the process: install gdb in the image or on the machine. From Python 3.14 on nothing is needed.`,
  );
}

function notThere(): Result<never> {
  return fail(
    'not-found',
    'memray cannot be imported there: choose to put it into a temporary folder, which is removed afterwards, or install it with the program.',
  );
}

/** Why memray saw nothing. First match wins. */
const causes: readonly (readonly [pattern: RegExp, sentence: string])[] = [
  [
    /permission to trace|owned by a different user|ptrace: /i,
    'gdb may not attach to this process: the system forbids it. In a container its security profile has to allow ptrace; on a machine the process has to be your own, and ptrace_scope 0.',
  ],
  [
    /libstdc\+\+/,
    'memray needs the C++ library, which is not there: install libstdc++6 (on Alpine libstdc++) in the image or on the machine.',
  ],
  [
    /cannot open shared object|No module named .?memray|ImportError/i,
    'The process cannot import memray: it has another Python than the one beside it, or may not read its files.',
  ],
  [/not seem to be running Python/i, 'The process runs no Python, or one without symbols that gdb can find.'],
];

function whyNot(kind: Extract<Attached, { failed: unknown }>['failed'], said: string): Failure {
  const detail = said.trim();
  const failure = (message: string): Failure => ({ code: 'pyspy-failed', message, detail });
  if (kind === 'debugger') {
    return failure(
      'The debugger there failed on a process of our own, so the program was not touched: the system forbids ptrace, or it is older than this processor (gdb before 14). Install lldb, or a newer gdb.',
    );
  }
  if (kind === 'folder') {
    return failure(
      'The folder in /tmp that memray would use is there already and cannot be removed: it belongs to another user.',
    );
  }
  if (kind === 'ended') return failure('The process ended while its memory was recorded.');
  if (kind === 'unfinished') {
    return failure('memray did not finish in time: the process is busy, or waits in code that is not Python.');
  }
  return failure(causes.find(([pattern]) => pattern.test(said))?.[1] ?? 'memray could not get into the process.');
}

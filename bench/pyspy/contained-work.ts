import type Docker from 'dockerode';
import type { Note } from '../rows.js';
import { saidBy, type BenchDocker } from './containers.js';

/** A round of the work takes some 5 ms of a core that nobody else wants; on a busy machine several times as long. */
const longestMs = (rounds: number): number => 60_000 + rounds * 40;
/** So often the work is begun anew where it did not come to its end. */
const tries = 3;

/** Begins something beside a container of the work, by its name, and gives what ends it. */
export type BesideContainer = (name: string) => Promise<() => Promise<void>>;

/**
 * Fixed work as the first process of two containers at once; the CPU seconds of both. What hangs or fails, as a recording that
 * does not begin before the work is over, costs one try and is said.
 */
export async function containedWork(
  docker: BenchDocker,
  rounds: number,
  note: Note,
  beside?: BesideContainer,
): Promise<number> {
  for (let left = tries; ; left--) {
    const started: Docker.Container[] = [];
    try {
      const spent = await within(
        longestMs(rounds),
        Promise.all([work(docker, rounds, started, beside), work(docker, rounds, started, beside)]),
      );
      return spent.reduce((a, b) => a + b, 0);
    } catch (error) {
      note(`work in containers did not come to its end: ${String(error).slice(0, 300)}`);
      if (left <= 1) throw error;
    } finally {
      await Promise.allSettled(started.map((container) => container.remove({ force: true, v: true })));
    }
  }
}

/** Names are of one container each: what is being removed still has its own. */
let made = 0;

async function work(
  docker: BenchDocker,
  rounds: number,
  started: Docker.Container[],
  beside: BesideContainer | undefined,
): Promise<number> {
  const name = `fixed-${++made}`;
  const container = await docker.start(name, 'fixed.py', [String(rounds)]);
  started.push(container);
  const said = saidBy(container);
  said.catch(() => undefined); // awaited below, unless what is beside it fails first
  const after = await beside?.(name);
  try {
    const seconds = Number(await said);
    if (!(seconds > 0)) throw new Error(`${name} did not say what it took`);
    return seconds;
  } finally {
    await after?.();
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`it took longer than ${Math.round(ms / 1000)} s`));
    }, ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
    promise.catch(() => undefined); // nobody waits for it any more
  }
}

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { defaultPySpyOptions } from '../../src/contract/pyspy';
import type { Subject } from '../../src/engine/pyspy/recording';
import { waitFor } from './support/wait';

export interface KillRounds {
  readonly subject: Subject;
  /** Processes that are recorded and always busy, as this machine counts. */
  readonly watched: readonly number[];
  /** py-spy of the slice that runs, as this machine counts; undefined before it is there. */
  readonly spy: () => Promise<number | undefined>;
  readonly rounds: number;
  /** No round begins after so long. */
  readonly longestMs: number;
}

/**
 * Kills py-spy again and again, each time a little later: from its first instructions on, while it reads symbols, and while it
 * samples. After each a recording's own mending has to leave every watched process at work. Answers how many rounds there
 * were, and after how many something was found stopped.
 */
export async function killAtAnyMoment(
  given: KillRounds,
): Promise<{ readonly rounds: number; readonly stopped: number }> {
  const { subject, watched, spy, rounds, longestMs } = given;
  const beganAt = performance.now();
  let [done, stopped] = [0, 0];
  for (; done < rounds && performance.now() - beganAt < longestMs; done++) {
    const slice = { pid: subject.pid, seconds: 30, kind: 'time', options: defaultPySpyOptions } as const;
    const prepared = await subject.prepare(slice);
    if (!prepared.ok) throw new Error(`${prepared.failure.message} ${prepared.failure.detail ?? ''}`);
    const running = prepared.value.run(new AbortController().signal);
    const pid = await waitFor('py-spy to run', spy, { timeoutMs: 60_000, everyMs: 2 });
    await sleep((done * 37) % 400);
    process.kill(pid, 'SIGKILL');
    expect((await running).ok, `round ${done}`).toBe(false);
    if (watched.some((each) => stateOf(each).startsWith('T'))) stopped++;
    expect(await subject.recover(), `round ${done}`).toBe(true);
    for (const each of watched) await goesOn(each, `process ${each} to go on after round ${done}`);
  }
  return { rounds: done, stopped };
}

/** The first process of this machine whose program and arguments are right. */
export function findProcess(isIt: (words: readonly string[]) => boolean): number | undefined {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && existsSync(`/proc/${name}/cmdline`))
    .map(Number)
    .find((pid) => isIt(wordsOf(pid)));
}

function wordsOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return []; // it has ended meanwhile
  }
}

/** What /proc says behind the name: the state's letter first. */
function statOf(pid: number): readonly string[] {
  return readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
}

function stateOf(pid: number): string {
  return statOf(pid)[0] ?? '';
}

/** Its CPU time grows, which that of a stopped process does not. */
async function goesOn(pid: number, what: string): Promise<void> {
  const ticks = (): number => Number(statOf(pid)[11]) + Number(statOf(pid)[12]);
  const before = ticks();
  await waitFor(what, () => (ticks() > before ? true : undefined), { timeoutMs: 30_000, everyMs: 5 });
}

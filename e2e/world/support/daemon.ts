import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from './wait';

/** How to start a program that stays. */
export interface DaemonOptions {
  /** For messages: "sshd", "dockerd". */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Its standard output and error, appended. */
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Resolves with true once the daemon answers. Asked every 50 ms. */
  readonly ready: () => Promise<boolean> | boolean;
  readonly readyTimeoutMs: number;
  /** How long it may take to end after SIGTERM before it gets SIGKILL. */
  readonly stopTimeoutMs?: number;
}

/** A running program that this process started and that it ends by its id. */
export interface Daemon {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Ends it: SIGTERM, then SIGKILL; returns when it is gone. A second call does nothing. */
  dispose(): Promise<void>;
}

/** Starts a program and waits until it is ready; when it ends first or is late, the error holds the end of its log. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const log = openSync(options.logFile, 'a');
  const child = spawn(options.command, options.args, {
    stdio: ['ignore', log, log],
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
  });
  closeSync(log);
  let startError: Error | undefined;
  child.once('error', (error) => {
    startError = error;
  });
  try {
    await waitFor(
      `${options.name} to be ready`,
      async () => {
        if (hasEnded(child) || startError !== undefined) return 'ended';
        return (await options.ready()) ? 'ready' : undefined;
      },
      { timeoutMs: options.readyTimeoutMs },
    ).then((state) => {
      if (state === 'ended') throw new Error(`${options.name} ended before it was ready`, { cause: startError });
    });
  } catch (error) {
    await end(child, 1000);
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${reason}\n${endOfLog(options.logFile)}`, { cause: error });
  }
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${options.name} has no process id`);
  return {
    name: options.name,
    pid,
    logFile: options.logFile,
    dispose: () => end(child, options.stopTimeoutMs ?? 5000),
  };
}

/** The last lines of a log file, for an error message. */
export function endOfLog(file: string, lines = 25): string {
  return `--- end of ${file}\n${readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')}\n---`;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function end(child: ChildProcess, patienceMs: number): Promise<void> {
  if (hasEnded(child) || child.pid === undefined) return;
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  child.kill('SIGTERM');
  const inTime = await Promise.race([gone.then(() => true), sleep(patienceMs, false, { ref: false })]);
  if (!inTime) child.kill('SIGKILL');
  await gone;
}

import { spawn } from 'node:child_process';
import { basename, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './paths.mjs';

/**
 * A command that did not end with exit code 0.
 *
 * Its message is one line that names the command and how it ended; `tail` holds its last lines of output.
 */
export class CommandError extends Error {
  /**
   * @param {string} command
   * @param {{ code?: number | null, signal?: NodeJS.Signals | null, timedOutAfterMs?: number, cause?: unknown, tail: readonly string[] }} end
   */
  constructor(command, end) {
    super(`${command}: ${describeEnd(end)}`, { cause: end.cause });
    this.name = 'CommandError';
    this.code = end.code ?? null;
    this.tail = end.tail;
  }
}

/**
 * A command as a person would type it in the clone, cut to a line.
 *
 * @param {string} command
 * @param {readonly string[]} args
 */
export function describeCommand(command, args) {
  const line = [basename(command), ...args].join(' ').replaceAll(root + sep, '');
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}

/** @param {{ code?: number | null, signal?: NodeJS.Signals | null, timedOutAfterMs?: number, cause?: unknown }} end */
function describeEnd(end) {
  if (end.timedOutAfterMs !== undefined) return `not done after ${Math.round(end.timedOutAfterMs / 1000)} s, ended`;
  if (end.cause instanceof Error) return end.cause.message;
  return end.signal ? `ended by ${end.signal}` : `exit code ${end.code}`;
}

/**
 * @typedef {object} CommandOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env] added to this process's environment
 * @property {AbortSignal} [signal] ends the command and what it started
 * @property {number} [timeoutMs]
 * @property {boolean} [foreground] stays in the terminal's foreground group with its standard input (sudo asks there).
 *   Everything else gets a process group of its own, so that it can be ended as a whole.
 * @property {NodeJS.Signals} [endSignal] what asks it to end; default SIGTERM
 * @property {number} [graceMs] from asking to SIGKILL; default 5000
 * @property {(line: string, from: 'stdout' | 'stderr') => void} [onLine]
 */

const tailLines = 40;

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
/** Those of them that lead a process group of their own. @type {WeakSet<import('node:child_process').ChildProcess>} */
const leaders = new WeakSet();

// The last resort: whatever ends this process (an exception, process.exit), no child outlives it. Only SIGKILL does.
process.on('exit', () => {
  for (const child of running) signalGroup(child, 'SIGKILL');
});

/**
 * Runs a command to its end and gives its standard output.
 *
 * Rejects with CommandError when it cannot start, ends with another code than 0, by a signal, or is too late. When the
 * command has ended, whatever it left behind in its process group is ended too.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {CommandOptions} [options]
 * @returns {Promise<string>}
 */
export function runCommand(command, args, options = {}) {
  const { cwd, env, signal, timeoutMs, foreground = false, endSignal = 'SIGTERM', graceMs = 5000, onLine } = options;
  const title = describeCommand(command, args);
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(new CommandError(title, { cause: new Error('not started'), tail: [] }));
      return;
    }
    const child = spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
      stdio: [foreground ? 'inherit' : 'ignore', 'pipe', 'pipe'],
      detached: !foreground && process.platform !== 'win32',
    });
    running.add(child);
    if (!foreground && process.platform !== 'win32') leaders.add(child);
    /** @type {string[]} */
    const output = [];
    /** @type {string[]} */
    const tail = [];
    /** @type {NodeJS.Timeout[]} */
    const timers = [];
    let timedOut = false;

    const end = () => {
      signalGroup(child, endSignal);
      timers.push(setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs));
    };
    const settle = () => {
      running.delete(child);
      for (const timer of timers) clearTimeout(timer);
      signal?.removeEventListener('abort', end);
    };
    signal?.addEventListener('abort', end, { once: true });
    if (timeoutMs !== undefined) {
      timers.push(
        setTimeout(() => {
          timedOut = true;
          end();
        }, timeoutMs),
      );
    }
    for (const from of /** @type {const} */ (['stdout', 'stderr'])) {
      const stream = child[from];
      createInterface({ input: stream, crlfDelay: Infinity }).on('line', (line) => {
        if (from === 'stdout') output.push(line);
        tail.push(line);
        if (tail.length > tailLines) tail.shift();
        onLine?.(line, from);
      });
    }
    child.once('error', (cause) => {
      settle();
      reject(new CommandError(title, { cause, tail }));
    });
    // Ends strays of the group at once: they would hold the pipes open and keep 'close' from coming.
    child.once('exit', () => {
      if (!foreground) signalGroup(child, 'SIGKILL');
    });
    child.once('close', (code, endedBy) => {
      settle();
      if (code === 0 && !timedOut) resolve(output.join('\n'));
      else if (timedOut) reject(new CommandError(title, { timedOutAfterMs: timeoutMs ?? 0, tail }));
      else reject(new CommandError(title, { code, signal: endedBy, tail }));
    });
  });
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function signalGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    if (leaders.has(child)) process.kill(-child.pid, signal);
    else child.kill(signal);
  } catch (error) {
    // ESRCH: all of the group has ended; EPERM: sudo's child, which gets the terminal's Ctrl+C by itself.
    const code = /** @type {NodeJS.ErrnoException} */ (error).code;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

import './setup/follow-npm.mjs';
import { rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CommandError, runCommand } from './setup/children.mjs';
import { openLog } from './setup/log.mjs';
import { logDirectory, root } from './setup/paths.mjs';
import { createProgress, printable, seconds } from './setup/progress.mjs';

/**
 * How a stage ended. `ready`: there was nothing to do. `warned`: it did not work, and the rest can do without it.
 *
 * @typedef {{ mark: 'done' | 'ready' | 'skipped' | 'warned', text: string }} Outcome
 */

/**
 * @typedef {object} Stage
 * @property {string} name
 * @property {readonly string[]} [needs] stages that must have ended well before; names that are not in the run are ignored
 * @property {boolean} [alone] nothing runs beside it: it asks questions or would be disturbed by load
 * @property {(context: StageContext) => Promise<Outcome | void>} run without an outcome it is done
 */

/**
 * @typedef {object} StageContext
 * @property {AbortSignal} signal ends when the run is given up (Ctrl+C, a failure elsewhere)
 * @property {import('./setup/log.mjs').Log} log the stage's own log file
 * @property {(text: string) => void} begin says what is being done; called before work that takes time
 * @property {(text: string) => void} detail what is done just now
 * @property {(text: string) => void} note prints a line
 * @property {(command: string, args: readonly string[], options?: ExecOptions) => Promise<string>} exec runs a command
 *   into the log; gives its standard output; rejects with CommandError
 * @property {<T>(work: () => Promise<T>) => Promise<T>} withTerminal runs work while the live line is away
 */

/** @typedef {Omit<import('./setup/children.mjs').CommandOptions, 'signal' | 'onLine'> & { show?: boolean }} ExecOptions `show` also prints each line */

/**
 * @typedef {object} StageResult
 * @property {string} name
 * @property {'done' | 'ready' | 'skipped' | 'warned' | 'failed'} mark
 * @property {string} text
 * @property {number} seconds
 */

/**
 * @typedef {object} RunResult
 * @property {boolean} ok no stage failed and nobody interrupted
 * @property {readonly StageResult[]} stages in the order in which they ended
 * @property {number} seconds
 * @property {NodeJS.Signals | undefined} interrupted
 */

/**
 * Runs stages, as many beside each other as `jobs` and their needs allow, and prints each with its time.
 *
 * Never rejects for a failing stage: it prints the end of its output and the path of its log, gives up (or, with
 * `keepGoing`, goes on with what does not need it), and says so in the result. When it returns, all commands that were
 * started through `exec` have ended, also on SIGINT, SIGTERM and SIGHUP.
 *
 * @param {string} title names the folder of the logs
 * @param {readonly Stage[]} stages
 * @param {{ jobs?: number, keepGoing?: boolean, showReady?: boolean, progress?: import('./setup/progress.mjs').Progress }} [options]
 * @returns {Promise<RunResult>}
 */
export async function runStages(title, stages, options = {}) {
  const { jobs = 2, keepGoing = false, showReady = false } = options;
  const progress = options.progress ?? createProgress();
  const began = performance.now();
  const logs = join(logDirectory, title);
  rmSync(logs, { recursive: true, force: true });

  const giveUp = new AbortController();
  /** @type {NodeJS.Signals | undefined} */
  let interrupted;
  /** @param {NodeJS.Signals} signal */
  const interrupt = (signal) => {
    interrupted ??= signal;
    giveUp.abort();
  };
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  for (const signal of signals) process.on(signal, interrupt);

  /** @type {Map<string, StageResult>} */
  const ended = new Map();
  const names = new Set(stages.map((stage) => stage.name));
  const waiting = [...stages];
  /** @type {Map<string, Promise<void>>} */
  const active = new Map();
  let aloneActive = false;

  /** @param {StageResult} result */
  const conclude = (result) => {
    ended.set(result.name, result);
    if (result.mark !== 'ready' || showReady) progress.end(result.name, result.mark, result.text);
  };

  /** @param {Stage} stage */
  const execute = async (stage) => {
    const since = performance.now();
    const log = openLog(join(logs, `${stage.name.replace(/[^\w-]+/g, '-')}.log`));
    const elapsed = () => (performance.now() - since) / 1000;
    try {
      const outcome = await stage.run(createContext(stage.name, log, giveUp.signal, progress));
      conclude({ name: stage.name, mark: outcome?.mark ?? 'done', text: outcome?.text ?? 'done', seconds: elapsed() });
    } catch (error) {
      const text = giveUp.signal.aborted ? 'given up' : messageOf(error);
      if (!giveUp.signal.aborted) explain(error, log, progress);
      conclude({ name: stage.name, mark: 'failed', text, seconds: elapsed() });
      if (!keepGoing) giveUp.abort();
    } finally {
      log.close();
    }
  };

  try {
    for (;;) {
      for (const stage of [...waiting]) {
        if (giveUp.signal.aborted) break;
        const needs = (stage.needs ?? []).filter((name) => names.has(name));
        const broken = needs.find((name) => ended.get(name)?.mark === 'failed' || ended.get(name)?.mark === 'skipped');
        if (broken !== undefined) {
          waiting.splice(waiting.indexOf(stage), 1);
          conclude({ name: stage.name, mark: 'skipped', text: `needs ${broken}`, seconds: 0 });
          continue;
        }
        if (!needs.every((name) => ended.has(name))) continue;
        if (aloneActive || active.size >= jobs || (stage.alone && active.size > 0)) continue;
        waiting.splice(waiting.indexOf(stage), 1);
        aloneActive = stage.alone === true;
        const done = execute(stage).finally(() => {
          active.delete(stage.name);
          if (stage.alone) aloneActive = false;
        });
        active.set(stage.name, done);
      }
      if (active.size === 0) {
        if (waiting.length > 0 && !giveUp.signal.aborted && !canStart(waiting, names, ended)) {
          throw new Error(`stages wait for each other: ${waiting.map((stage) => stage.name).join(', ')}`);
        }
        if (waiting.length === 0 || giveUp.signal.aborted) break;
        continue;
      }
      await Promise.race(active.values());
    }
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
    progress.close();
  }

  const results = [...ended.values()];
  return {
    ok: interrupted === undefined && results.every((result) => result.mark !== 'failed'),
    stages: results,
    seconds: (performance.now() - began) / 1000,
    interrupted,
  };
}

/**
 * @param {readonly Stage[]} waiting
 * @param {ReadonlySet<string>} names
 * @param {ReadonlyMap<string, StageResult>} ended
 */
function canStart(waiting, names, ended) {
  return waiting.some((stage) => (stage.needs ?? []).every((name) => !names.has(name) || ended.has(name)));
}

/**
 * @param {string} name
 * @param {import('./setup/log.mjs').Log} log
 * @param {AbortSignal} signal
 * @param {import('./setup/progress.mjs').Progress} progress
 * @returns {StageContext}
 */
function createContext(name, log, signal, progress) {
  return {
    signal,
    log,
    begin: (text) => progress.begin(name, text),
    detail: (text) => progress.detail(name, text),
    note: (text) => progress.note(text),
    exec(command, args, { show = false, ...options } = {}) {
      log.line(`$ ${[command, ...args].join(' ')}`);
      return runCommand(command, args, {
        ...options,
        signal,
        onLine(line) {
          log.line(line);
          if (show) progress.note(line);
          else progress.detail(name, printable(line));
        },
      });
    },
    async withTerminal(work) {
      progress.pause();
      try {
        return await work();
      } finally {
        progress.resume();
      }
    },
  };
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Prints the end of a failed command's output and where all of it is.
 *
 * @param {unknown} error
 * @param {import('./setup/log.mjs').Log} log
 * @param {import('./setup/progress.mjs').Progress} progress
 */
function explain(error, log, progress) {
  if (error instanceof CommandError) {
    for (const line of error.tail) progress.note(`    ${printable(line)}`);
  } else {
    log.line(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  progress.note(`    all of it: ${relative(root, log.path)}`);
}

/**
 * The summary's last line, for example `check: 7 done, 1 skipped in 61.2 s`.
 *
 * @param {string} title
 * @param {RunResult} result
 */
export function summarise(title, result) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { mark } of result.stages) counts.set(mark, (counts.get(mark) ?? 0) + 1);
  const parts = [...counts].map(([mark, count]) => `${count} ${mark}`);
  if (result.interrupted) parts.push(`interrupted by ${result.interrupted}`);
  return `${title}: ${parts.join(', ') || 'nothing to do'} in ${seconds(result.seconds * 1000)}`;
}

/**
 * @param {RunResult} result
 * @returns {number} a process exit code: 0, 1, or 128 + the signal's number
 */
export function exitCodeOf(result) {
  if (result.interrupted === 'SIGINT') return 130;
  if (result.interrupted === 'SIGTERM') return 143;
  if (result.interrupted === 'SIGHUP') return 129;
  return result.ok ? 0 : 1;
}

import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stateDirectory } from './paths.mjs';

/** Longer than any set-up takes; a lock of another process-id namespace cannot be asked whether it lives. */
const staleAfterMs = 30 * 60_000;
const pollMs = 200;

/**
 * Runs work while no other set-up of this clone runs: two at a time would write the same files.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @param {{ directory?: string, onWait?: (owner: string) => void }} [options] `onWait` is called once when it has to wait
 * @returns {Promise<T>}
 */
export async function withLock(work, { directory = stateDirectory, onWait } = {}) {
  const path = join(directory, 'lock');
  mkdirSync(directory, { recursive: true });
  for (let told = false; !take(path);) {
    const owner = ownerOf(path);
    if (owner !== undefined && isAlive(owner, path)) {
      if (!told) onWait?.(owner);
      told = true;
      await sleep(pollMs);
    } else {
      rmSync(path, { force: true });
    }
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/**
 * @param {string} path
 * @returns {boolean} false when somebody else holds it
 */
function take(path) {
  try {
    const file = openSync(path, 'wx');
    writeSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/** @param {string} path */
function ownerOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (_justReleased) {
    return undefined;
  }
}

/**
 * @param {string} owner a process id; empty in the moment between making and filling the file
 * @param {string} path
 */
function isAlive(owner, path) {
  const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  if (owner === '' || age > staleAfterMs) return age < 1000;
  try {
    process.kill(Number(owner), 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

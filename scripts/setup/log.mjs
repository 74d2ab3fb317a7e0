import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * A stage's log file. It is written without buffering, so that it is whole at the moment when a failure names it.
 *
 * @typedef {object} Log
 * @property {string} path
 * @property {(line: string) => void} line
 * @property {() => void} close
 */

/**
 * Begins a log file anew; the file is only made with its first line.
 *
 * @param {string} path
 * @returns {Log}
 */
export function openLog(path) {
  /** @type {number | undefined} */
  let file;
  return {
    path,
    line(line) {
      if (file === undefined) {
        mkdirSync(dirname(path), { recursive: true });
        file = openSync(path, 'w');
      }
      writeSync(file, line + '\n');
    },
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root, stateDirectory } from './paths.mjs';

/**
 * A stamp says that outputs were made from exactly these inputs, so that nothing is done twice.
 *
 * It is judged by content. A file is only read again when its size, modification or change time differ from those
 * noted beside its hash (the change time also catches tools that set the modification time back).
 *
 * @typedef {object} Stamp
 * @property {boolean} fresh the outputs are there, unchanged, and made from these inputs
 * @property {string} hash of all inputs, hexadecimal; at the moment when the stamp was opened
 * @property {(facts?: Record<string, string>) => void} save call when the outputs are made; notes them as they are now
 * @property {() => void} clear call before outputs are touched: a broken attempt must not look fresh
 * @property {Readonly<Record<string, string>>} facts what the last `save` was given
 */

/** @typedef {{ size: number, mtimeMs: number, ctimeMs: number }} FileState */
/** @typedef {FileState & { hash: string }} KnownFile */
/** @typedef {{ version: 1, hash: string, files: Record<string, KnownFile>, outputs: Record<string, FileState>, facts: Record<string, string> }} SavedStamp */

/**
 * @param {string} name
 * @param {object} from
 * @param {readonly string[]} from.inputs absolute paths of files
 * @param {readonly string[]} from.outputs absolute paths of files; one of them missing or changed means not fresh
 * @param {Readonly<Record<string, string>>} [from.settings] what else decides on the outputs: versions, flags
 * @param {string} [from.directory] where the stamp is kept; default build/setup
 * @returns {Stamp}
 */
export function openStamp(name, { inputs, outputs, settings = {}, directory = stateDirectory }) {
  const path = join(directory, `${name}.json`);
  const saved = readSaved(path);
  /** @type {Record<string, KnownFile>} */
  const files = {};
  const hash = createHash('sha256').update(JSON.stringify(Object.entries(settings).sort()));
  for (const input of [...inputs].sort()) {
    const key = relative(root, input);
    const known = identify(input, saved?.files[key]);
    files[key] = known;
    hash.update(`\0${key}\0${known.hash}`);
  }
  const current = hash.digest('hex');
  return {
    hash: current,
    fresh: saved !== undefined && saved.hash === current && outputs.every((file) => unchanged(file, saved.outputs)),
    facts: saved?.facts ?? {},
    save(facts = {}) {
      /** @type {SavedStamp} */
      const next = { version: 1, hash: current, files, outputs: {}, facts };
      for (const output of outputs) next.outputs[relative(root, output)] = stateOf(output);
      writeWhole(path, JSON.stringify(next));
    },
    clear() {
      rmSync(path, { force: true });
    },
  };
}

/**
 * All files below a folder, absolute, sorted; empty when there is no such folder.
 *
 * @param {string} folder
 * @param {(path: string) => boolean} [accept] asked with the absolute path of each file
 * @returns {string[]}
 */
export function filesBelow(folder, accept = () => true) {
  /** @type {string[]} */
  const found = [];
  /** @type {import('node:fs').Dirent[]} */
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return found;
    throw error;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && entry.name !== '.git') found.push(...filesBelow(path, accept));
    } else if (entry.isFile() && accept(path)) found.push(path);
  }
  return found.sort();
}

/**
 * Writes a file so that a reader never sees half of it.
 *
 * @param {string} path
 * @param {string | Uint8Array} content
 */
export function writeWhole(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, content);
  renameSync(draft, path);
}

/**
 * @param {string} path
 * @param {KnownFile | undefined} known
 * @returns {KnownFile}
 */
function identify(path, known) {
  const state = stateOf(path);
  if (known && sameState(state, known)) return known;
  return { ...state, hash: createHash('sha256').update(readFileSync(path)).digest('hex') };
}

/**
 * @param {string} path
 * @returns {FileState}
 */
function stateOf(path) {
  const { size, mtimeMs, ctimeMs } = statSync(path);
  return { size, mtimeMs, ctimeMs };
}

/**
 * @param {FileState} a
 * @param {FileState} b
 */
function sameState(a, b) {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs;
}

/**
 * @param {string} path
 * @param {Record<string, FileState>} outputs
 */
function unchanged(path, outputs) {
  const noted = outputs[relative(root, path)];
  const state = statSync(path, { throwIfNoEntry: false });
  return noted !== undefined && state !== undefined && state.size === noted.size && state.mtimeMs === noted.mtimeMs;
}

/**
 * @param {string} path
 * @returns {SavedStamp | undefined} undefined when there is none, or none that this version can read
 */
function readSaved(path) {
  try {
    const saved = JSON.parse(readFileSync(path, 'utf8'));
    return saved?.version === 1 ? saved : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || /** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT')
      return undefined;
    throw error;
  }
}

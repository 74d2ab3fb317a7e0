import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { CodeFolder } from '../../contract/code.js';
import { mapPath } from '../../core/source/paths.js';
import { errorCode, errorText } from '../failures/thrown.js';
import { flaws, mostCodeBytes, textOf } from './text-file.js';
import { notIn, type Tried } from './tried.js';

/** Reads a file where a rule maps its path to: in a folder that the user chose, and nowhere else. The path must be clean. */
export async function readInFolders(folders: readonly CodeFolder[], path: string): Promise<Tried> {
  const mapped = mapPath(folders, path);
  if (mapped === undefined) {
    const why = folders.some(({ prefix }) => prefix !== '')
      ? 'No rule takes this path.'
      : 'There is no rule for paths yet.';
    return notIn('folder', 'folders of this computer', why, 'Choose the folder in which the same code lies.');
  }
  const { rule, rest } = mapped;
  const file = join(rule.folder, rest);
  const where = `${file}, by the rule for ${rule.prefix}`;
  try {
    const root = await realpath(rule.folder);
    const real = await realpath(file);
    // A link in the folder may lead out of what was chosen.
    if (real !== root && !real.startsWith(root.endsWith(sep) ? root : `${root}${sep}`)) {
      return notIn('folder', where, 'It is a link that leads out of the folder that was chosen.');
    }
    const bytes = await bytesOf(real);
    if (typeof bytes === 'string') return notIn('folder', where, bytes);
    const text = textOf(bytes);
    if (text === undefined) return notIn('folder', where, flaws.binary);
    const doubt = 'It is the file as it is on this computer now, which may be another version than the one that ran.';
    return { found: { place: 'folder', where, doubt, text } };
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return notIn('folder', where, flaws.missing, 'Check the rule: its folder stands for its prefix.');
    }
    return notIn('folder', where, code === 'EACCES' ? flaws.unreadable : errorText(error));
  }
}

/** The content of a regular file, or why it is not read. */
async function bytesOf(path: string): Promise<Buffer | string> {
  // Not blocking: opening a pipe waits for who writes into it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    if (stats.isDirectory()) return flaws.folder;
    if (!stats.isFile()) return flaws.special;
    if (stats.size > mostCodeBytes) return flaws.tooLarge;
    const content = await file.readFile();
    return content.length > mostCodeBytes ? flaws.tooLarge : content;
  } finally {
    await file.close();
  }
}

import type { CodeAnswer, CodeFolder, CodeLook } from '../../contract/code.js';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Selection } from '../../contract/selection.js';
import { isSourceFile } from '../../core/source/languages.js';
import { cleanPath } from '../../core/source/paths.js';
import type { Built } from '../../core/source/repositories.js';
import { readInClones } from './in-clones.js';
import { readInFolders } from './in-folders.js';
import type { TargetCode } from './target-code.js';

/** Where a file may be looked for. */
export interface CodeSources {
  /** Absent for a profile of a file. */
  readonly target?: { readonly code: Pick<TargetCode, 'look'>; readonly selection: Selection };
  /** What the user chose on this computer. */
  readonly folders: readonly CodeFolder[];
  /** What a snapshot knows of where its code came from. What runs on its target now may be another version, so this goes first. */
  readonly built?: readonly Built[];
}

/**
 * Looks for a source file that a profile names: where it ran first, then in the folders of this computer that were chosen. What a container
 * has that took the place of the sampled one is shown where no clone has what was built. What was looked at before is part of the answer. "unsupported": the name is of no file, or of none that holds code.
 */
export async function readCode(file: string, sources: CodeSources, signal: AbortSignal): Promise<Result<CodeAnswer>> {
  const path = cleanPath(file);
  if (path === undefined) {
    return fail(
      'unsupported',
      `“${file}” is no file that could be read: the program made this code, or has it inside.`,
    );
  }
  if (!isSourceFile(path)) {
    return fail('unsupported', `“${file}” does not end as source code does, and nothing else is read.`);
  }
  const looks: CodeLook[] = [];
  let { built = [] } = sources;
  const wasKept = built.length > 0;
  if (wasKept) {
    const tried = await readInClones(sources.folders, path, built, signal);
    if ('found' in tried) return ok({ found: tried.found, looks });
    looks.push(...tried.looks);
  }
  if (sources.target !== undefined) {
    const { tried, built: labelled } = await sources.target.code.look(path, sources.target.selection, signal);
    if (!wasKept) built = labelled;
    if ('found' in tried) {
      const exact =
        tried.found.doubt === undefined || wasKept || built.length === 0
          ? tried
          : await readInClones(sources.folders, path, built, signal);
      return ok({ found: 'found' in exact ? exact.found : tried.found, looks });
    }
    looks.push(...tried.looks);
  }
  for (const read of [
    () => readInFolders(sources.folders, path),
    ...(wasKept ? [] : [() => readInClones(sources.folders, path, built, signal)]),
  ]) {
    if (signal.aborted) return fail('cancelled', 'Cancelled.');
    const tried = await read();
    if ('found' in tried) return ok({ found: tried.found, looks });
    looks.push(...tried.looks);
  }
  return signal.aborted ? fail('cancelled', 'Cancelled.') : ok({ found: null, looks });
}

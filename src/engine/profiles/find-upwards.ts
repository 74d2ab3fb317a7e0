import { dirname, join } from 'node:path';

/**
 * Paths where a file of the app may lie, from a module's folder up to the root of the clone: the same code runs from
 * `out/main`, from a chunk below it, and from `src` under test.
 */
export function pathsUpwards(from: string, relative: string, levels = 5): readonly string[] {
  const paths: string[] = [];
  for (let folder = from, level = 0; level < levels; level++) {
    paths.push(join(folder, relative));
    const parent = dirname(folder);
    if (parent === folder) break;
    folder = parent;
  }
  return paths;
}

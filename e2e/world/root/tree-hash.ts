import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** The digest of each entry below `folder`, by path: kind, mode, owner and content. Times do not count. */
export function hashTree(folder: string): ReadonlyMap<string, string> {
  const digests = new Map<string, string>();
  const visit = (path: string): void => {
    const stat = lstatSync(path);
    const hash = createHash('sha256').update(`${stat.mode} ${stat.uid} ${stat.gid}\n`);
    if (stat.isSymbolicLink()) hash.update(readlinkSync(path));
    else if (stat.isFile()) hash.update(readFileSync(path));
    digests.set(path, hash.digest('hex'));
    if (stat.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
  };
  visit(folder);
  return digests;
}

/** The paths that were added, removed or changed between two calls of `hashTree`, sorted. */
export function changedPaths(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}

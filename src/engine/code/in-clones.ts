import type { CodeFolder } from '../../contract/code.js';
import { fileInTree, isInstalled } from '../../core/source/paths.js';
import { isRevision, repositoryKey, type Built } from '../../core/source/repositories.js';
import { git } from './git.js';
import { flaws, mostCodeBytes, textOf } from './text-file.js';
import { notIn, type Tried } from './tried.js';

/** The names of all files of a repository; a million of them fit. */
const mostTreeBytes = 256 * 1024 * 1024;
const mostListBytes = 1024 * 1024;

/** A clone of git among the chosen folders. */
interface Clone {
  readonly folder: string;
  /** By `repositoryKey`. */
  readonly remotes: ReadonlySet<string>;
}

/** What is looked for in a clone: a revision that ran, or what is checked out where none is known. */
interface Wanted {
  readonly clone: Clone;
  readonly revision: string;
  readonly doubt?: string;
}

/**
 * Reads a file at the revision that was built, from a clone on this computer whose remote is the repository that the image's labels name.
 * Without labels it is looked for in each clone as it is checked out, and said so. Nothing is fetched.
 */
export async function readInClones(
  folders: readonly CodeFolder[],
  path: string,
  built: readonly Built[],
  signal: AbortSignal,
): Promise<Tried> {
  if (isInstalled(path)) {
    return notIn('git', 'clones on this computer', 'It is a file of a library, not of the service’s own repository.');
  }
  const clones: Clone[] = [];
  for (const { folder } of folders) {
    const clone = await cloneAt(folder, signal);
    if (clone === 'no-git')
      return notIn('git', 'clones on this computer', 'git is not installed on this computer.', 'Install git.');
    if (clone !== undefined && !clones.some((other) => other.folder === clone.folder)) clones.push(clone);
  }
  const chosen = wantedOf(clones, built);
  if (!('wanted' in chosen)) return chosen;
  const looks = [];
  for (const wanted of chosen.wanted) {
    const tried = await readAt(wanted, path, signal);
    if ('found' in tried) return tried;
    looks.push(...tried.looks);
  }
  return { looks };
}

/** The clone that a folder lies in; undefined where it lies in none. */
async function cloneAt(folder: string, signal: AbortSignal): Promise<Clone | 'no-git' | undefined> {
  const top = await git(folder, ['rev-parse', '--show-toplevel'], mostListBytes, signal);
  if (!top.ok) return top.why === 'no-git' ? 'no-git' : undefined;
  const root = top.stdout.toString('utf8').replace(/\n$/, '');
  const listed = await git(root, ['config', '-z', '--get-regexp', '^remote\\..*\\.url$'], mostListBytes, signal);
  const addresses = listed.ok ? listed.stdout.toString('utf8').split('\0') : [];
  const keys = addresses.map((entry) => repositoryKey(entry.slice(entry.indexOf('\n') + 1)));
  return { folder: root, remotes: new Set(keys.filter((key) => key !== undefined)) };
}

function wantedOf(
  clones: readonly Clone[],
  built: readonly Built[],
): { readonly wanted: readonly Wanted[] } | Extract<Tried, { looks: unknown }> {
  if (built.length === 0) {
    if (clones.length === 0) {
      const why = 'No image label says which repository and revision was built, and no clone was chosen.';
      return notIn(
        'git',
        'clones on this computer',
        why,
        'Choose the folder of a clone, or build the image with the labels org.opencontainers.image.source and .revision.',
      );
    }
    const doubt = 'Nothing says which revision ran: this is the one that is checked out in the clone.';
    return { wanted: clones.map((clone) => ({ clone, revision: 'HEAD', doubt })) };
  }
  const wanted = built.flatMap(({ repository, revision }) => {
    const key = repositoryKey(repository);
    return clones.filter(({ remotes }) => key !== undefined && remotes.has(key)).map((clone) => ({ clone, revision }));
  });
  if (wanted.length > 0) return { wanted };
  const [{ repository, revision } = { repository: '', revision: '' }] = built;
  const mend = 'Choose the folder of a clone of it: its remote must be this address.';
  return notIn('git', `${repository} at ${revision}`, 'No folder that was chosen is a clone of it.', mend);
}

async function readAt({ clone, revision, doubt }: Wanted, path: string, signal: AbortSignal): Promise<Tried> {
  const at = `the clone ${clone.folder} at ${revision}`;
  if (!isRevision(revision)) return notIn('git', at, 'That is no name of a revision.');
  const found = await git(
    clone.folder,
    ['rev-parse', '--verify', '--quiet', `${revision}^{commit}`],
    mostListBytes,
    signal,
  );
  const commit = found.ok ? found.stdout.toString('utf8').trim() : '';
  if (!/^[0-9a-f]{40,64}$/.test(commit)) {
    return notIn('git', at, 'The clone does not have this revision.', 'Run git fetch in it.');
  }
  const listed = await git(clone.folder, ['ls-tree', '-r', '-z', '--full-tree', commit], mostTreeBytes, signal);
  if (!listed.ok) return notIn('git', at, `Its files could not be listed: ${listed.detail}`);
  const blobs = blobsOf(listed.stdout.toString('utf8'));
  const match = fileInTree(path, [...blobs.keys()]);
  if (match.kind === 'none') return notIn('git', at, 'No file of it ends as this path does.');
  if (match.kind === 'several') {
    const some = match.paths.slice(0, 3).join(', ');
    return notIn(
      'git',
      at,
      `Several files could be it: ${some}.`,
      'Choose the folder that stands for the beginning of the path.',
    );
  }
  const where = `${match.path} in ${at}`;
  const content = await git(clone.folder, ['cat-file', 'blob', blobs.get(match.path) ?? ''], mostCodeBytes, signal);
  if (!content.ok) return notIn('git', where, content.why === 'too-large' ? flaws.tooLarge : flaws.unreadable);
  const text = textOf(content.stdout);
  if (text === undefined) return notIn('git', where, flaws.binary);
  return { found: { place: 'git', where, text, ...(doubt === undefined ? {} : { doubt }) } };
}

/** Regular files by path, of "MODE TYPE OBJECT\tPATH\0": links and other repositories are none. */
function blobsOf(listing: string): ReadonlyMap<string, string> {
  const blobs = new Map<string, string>();
  for (const entry of listing.split('\0')) {
    const [, object, path] = /^100\d{3} blob ([0-9a-f]+)\t(.+)$/s.exec(entry) ?? [];
    if (object !== undefined && path !== undefined) blobs.set(path, object);
  }
  return blobs;
}

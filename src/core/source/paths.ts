/** What a path that a profile names stands for on this computer: all below `prefix` lies below `folder`. */
export interface PathRule {
  readonly prefix: string;
  readonly folder: string;
}

/**
 * A path without empty parts, "." and "..", so that all that follows can go by its parts. Undefined for what leads out of the folder that
 * it begins in, and for what is no path: "" and the "<string>" of code that was never in a file. Profiles are made by others:
 * "/app/../../etc/passwd" is "/etc/passwd", which no rule for "/app" takes.
 */
export function cleanPath(path: string): string | undefined {
  if (path === '' || path.startsWith('<') || path.includes('\0')) return undefined;
  const parts: string[] = [];
  const absolute = path.startsWith('/');
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined && !absolute) return undefined;
  }
  return parts.length === 0 ? undefined : `${absolute ? '/' : ''}${parts.join('/')}`;
}

/** A prefix as rules compare it: "/app/" and "/app" are one. The root is "/"; what is no path is "". */
export function cleanPrefix(prefix: string): string {
  return prefix.trim() === '/' ? '/' : (cleanPath(prefix.trim()) ?? '');
}

/** A rule that takes a path, and what of the path is left below the rule's folder. */
export interface MappedPath<Rule extends PathRule> {
  readonly rule: Rule;
  readonly rest: string;
}

/**
 * The rule that takes a path: the one with the longest prefix, by whole parts, so that "/app" does not take "/apple/x.py". A rule
 * without a prefix takes none. The path must be clean.
 */
export function mapPath<Rule extends PathRule>(rules: readonly Rule[], path: string): MappedPath<Rule> | undefined {
  let best: MappedPath<Rule> | undefined;
  let longest = -1;
  for (const rule of rules) {
    const prefix = cleanPrefix(rule.prefix);
    const head = prefix === '/' ? '/' : `${prefix}/`;
    if (prefix === '' || !path.startsWith(head) || prefix.length <= longest) continue;
    longest = prefix.length;
    best = { rule, rest: path.slice(head.length) };
  }
  return best;
}

/** What a new rule for a path begins with: the folder of a library's packages, else the first folder of the path. */
export function suggestPrefix(path: string): string {
  const clean = cleanPath(path) ?? '';
  const packages = /^.*\/(?:site-packages|dist-packages|node_modules)(?=\/)/.exec(clean)?.[0];
  return packages ?? /^\/?[^/]+(?=\/)/.exec(clean)?.[0] ?? '';
}

const libraryPath =
  /(?:^|\/)(?:site-packages|dist-packages|node_modules|\.cargo\/registry|go\/pkg\/mod)\/|\/lib(?:64)?\/python\d|^\/usr\/(?:lib|include|share)\/|^\/usr\/local\/go\//;

/** Whether a path lies where libraries are installed, so that it belongs to no repository of the service. */
export function isInstalled(path: string): boolean {
  return libraryPath.test(path);
}

/** What a path is in a repository. */
export type TreeMatch =
  | { readonly kind: 'one'; readonly path: string }
  | { readonly kind: 'none' }
  /** Several end alike; nothing tells which it is. */
  | { readonly kind: 'several'; readonly paths: readonly string[] };

/**
 * Finds a file of a running program among the paths of a repository: the one that has the most parts in common with it, from the end on. A
 * name alone is too little, for every package has an `__init__.py`; but the whole of a path in the repository is enough.
 *
 * Example: /app/shop/views.py is src/shop/views.py where there is also src/cart/views.py; /app/main.py is main.py.
 */
export function fileInTree(path: string, tree: readonly string[]): TreeMatch {
  const wanted = path.split('/').filter((part) => part !== '');
  let best: string[] = [];
  let most = 0;
  const name = wanted.at(-1) ?? '';
  for (const candidate of tree) {
    if (!candidate.endsWith(name)) continue; // most are told apart without looking at their parts
    const parts = candidate.split('/');
    let common = 0;
    while (common < Math.min(parts.length, wanted.length) && parts.at(-1 - common) === wanted.at(-1 - common)) common++;
    if (common < 2 && common < parts.length) continue;
    if (common > most) [best, most] = [[], common];
    if (common === most && common > 0) best.push(candidate);
  }
  // What is in common with all of a path is nearer than what is in common with the end of a longer one.
  const whole = best.filter((candidate) => candidate.split('/').length === most);
  const [first] = whole.length === 1 ? whole : best;
  if (first === undefined) return { kind: 'none' };
  return whole.length === 1 || best.length === 1 ? { kind: 'one', path: first } : { kind: 'several', paths: best };
}

/** Names that are alike but for hashes in them. */
export interface AlikeNames {
  /** With `*` for hashes; the name itself where it is alone. */
  readonly title: string;
  readonly names: readonly string[];
}

/** Hexadecimal of eight digits and more, and what of it is joined by hyphens. */
const hashes = /[0-9a-f]{8,}(?:-[0-9a-f]{8,})*/g;

/**
 * Puts names together that differ by hashes only, in the order of the first of each.
 *
 * Example: `symbols-0123456789abcdef.lines` and `symbols-fedcba9876543210.lines` are two of `symbols-*.lines`.
 */
export function alikeNames(names: readonly string[]): readonly AlikeNames[] {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const pattern = name.replace(hashes, '*');
    const group = groups.get(pattern);
    if (group === undefined) groups.set(pattern, [name]);
    else group.push(name);
  }
  return Array.from(groups, ([pattern, of]) => ({ title: of.length === 1 ? (of[0] ?? pattern) : pattern, names: of }));
}

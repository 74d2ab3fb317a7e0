import type { Operation } from '../operation.js';

/** A stack of function names, root first, and what was measured. */
export interface Stack {
  readonly frames: readonly string[];
  readonly value: number;
}

/** Which names a set means, and the path it means where it is one. */
export type Means = (operation: Operation, names: readonly string[], at: number) => boolean;

/**
 * The specification of operations once more, by single stacks and without any tree: slow, plain, and the judge of both
 * implementations. A stack that is left out is undefined. Groups, labels and times are not told here.
 */
export function rewriteStack(
  operation: Operation,
  frames: readonly string[],
  means: Means,
): readonly string[] | undefined {
  const inSet = (at: number): boolean => means(operation, frames, at);
  const marked = frames.map((_, at) => inSet(at));
  const first = marked.indexOf(true);
  switch (operation.kind) {
    case 'keep':
      return first < 0 ? undefined : frames;
    case 'drop':
      return first < 0 ? frames : undefined;
    case 'focus':
      return first < 0 ? undefined : frames.slice(first);
    case 'hide':
      return frames.filter((_, at) => !(marked[at] ?? false));
    case 'merge':
      return first < 0 ? frames : frames.slice(0, first + 1);
    case 'collapse':
      return frames.flatMap((name, at) => {
        if (!(marked[at] ?? false)) return [name];
        return at > 0 && (marked[at - 1] ?? false) ? [] : ['[set]'];
      });
    case 'collapse-recursion': {
      const result: string[] = [];
      frames.forEach((name, at) => {
        if (marked[at] ?? false) {
          if (operation.reach === 'direct' && at > 0 && frames[at - 1] === name) return;
          const known = operation.reach === 'whole' ? result.indexOf(name) : -1;
          if (known >= 0) {
            result.length = known + 1;
            return;
          }
        }
        result.push(name);
      });
      return result;
    }
    case 'invert':
      return [...frames].reverse();
    case 'keep-label':
    case 'drop-label':
    case 'keep-times':
    case 'group':
      return frames;
  }
}

/** Applies a list and adds up equal stacks, by their names joined with ";". Stacks without value are left out. */
export function rewriteStacks(
  operations: readonly Operation[],
  stacks: readonly Stack[],
  means: Means,
): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { frames, value } of stacks) {
    let rewritten: readonly string[] | undefined = frames;
    for (const operation of operations) {
      if (rewritten !== undefined) rewritten = rewriteStack(operation, rewritten, means);
    }
    if (rewritten === undefined || value === 0) continue;
    const key = rewritten.join(';');
    sums.set(key, (sums.get(key) ?? 0) + value);
  }
  return sums;
}

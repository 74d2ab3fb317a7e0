import { diffArrays } from 'diff';

/** A line of one text, of another one, or of both. */
export interface AlignedLine {
  /** Its number in the text before, from 1 on; 0: it is new. */
  readonly before: number;
  /** Its number in the text after, from 1 on; 0: it is gone. */
  readonly after: number;
  /** It is in both and reads otherwise. */
  readonly changed: boolean;
}

/**
 * More lines that went or came are not looked for: it is another text then, and time grows with the square of their number. Two texts that
 * have nothing in common take 0.2 s until that is known (two busy cores).
 */
const mostEdits = 1000;

/**
 * Which line of one text is which of another one: all lines of both, in the order of both, with the fewest that went or came. Where as many
 * lines came as went they are taken for the same lines, changed. Undefined where too much differs.
 *
 * Example: of lines "a b c d" that became "x a B c", x is new, a moved (1 to 2), b changed (2 to 3), c moved (3 to 4) and d is gone.
 */
export function alignLines(before: readonly string[], after: readonly string[]): readonly AlignedLine[] | undefined {
  // What both end with is known at once, and counts for nothing then.
  let ending = 0;
  const most = Math.min(before.length, after.length);
  while (ending < most && before.at(-1 - ending) === after.at(-1 - ending)) ending++;
  const edits = diffArrays(before.slice(0, before.length - ending), after.slice(0, after.length - ending), {
    maxEditLength: mostEdits,
  });
  if (edits === undefined) return undefined;
  const aligned: AlignedLine[] = [];
  let [old, own] = [0, 0];
  let [gone, come] = [0, 0];
  const settle = (): void => {
    const changed = gone === come ? gone : 0;
    for (let line = 0; line < changed; line++) aligned.push({ before: ++old, after: ++own, changed: true });
    for (let line = changed; line < gone; line++) aligned.push({ before: ++old, after: 0, changed: false });
    for (let line = changed; line < come; line++) aligned.push({ before: 0, after: ++own, changed: false });
    [gone, come] = [0, 0];
  };
  const keep = (count: number): void => {
    settle();
    for (let line = 0; line < count; line++) aligned.push({ before: ++old, after: ++own, changed: false });
  };
  for (const { removed, added, count } of edits) {
    if (removed) gone += count;
    else if (added) come += count;
    else keep(count);
  }
  keep(ending);
  return aligned;
}

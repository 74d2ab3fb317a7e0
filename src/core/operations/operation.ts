import type { FrameKind } from '../flame/frame-kinds.js';
import type { TimeSpan } from '../profile/sample-times.js';

/**
 * A frame as a view names it: what stands in `names` and `files` of its NamesPiece. Functions of one name in two files are two.
 * Names survive where node indices do not: in a live view, whose nodes change with each window, and in a snapshot.
 */
export interface FrameKey {
  readonly name: string;
  /** Source file or, where that is not known, the library's path; "" when neither is. */
  readonly file: string;
}

/**
 * Which frames an operation speaks of.
 *
 * 'path' is one place: the frames from the outermost on, as they are when the operation's turn comes. Operations before it in the
 * list count; those behind it do not. 'package' and 'kind' are those of `NamesPiece`; 'library' and 'file' are whole paths.
 * 'interpreter' are the native frames of a language's runtime itself (libpython, node, libjvm, ...). 'pattern' is a regular
 * expression of RE2's syntax, looked for anywhere in the name, or the function's where a frame is a line of it; capital letters count, unless it
 * begins with (?i).
 */
export type FrameSet =
  | ({ readonly by: 'function' } & FrameKey)
  | { readonly by: 'path'; readonly path: readonly FrameKey[] }
  | { readonly by: 'file' | 'library' | 'package'; readonly name: string }
  | { readonly by: 'kind'; readonly kind: FrameKind }
  | { readonly by: 'interpreter' }
  | { readonly by: 'pattern'; readonly pattern: string };

/**
 * A label of samples as a view names it. `value` is its text, or its number in decimal digits; `unit` is the number's, "" where there is
 * none.
 */
export interface LabelKey {
  readonly key: string;
  readonly value: string;
  readonly unit: string;
}

/** What frames can be grouped by. */
export type GroupBy = 'line' | 'file' | 'package' | 'library' | 'kind';

/**
 * One step of what is done to a profile before it is shown. A list of operations is applied in its order, each to what the one
 * before it made. This is the specification; `rewrite.ts` and `src/native/rewrite.cc`
 * do the same to call trees.
 *
 * An operation rewrites every stack by itself, root first, or leaves it out; stacks that became equal are then added up. So a
 * value is never counted twice, and only the operations that leave stacks or samples out (keep, drop, focus, keep-label, drop-label, keep-times)
 * change the total.
 *
 * In the pictures a column is a stack, its count above, its root on top; M marks the frames of the set {m}.
 *
 * **keep** stacks in which a frame of the set is; **drop** them. What is kept stays as it is.
 *
 *     3 2 1     keep {m}: 3 2     drop {m}: 1
 *     a a a               a a               a
 *     M b c               M b               c
 *     d M                 d M
 *
 * **focus**: what is above the outermost frame of the set is cut off; stacks without one are left out.
 *
 *     3 2 1 4   focus {m}: 5 4
 *     a a a M              M M
 *     M b c e              d e
 *     d M                    M
 *       d     M
 *
 * **hide**: frames of the set are taken out; their callers keep the cost.
 *
 *     3 2 1     hide {m}: 5 1
 *     a a a               a a
 *     M d c               d c
 *     d
 *
 * **merge**: what a frame of the set calls becomes its own cost.
 *
 *     3 2 1     merge {m}: 5 1
 *     a a a                a a
 *     M M c                M c
 *     d e
 *
 * **collapse**: frames of the set that follow each other become one, named after the set, "[m]".
 *
 *     3 2 1     collapse {m, n}: 5   1
 *     a a a                      a   a
 *     M N c                      [m] c
 *     N d                        d
 *     d
 *
 * **collapse-recursion**, 'direct': a frame of the set that calls itself at once becomes one frame. 'whole': also over others
 * in between, which are taken out: the outermost frame of a function stays, and under it what its innermost one calls; from the
 * root on, where two recursions cross. Without a set, all functions.
 *
 *     3 2     direct: 3 2     whole {m}: 5
 *     M M             M M                M
 *     M d             e d                e
 *     e M               M
 *       e               e
 *
 * **invert**: stacks stand on their heads, so that the functions that took the time are outermost and their callers below.
 *
 *     3 2     invert: 5   with self 0 at d
 *     a b             d
 *     d d             a b (3 and 2)
 *
 * **group**: each frame is replaced by its file, package, library or kind; equal ones that follow each other become one.
 * 'line' is no step but a finer grain from the beginning on, wherever it stands in the list: frames are told apart by source
 * line and named "function:line"; sets and recursion still go by function.
 *
 *     3   2     group package, m and n of p: 5
 *     m   n                                  p
 *     n                                      q (3)
 *     q
 *
 * **keep-label** what was measured with a label, a thread's say; **drop-label** that. Samples are left out here and not stacks: of one
 * stack a part may stay. That is no step either but a choice of samples from the beginning on, wherever it stands in the list.
 *
 * **keep-times** what was measured in some spans of time; of samples that do not say when they were taken nothing. As above.
 */
export type Operation =
  | {
      readonly kind: 'keep' | 'drop' | 'focus' | 'hide' | 'merge' | 'collapse';
      readonly frames: FrameSet;
    }
  | { readonly kind: 'collapse-recursion'; readonly reach: 'direct' | 'whole'; readonly frames?: FrameSet }
  | { readonly kind: 'keep-label' | 'drop-label'; readonly label: LabelKey }
  | { readonly kind: 'keep-times'; readonly spans: readonly TimeSpan[] }
  | { readonly kind: 'invert' }
  | { readonly kind: 'group'; readonly by: GroupBy };

/** Whether an operation chooses samples, before anything is done to their stacks. */
export function choosesSamples({ kind }: Operation): boolean {
  return kind === 'keep-label' || kind === 'drop-label' || kind === 'keep-times';
}

/**
 * Sandwich, lower half: what a set of frames calls, from its outermost frame on. Its total is the set's.
 */
export function calleesOf(frames: FrameSet): readonly Operation[] {
  return [{ kind: 'focus', frames }];
}

/**
 * Sandwich, upper half: who calls a set of frames, callers below it. Recursion counts once, by the outermost frame, so the total is
 * that of {@link calleesOf}.
 *
 *     3 2     callers of {m}: 5 (M)
 *     a M                     a (3)
 *     M d
 */
export function callersOf(frames: FrameSet): readonly Operation[] {
  return [{ kind: 'merge', frames }, { kind: 'keep', frames }, { kind: 'invert' }];
}

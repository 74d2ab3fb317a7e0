/** "{3}", "{3,}" or "{3,8}" behind what is repeated. */
const repetition = /\{(\d{1,4})(?:,(\d{0,4}))?\}/y;

/** A pattern that was typed, or came with a link, or a snapshot: a larger one takes seconds, and gigabytes, before it looks at anything. */
const largestPattern = 10_000;

/** Whether a pattern repeats so much that it is not compiled; RE2 does not refuse it by itself. */
export function repeatsTooMuch(pattern: string): boolean {
  return patternSize(pattern) > largestPattern;
}

/**
 * About how many steps RE2 makes of a pattern, never far too few: what is repeated so often stands there so often. RE2 bounds what lies
 * within another repetition (1,000 times), but neither how many stand beside each other nor how much is repeated, and its time and
 * memory grow with both.
 *
 * Example: `v[0-9]{3}` has 4, `(ab|c){100}` about 600.
 */
export function patternSize(pattern: string): number {
  /** By group that is open, how large it is until here. */
  const open = [0];
  let last = 0;
  const add = (size: number): void => {
    open.push((open.pop() ?? 0) + size);
  };
  for (let at = 0; at < pattern.length; at++) {
    const sign = pattern[at];
    repetition.lastIndex = at;
    const times = sign === '{' ? repetition.exec(pattern) : null;
    if (times !== null) {
      const [whole, least = '', most] = times;
      add(last * (Math.max(Number(least) + 1, Number(most ?? 0)) - 1));
      last *= Math.max(Number(least) + 1, Number(most ?? 0));
      at += whole.length - 1;
      continue;
    }
    if (sign === '\\' && pattern[at + 1] === 'Q') {
      // Quoted text stands for itself. What repeats behind it repeats its last sign. Within a class it is none, and refused.
      const end = pattern.indexOf('\\E', at + 2);
      const quoted = (end < 0 ? pattern.length : end) - (at + 2);
      if (quoted > 0) last = 1;
      add(quoted);
      at = end < 0 ? pattern.length : end + 1;
      continue;
    }
    if (sign === '(') {
      open.push(0);
      last = 0;
      continue;
    }
    last = sign === ')' && open.length > 1 ? (open.pop() ?? 0) + 2 : 1;
    add(last);
    if (sign === '\\') at++;
    if (sign === '[') at = endOfClass(pattern, at);
  }
  return open.reduce((sum, size) => sum + size, 0);
}

/** Ends too early where a class holds its own end: then it counts for more. */
function endOfClass(pattern: string, start: number): number {
  let at = start + 1;
  while (at < pattern.length && pattern[at] !== ']') at += pattern[at] === '\\' ? 2 : 1;
  return at;
}

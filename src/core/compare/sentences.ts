import { formatShare, formatSignedShare, formatValue, plural } from '../words/numbers.js';

/** A change with its 95 % interval, in values of a unit; `before` is scaled to be comparable. */
export interface ChangeNumbers {
  readonly before: number;
  readonly after: number;
  /** The interval of after - before is +- margin. */
  readonly margin: number;
}

/** What kind of change it is: what has no value on one side is new or gone. */
export type ChangeKind = 'new' | 'gone' | 'slower' | 'faster' | 'same';

/** Tells the kind of a change. */
export function changeKind({ before, after }: Pick<ChangeNumbers, 'before' | 'after'>): ChangeKind {
  if (after > before) return before > 0 ? 'slower' : 'new';
  if (after < before) return after > 0 ? 'faster' : 'gone';
  return 'same';
}

/** How much a change is, short: "+31.0 %", "new", "gone". */
export function changeAmount(change: Pick<ChangeNumbers, 'before' | 'after'>): string {
  const kind = changeKind(change);
  if (kind === 'new' || kind === 'gone') return kind;
  return formatSignedShare(change.before > 0 ? change.after / change.before - 1 : 0);
}

/** What changed, as people say it: "render takes 31.0 % more". `whole` are the totals of both sides. */
export function changeSentence(
  name: string,
  change: ChangeNumbers,
  unit: string,
  whole: { readonly before: number; readonly after: number },
): string {
  const { before, after } = change;
  const part = (value: number, of: number): string =>
    of > 0 ? `${formatValue(value, unit)}, ${formatShare(value / of)} of all` : formatValue(value, unit);
  switch (changeKind(change)) {
    case 'new':
      return `${name} is new: ${part(after, whole.after)}`;
    case 'gone':
      return `${name} is gone: it took ${part(before, whole.before)}`;
    case 'slower':
      return after >= 2 * before
        ? `${name} takes ${(after / before).toPrecision(2)} times as much`
        : `${name} takes ${formatShare(after / before - 1)} more`;
    case 'faster':
      return `${name} takes ${formatShare(1 - after / before)} less`;
    case 'same':
      return `${name} takes as much as before`;
  }
}

/** The 95 % interval: relative to before where there is one and it says something, otherwise in the unit. */
export function intervalWords({ before, after, margin }: ChangeNumbers, unit: string): string {
  const difference = after - before;
  const [low, high] = [difference - margin, difference + margin];
  if (before > 0 && high < 9 * before) return `${signed(low / before)} to ${signed(high / before)}`;
  return `${signedValue(low, unit)} to ${signedValue(high, unit)}`;
}

/** Never less than nothing is left of anything. */
function signed(change: number): string {
  return formatSignedShare(Math.max(-1, change));
}

function signedValue(value: number, unit: string): string {
  if (value === 0) return formatValue(0, unit);
  return `${value > 0 ? '+' : '−'}${formatValue(Math.abs(value), unit)}`;
}

/** What a comparison rests on. */
export interface Evidence {
  readonly windows: readonly [number, number];
  readonly abstained?: 'few-windows' | 'autocorrelated';
  readonly overlapping?: readonly [number, number];
  readonly effectiveWindows: readonly [number, number];
  readonly autocorrelation: number;
  readonly smallestShare: number;
  readonly secondsToSeeOnePercent: number;
}

/** Why nothing is called certain, and what would help; undefined when something could be. */
export function abstainedWords(evidence: Evidence, scaling?: string): string | undefined {
  const { windows, abstained, effectiveWindows, autocorrelation, secondsToSeeOnePercent } = evidence;
  if (abstained === undefined) return undefined;
  const empty = windows.findIndex((count) => count === 0);
  if (empty >= 0) return `Side ${'AB'[empty] ?? ''} has no window, so there is nothing to judge by.`;
  const more = minutesWords(secondsToSeeOnePercent);
  const help = more === undefined ? '' : ` About ${more} more on each side would help.`;
  if (abstained === 'few-windows') {
    return `${windows[0]} + ${windows[1]} windows: fewer than 8 on a side cannot tell a change from chance, so nothing is called certain.${help}`;
  }
  const fewest = Math.min(...effectiveWindows);
  return (
    `Neighbouring windows are alike (correlation ${autocorrelation.toFixed(1)}): they tell as much as ${plural(Math.round(fewest), 'independent one', 'independent ones')}, ` +
    `and 8 are needed to call anything certain.${scaling === 'absolute' ? ' Compared relative, a load that wanders is no noise.' : help}`
  );
}

/** What windows that overlap mean; undefined where none do. */
export function overlapWords({ overlapping }: Pick<Evidence, 'overlapping'>): string | undefined {
  if (overlapping === undefined) return undefined;
  const sides = overlapping.flatMap((count, side) =>
    count === 0 ? [] : [`${count} of ${'AB'[side] ?? ''} ${count === 1 ? 'begins' : 'begin'}`],
  );
  return `Windows overlap in time, as where a clock was set back: ${sides.join(' and ')} before the one before has ended. All of them count.`;
}

/** How small a change these data could have shown, and what would show more. */
export function outlookWords({ smallestShare, secondsToSeeOnePercent }: Evidence): string {
  const smallest = `Smallest change these data show: ${formatShare(smallestShare)} of all.`;
  if (smallestShare <= 0.01) return smallest;
  const more = minutesWords(secondsToSeeOnePercent);
  return more === undefined ? smallest : `${smallest} Need about ${more} more on each side to see 1 %.`;
}

/** Whether earlier pairs were judged by, and what they say; `pairs` is how many there are. */
export function historyWords(
  history:
    | { readonly used: true; readonly pairs: number; readonly widening: number }
    | { readonly used: false; readonly why: 'few-pairs' | 'work'; readonly pairs: number },
): string {
  if (history.used) {
    const judged = `Judged against ${history.pairs} earlier pairs of ranges as long as these`;
    return history.widening < 1.05
      ? `${judged}: they differ no more than windows say.`
      : `${judged}: they differ more than windows say, so intervals are ${history.widening.toFixed(1)} times as wide.`;
  }
  if (history.why === 'work') return 'Not judged against earlier pairs: nobody counted their work.';
  const there =
    history.pairs === 0 ? 'there is none' : history.pairs === 1 ? 'there is 1' : `there are ${history.pairs}`;
  return `Not judged against earlier pairs: ${there} as long and as busy before both sides, and 20 are needed.`;
}

/** "6 minutes", "3 hours"; undefined where no time would be enough, or none is needed. */
export function minutesWords(seconds: number): string | undefined {
  if (seconds <= 0 || seconds > longestSeconds) return undefined;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? plural(minutes, 'minute', 'minutes') : plural(Math.ceil(minutes / 60), 'hour', 'hours');
}

/** Beyond a week nobody waits. */
const longestSeconds = 7 * 86_400;

/** How the sides were made comparable, and why. `type` is the sample type's: "cpu", "inuse_space". */
export function scalingWords(
  { by, load }: { readonly by: string; readonly load?: number },
  chosen: boolean,
  type: string,
): string {
  const differs = load === undefined ? '' : loadWords(load);
  switch (by) {
    case 'relative':
      return chosen && differs !== ''
        ? `Relative to what did not move, because ${differs}`
        : `Relative to what did not move${differs === '' ? '' : `: ${differs}`}`;
    case 'work':
      return 'Per unit of work';
    default: {
      const absolute = `Absolute, ${type === 'cpu' ? 'CPU time' : type.replaceAll('_', ' ')} a second`;
      return chosen && load !== undefined ? `${absolute}: ${differs}` : absolute;
    }
  }
}

function loadWords(load: number): string {
  const change = load >= 1 ? load - 1 : 1 / load - 1;
  if (change < 0.01) return 'the load is the same';
  return `the load differs by ${formatShare(change)}`;
}

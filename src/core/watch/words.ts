import { formatCores, formatShare } from '../words/numbers.js';
import type { WatchVerdict } from './watcher.js';

/** What of a rule is said. Names as they came. */
export interface WatchedThing {
  /** "" for all services. */
  readonly service: string;
  readonly function?: { readonly name: string };
  readonly measure: 'share' | 'cores';
  readonly most: number;
}

/** "hash_cart in web", "web", "all services". */
export function watchedName({ service, function: of }: WatchedThing): string {
  const where = service === '' ? 'all services' : service;
  return of === undefined ? where : `${of.name} in ${where}`;
}

/** A value of a rule with its unit: "5.0 %", "0.50 cores". */
export function watchedValue({ measure }: Pick<WatchedThing, 'measure'>, value: number): string {
  return measure === 'share' ? formatShare(value) : `${formatCores(value)} cores`;
}

/** "stays below 5.0 %", "uses at most 0.50 cores". */
export function ruleWords(rule: WatchedThing): string {
  return `${rule.measure === 'share' ? 'stays below' : 'uses at most'} ${watchedValue(rule, rule.most)}`;
}

/** What was measured, with the interval that holds at every look: "6.2 % (5.4 % to 7.0 %)"; "" while waiting. */
export function measuredWords(rule: WatchedThing, { measured }: WatchVerdict): string {
  if (measured === undefined) return '';
  const say = (value: number): string => watchedValue(rule, value);
  return `${say(measured.mean)} (${say(measured.low)} to ${say(measured.high)})`;
}

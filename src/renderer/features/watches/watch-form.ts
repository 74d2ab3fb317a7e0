import { mostWatched } from '../../../contract/watching.js';

/** What is filled in. */
export interface WatchForm {
  readonly measure: 'share' | 'cores';
  /** As typed: percent, or cores. */
  readonly threshold: string;
}

/** The threshold that was typed, or what is wrong with it: "5", "5 %" and "0,5" are understood. */
export function thresholdOf({ measure, threshold }: WatchForm): { readonly most: number } | { readonly error: string } {
  const text = threshold
    .replaceAll(/\s/g, '')
    .replace(/%$|cores?$/, '')
    .replace(',', '.');
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value > 0)) return { error: 'A number above 0, such as 5.' };
  if (measure === 'cores') return value <= 1e6 ? { most: value } : { error: 'No machine has so many cores.' };
  if (value < 0.0001) return { error: 'No samples tell so small a share.' };
  return value < 100 ? { most: value / 100 } : { error: 'Less than 100 %: it is a share of all.' };
}

/** Why no more can be watched; undefined while more can. */
export function fullWords(watched: number): string | undefined {
  return watched < mostWatched ? undefined : `${mostWatched} is as many as can be watched: remove some first.`;
}

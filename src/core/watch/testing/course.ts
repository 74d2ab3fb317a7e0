import {
  makeWindows,
  functionCount,
  randomFrom,
  zipfShares,
  type Weather,
} from '../../../../bench/certainty/windows.js';
import { Watcher, type WatchQuestion, type WatchVerdict } from '../watcher.js';
import type { WatchWindow } from '../series.js';

/** Windows of a made-up service, as `npm run bench -- certainty` has them: a window's count of each function, and of all. */
export interface Course {
  readonly windowsOf: (place: number) => readonly WatchWindow[];
}

export const windowMs = 15_000;

/** Makes windows: `before` of them with the shares of Zipf's law, then `after` in which `place` has `points` more. */
export function makeCourse(
  seed: number,
  weather: Weather,
  before: number,
  after: number,
  change: { readonly place: number; readonly points: number } = { place: -1, points: 0 },
): Course {
  const random = randomFrom(seed);
  const base = zipfShares();
  const { counts } = makeWindows(base, before + after, weather, random);
  if (change.place >= 0) {
    // The same weather over a larger share: what counting adds is drawn anew.
    const planted = base.map((share, index) => (index === change.place ? share + change.points : 0));
    const larger = makeWindows(planted, before + after, weather, random).counts;
    for (let window = before; window < before + after; window++) {
      const at = window * functionCount + change.place;
      counts[at] = larger[at] ?? 0;
    }
  }
  const totals = Array.from({ length: before + after }, (_, window) =>
    counts.subarray(window * functionCount, (window + 1) * functionCount).reduce((sum, count) => sum + count, 0),
  );
  return {
    windowsOf: (place) =>
      totals.map((exposure, window) => ({
        startMs: window * windowMs,
        endMs: (window + 1) * windowMs,
        count: counts[window * functionCount + place] ?? 0,
        exposure,
      })),
  };
}

/** What a watcher says after each window, from the first that is judged on. */
export function verdicts(
  windows: readonly WatchWindow[],
  question: WatchQuestion,
  error = 0.05,
): readonly WatchVerdict[] {
  const watcher = new Watcher(question);
  const said: WatchVerdict[] = [];
  for (const window of windows) {
    watcher.add(window, error);
    if (window.startMs >= question.beganMs) said.push(watcher.verdict);
  }
  return said;
}
